"""Writes into docs/guide-coverage.md what each command in it says: `python -m tools.guide_page`, on an empty twin.

Every line that begins with `$ ` in a console block is typed in a shell, in the order of the page, and what stood below
it is replaced. `tests/deployed/test_guide.py` compares the page with what the commands say since.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "guide-coverage.md"
# What is longer is shown by its beginning and its end, and a line by its beginning.
_FIRST, _LAST, _WIDEST = 10, 5, 120
# `make` tells the code itself, and then says in words of its own that it was not 0; a twin that is up is no news.
_NOT_SHOWN = ("make: *** ", "twin: ", "twin local is up")
# What a family came to.
_PASSED = re.compile(r"  [a-z]+ +\d+ pass")
# So that there is something to send, and something to go back to, when the page comes to it.
_ANOTHER = ("--only", "frontend", "--release", "2b" * 20)
_BEFORE = {"make deploy-frontend": _ANOTHER, "make releases": _ANOTHER}


def main() -> int:
    """0, or the code of the first command whose code is not the one that the page had."""
    text, failed = PAGE.read_text("utf-8"), 0
    for command, before in re.findall(r"^\$ (.+)\n((?:(?!\$ |```).*\n)*)", text, re.MULTILINE):
        if more := _BEFORE.get(command):
            deploy = [sys.executable, "-m", "khaya_infra.deploy", "--target", "local", *more]
            subprocess.run([sys.executable, "-m", "checks", "twin", "run", "--", *deploy], check=True, cwd=ROOT)
        code, said = _typed(command)
        print(f"{code:>3}  {command}", flush=True)
        expected = re.search(r"^exit (\d+)$", before, re.MULTILINE)
        failed = failed or (code if expected and int(expected[1]) != code else 0)
        text = text.replace(f"$ {command}\n{before}", f"$ {command}\n{said}", 1)
    PAGE.write_text(text, encoding="utf-8")
    return failed


def _typed(command: str) -> tuple[int, str]:
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "MAKEFLAGS": "-s"}
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} 2>&1"], cwd=ROOT, env=environ, check=False, text=True, stdout=subprocess.PIPE
    )
    said = done.stdout.replace(environ.get("TWIN_HOME", ".twin"), ".twin").replace(f"{ROOT}/", "").splitlines()
    lines = [_cut(line.rstrip()) for line in said if not line.startswith(_NOT_SHOWN)]
    told = next((int(line.split()[1]) for line in lines if re.fullmatch(r"exit \d+", line)), None)
    code = done.returncode if told is None else told
    lines = [*(line for line in lines if not re.fullmatch(r"exit \d+", line)), f"exit {code}"]
    if len(lines) > _FIRST + _LAST + 1:
        lines = [*lines[:_FIRST], "…", *lines[-_LAST:]]
    return code, "".join(f"{line}\n" for line in lines)


def _cut(line: str) -> str:
    """A line, or as many whole words of it as there is room for; how much passed at the second look is no news."""
    if found := _PASSED.match(line):
        return f"{found[0]} …"
    return line if len(line) <= _WIDEST else f"{line[:_WIDEST].rpartition(' ')[0].rstrip()} …"


if __name__ == "__main__":
    sys.exit(main())
