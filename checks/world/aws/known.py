"""What AWS's SDK has to know of AWS to ask what is asked here: descriptions that are cut down to that.

The descriptions that botocore ships hold every operation of every service with its documentation, and a table of every
address. Reading those of two dozen services takes longer than all else that a run does before its first question, so
this package brings its own, cut from botocore's; a test holds them against the installed ones. What is not among them,
the services that people sign in with for one, comes from botocore as ever.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent / "models"


class _Services:
    """The names of those that are described here, and behind them all of botocore's.

    To know the latter botocore looks into four hundred folders, once for each kind of description.
    """

    def __init__(self, own: frozenset[str], others: Callable[[], list[str]]) -> None:
        self._own = own
        self._others = others

    def __contains__(self, name: str) -> bool:
        return name in self._own or name in self._others()

    def __iter__(self) -> Iterator[str]:
        return iter(self._others())


class _Texts:
    """Reads uncompressed JSON as it is, and leaves all else to botocore's own reader, which rebuilds each object."""

    def __init__(self, others: Any) -> None:  # noqa: ANN401 - botocore's file loader
        self._others = others

    def exists(self, file_path: str) -> bool:
        return bool(self._others.exists(file_path))

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 - any JSON value
        try:
            text = Path(f"{file_path}.json").read_bytes()
        except OSError:
            return self._others.load_file(file_path)
        return json.loads(text)


def known_loader(data_path: str) -> Any:  # noqa: ANN401 - a botocore loader
    """A loader that looks here first, then where *data_path* leads, then into botocore."""
    from botocore.loaders import create_loader

    loader: Any = create_loader(os.pathsep.join(filter(None, (str(MODELS), data_path))))
    if not MODELS.is_dir():
        return loader
    own = frozenset(each.name for each in MODELS.iterdir() if each.is_dir())
    every, builtin = loader.list_available_services, loader.is_builtin_path
    loader.file_loader = _Texts(loader.file_loader)
    loader.list_available_services = lambda type_name: _Services(own, lambda: every(type_name))
    # With addresses of anybody else botocore would leave its rules for them aside.
    loader.is_builtin_path = lambda path: builtin(path) or str(path).startswith(f"{MODELS}{os.sep}")
    return loader
