"""What recovers again and again: once is a lost packet, three times of seven is a fault that nobody sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

# Of the last seven runs, this one included.
RUNS, OFTEN = 7, 3

Past = tuple[tuple[str, int], ...]


def recovered_before(documents: Iterable[Mapping[str, Any]], target: str) -> Past:
    """In how many of the runs before this one each check recovered: of the last six whole ones of *target*.

    Documents of other targets and of parts of a plan are passed over, the same run counts once.
    """
    whole = {each["run_id"]: each for each in documents if each["target"] == target and each["selection"] is None}
    last = sorted(whole.values(), key=lambda each: str(each["finished"]))[1 - RUNS :]
    many = Counter(result["name"] for each in last for result in each["results"] if result["recovered"])
    return tuple(sorted(many.items()))
