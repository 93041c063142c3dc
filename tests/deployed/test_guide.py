"""The guide's commands on the twin: what docs/guide-coverage.md shows is what they still say, line by line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.deployed.conftest import ROOT, House, serving
from tests.deployed.desk import Desk, at

# Twenty commands of a person, three minutes of them.
pytestmark = [pytest.mark.twin, pytest.mark.long]

PAGE = (ROOT / "docs" / "guide-coverage.md").read_text("utf-8")
LEFT_OUT = "…"
# Ids, names, hashes, moments, durations and counts: words with a figure in them, and ids that happen to have none.
_VARIES = re.compile(r"[^\s,;()]*(?:\d|[A-Z]{8,})[^\s,;()]*")
_MAKE = re.compile(r"make ([a-z-]+)((?: [A-Z_]+=\S+)*)")


@dataclass(frozen=True)
class Shown:
    """A command of the page, and the lines that it is shown to say."""

    command: str
    lines: tuple[str, ...]


def shown() -> tuple[Shown, ...]:
    """Every command of the page's console blocks, in order."""
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return tuple(Shown(command=part.splitlines()[0], lines=tuple(part.splitlines()[1:])) for part in parts)


def shape(line: str) -> str:
    """A line without what is another one each time."""
    return " ".join(_VARIES.sub("#", line).split())


def unsaid(wanted: tuple[str, ...], said: str) -> list[str]:
    """The lines that were not said in this order; one that ends in the mark of an omission is a beginning."""
    left, missing = [shape(line) for line in said.splitlines()], []
    for line in wanted:
        if line.strip() == LEFT_OUT or line.startswith("exit "):
            continue
        begins, whole = line.endswith(LEFT_OUT), shape(line.removesuffix(LEFT_OUT).rstrip())
        fits = (at for at, each in enumerate(left) if (each.startswith(whole) if begins else each == whole))
        found = next(fits, None)
        if found is None:
            missing.append(line)
        else:
            del left[: found + 1]
    return missing


def words_of(command: str, release: str) -> tuple[str, ...]:
    """What `make` runs for a command, as the arguments of Python: words given as NAME=value become options.

    What is deployed or compared is *release* and not the commit that is checked out, which may be another by now.
    """
    if command.startswith("python -m "):
        return tuple(shlex.split(command)[1:])
    found = _MAKE.fullmatch(command)
    assert found is not None, command
    verb, given = found[1], [each.split("=", 1) for each in found[2].split()]
    if verb.startswith("deploy-"):
        half = verb.removeprefix("deploy-")
        return ("-m", "khaya_infra.deploy", "--target", "local", "--only", half, "--release", release)
    options = [
        word
        for name, value in given
        for word in ((f"--{name.lower().replace('_', '-')}",) + (() if value == "yes" else (value,)))
    ]
    options += ["--release", release] if verb == "changes" else []
    return ("-m", "khaya_infra.operate", verb, "--target", "local", *options)


@pytest.fixture(scope="module")
def desk(house: House) -> Iterator[Desk]:
    """Where they are typed. A table that a restore of the page made is taken away afterwards."""
    dynamodb, before = house.aws("dynamodb"), set(house.aws("dynamodb").list_tables()["TableNames"])
    with at(house.home) as made:
        yield made
    for name in set(dynamodb.list_tables()["TableNames"]) - before:
        dynamodb.delete_table(TableName=name)


@pytest.fixture(scope="module")
def release(house: House, desk: Desk) -> str:
    """The release that is live; with a site of another one deployed after it, so that there is one to go back to."""
    _, live = serving(house)
    code, said = desk.deploy("2b" * 20, "--only", "frontend")
    assert 0 == code, said
    return live


def test_the_first_deploy_said_what_the_page_shows(house: House) -> None:
    """The guide's eight steps, in their order."""
    (deploy,) = [each for each in shown() if each.command == "make deploy VERIFY=no"]

    assert 8 == sum(re.match(r"\d/8 ", line) is not None for line in deploy.lines)
    assert [] == unsaid(deploy.lines, house.said)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    "each",
    [pytest.param(each, id=each.command) for each in shown() if each.command != "make deploy VERIFY=no"],
)
def test_a_command_says_what_the_page_shows(house: House, desk: Desk, release: str, each: Shown) -> None:
    """Every line of it, and the same exit code."""
    command = desk.start(*words_of(each.command, release))
    out, err = command.communicate(timeout=240)

    (expected,) = [int(line.split()[1]) for line in each.lines if line.startswith("exit ")]
    assert expected == command.returncode, out + err
    assert [] == unsaid(each.lines, (out + err).replace(str(house.home), ".twin")), out + err


def test_another_line_would_be_noticed() -> None:
    """The failing twin: words count, figures do not."""
    said = "3 items written\ns3://one/two-1/manifest.json\n"

    assert [] == unsaid(("12 items written", LEFT_OUT, "exit 0"), said)
    assert ["3 items lost"] == unsaid(("3 items lost",), said)
    assert ["9 items written"] == unsaid(("s3://x/y-9/manifest.json", "9 items written"), said)
    assert [] == unsaid(("3 items wr…",), said)
