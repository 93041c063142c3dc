"""The whole history holds no secret; what looks like one was looked at, and the search finds what it should."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import secret_search
from tools.secret_search import HARMLESS, Find, is_harmless, search


def git(place: Path, *words: str) -> None:
    """One git command in a repository of the test's own."""
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    subprocess.run(["git", *who, *words], cwd=place, check=True, capture_output=True)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A repository in which a key was committed, and deleted again."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "keys.txt").write_text("first line\nid = AKIA" + "QYLPMN5HHHFPZAM2\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Add")
    git(tmp_path, "rm", "--quiet", "keys.txt")
    git(tmp_path, "commit", "--quiet", "--message", "Remove")
    return tmp_path


def test_what_was_deleted_is_found_still(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deleted key is in every clone; the line is told, the key is not."""
    (found,) = search(history)
    monkeypatch.setattr(secret_search, "ROOT", history)

    assert ("keys.txt", 2, "AWS Access Key") == (found.path, found.line, found.kind)
    assert found.text not in found.told()
    assert 1 == secret_search.main()


def test_without_a_history_nothing_is_said_to_be_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """69: could not look is not a pass."""
    monkeypatch.setattr(secret_search, "ROOT", tmp_path)

    assert 69 == secret_search.main()


def test_what_is_harmless_is_so_in_its_place_alone() -> None:
    """The same words elsewhere are looked at again."""
    find = Find(path="tests/world/test_tls.py", blob="0" * 40, line=1, kind="Private Key", text="BEGIN PRIVATE KEY")
    elsewhere = Find(path="khaya_api/keyring.py", blob=find.blob, line=1, kind=find.kind, text=find.text)

    assert (True, False) == (is_harmless(find), is_harmless(elsewhere))
    assert all(each.reason for each in HARMLESS)


@pytest.mark.long
def test_the_whole_history_holds_no_secret(root: Path) -> None:
    """Every version of every file; and nobody keeps an excuse that nothing needs."""
    every = list(search(root))

    assert [] == [each.told() for each in every if not is_harmless(each)]
    unused = [each for each in HARMLESS if not any(is_harmless(find) and find.kind == each.kind for find in every)]
    assert [] == unused
