"""Makes .venv ready, with nothing but the system's Python: `python3 -m tools.bootstrap "make test"`.

This file alone must be understood by a Python that is too old, in order to tell it so.
"""

import sys

OLDEST = (3, 11)
CANNOT_START = 69


def main() -> int:
    """Exit code: 0 ready, 69 with one line on stderr when that is impossible, 130 interrupted."""
    if sys.version_info[:2] < OLDEST:
        found, needed = (".".join(map(str, version[:2])) for version in (sys.version_info, OLDEST))
        print(
            f"cannot prepare .venv: {sys.executable} is Python {found}, needed is {needed} or newer;"
            " install one and name it: make PYTHON=/path/to/python3",
            file=sys.stderr,
        )
        return CANNOT_START
    from tools.environment import make_ready

    return make_ready(who=" ".join(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
