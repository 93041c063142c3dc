"""The account of a target, for a workflow: `python -m tools.account prod` prints `account=123456789012`.

The number stands in one place, the target's settings, and is no secret.
"""

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

TARGETS = Path(__file__).resolve().parents[1] / "checks" / "targets"
USAGE = 64


def main(argv: Sequence[str]) -> int:
    """0 and the line, or 64 and why there is none."""
    try:
        (target,) = argv
        account = tomllib.loads((TARGETS / f"{target}.toml").read_text(encoding="utf-8"))["account"]["id"]
    except (ValueError, OSError, KeyError, tomllib.TOMLDecodeError) as error:
        print(f"account: one target of {TARGETS} was expected: {error}", file=sys.stderr)
        return USAGE
    print(f"account={account}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
