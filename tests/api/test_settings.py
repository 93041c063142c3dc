"""The environment: read as it is, and what is amiss is said and not guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from khaya_api.settings import TABLES, read_settings, table_variable
from tests.api.conftest import ENVIRON


def test_a_whole_environment_has_no_problems(tmp_path: Path) -> None:
    """Nothing is missing, and everything is where it belongs."""
    settings = read_settings(ENVIRON, tmp_path / "none.json")

    assert () == settings.problems
    assert {noun: f"Khaya-{noun}" for noun in TABLES} == settings.tables
    assert ("1.2.3", ENVIRON["GIT_SHA"], "test") == (settings.version, settings.git_sha, settings.stage)


@pytest.mark.parametrize(
    "name",
    (
        *map(table_variable, TABLES),
        "STORAGE_BUCKET",
        "USER_POOL_ID",
        "USER_POOL_CLIENT_ID",
        "ALLOWED_ORIGINS",
        "AWS_REGION",
    ),
)
@pytest.mark.parametrize("value", (None, ""))
def test_what_is_missing_is_named(tmp_path: Path, name: str, value: str | None) -> None:
    """E29: an empty variable is as missing as none."""
    environ = {key: text for key, text in {**ENVIRON, name: value}.items() if text is not None}

    assert (name,) == read_settings(environ, tmp_path / "none.json").problems


@pytest.mark.parametrize(
    "origins",
    (
        "*",
        "https://*.khaya.example",
        "khaya.example",
        "https://khaya.example/",
        "http://khaya.example",
        "https://a.b,*",
    ),
)
def test_an_odd_origin_allows_nobody(tmp_path: Path, origins: str) -> None:
    """A16, E03: named, and never stretched to fit."""
    settings = read_settings({**ENVIRON, "ALLOWED_ORIGINS": origins}, tmp_path / "none.json")

    assert ("ALLOWED_ORIGINS",) == settings.problems
    assert not [origin for origin in settings.allowed_origins if origin != "https://a.b"]


def test_origins_are_separated_by_commas(tmp_path: Path) -> None:
    """With or without spaces; a developer's own machine may be one."""
    origins = " https://khaya.example , https://www.khaya.example,http://localhost:5173,"
    settings = read_settings({**ENVIRON, "ALLOWED_ORIGINS": origins}, tmp_path / "none.json")

    assert {"https://khaya.example", "https://www.khaya.example", "http://localhost:5173"} == settings.allowed_origins


def test_the_baked_release_wins(tmp_path: Path) -> None:
    """Pitfall 54: what travels with the code says which code it is."""
    baked = tmp_path / "release.json"
    baked.write_text('{"version": "9.9.9", "git_sha": "feed"}', encoding="utf-8")

    settings = read_settings(ENVIRON, baked)

    assert ("9.9.9", "feed") == (settings.version, settings.git_sha)


@pytest.mark.parametrize("content", ("", "{", "[]", "null", '{"version": 5}', '{"version": ""}', "\xff"))
def test_a_broken_release_file_is_none(tmp_path: Path, content: str) -> None:
    """The environment is believed instead."""
    baked = tmp_path / "release.json"
    baked.write_text(content, encoding="latin-1")

    assert "1.2.3" == read_settings(ENVIRON, baked).version


def test_an_unknown_release_says_so(tmp_path: Path) -> None:
    """Never an invented one."""
    settings = read_settings({}, tmp_path / "none.json")

    assert ("unknown", "unknown", "unknown") == (settings.version, settings.git_sha, settings.stage)
