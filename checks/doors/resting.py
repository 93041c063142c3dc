"""The garbage collector rests while modules, clients and plans are made: nothing of these is garbage.

It would look all of them through again and again, which is a tenth of a start and a third of what clients cost.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_rest(*, for_good: bool = False) -> Iterator[None]:
    """No collections inside; afterwards as it was before.

    With *for_good* what was made is never looked through: for a process that ends with its run.
    """
    worked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if for_good:
            gc.freeze()
        if worked:
            gc.enable()
