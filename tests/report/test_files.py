"""Documents are put whole, and nothing else is harmed by it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from checks.report import files


def test_a_document_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    """In a folder that is made for it, with nothing beside it."""
    for text in ("first", "second"):
        files.put(text, tmp_path / "a" / "run.json")

    assert "second" == (tmp_path / "a" / "run.json").read_text(encoding="utf-8")
    assert ["run.json"] == [each.name for each in (tmp_path / "a").iterdir()]


def test_half_a_document_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full keeps the old document and no part of the new one."""
    files.put("before", tmp_path / "run.json")

    def full(self: Path, _text: str, **_: object) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        files.put("after", tmp_path / "run.json")

    assert ["run.json"] == [each.name for each in tmp_path.iterdir()]
    assert "before" == (tmp_path / "run.json").read_text(encoding="utf-8")


def test_what_is_no_file_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    """A pipe somebody reads from; the same holds for a device, which a file in its place would take from everybody."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        files.put("told", pipe)
        assert b"told" == os.read(reader, 100)
    finally:
        os.close(reader)

    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert ["pipe"] == [each.name for each in tmp_path.iterdir()]


def test_a_link_is_followed(tmp_path: Path) -> None:
    """``latest.json`` goes on pointing where it pointed."""
    (tmp_path / "real.json").touch()
    (tmp_path / "latest.json").symlink_to("real.json")

    files.put("text", tmp_path / "latest.json")

    assert (tmp_path / "latest.json").is_symlink()
    assert "text" == (tmp_path / "real.json").read_text(encoding="utf-8")
