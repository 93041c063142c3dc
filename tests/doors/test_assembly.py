"""What every door needs before it can run."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checks import twin
from checks.doors import assembly, outcomes, sharing
from checks.doors.cli import code_of
from checks.model import CannotLook, Place
from checks.plan import PlanError
from checks.promises import api
from checks.run import Run, exit_code
from checks.target import Settings, parse, read
from checks.world import trust
from checks.world.pretend import pretend_world
from checks.world.real import RealWorld
from tests.doors import scene

SITE = """
schema = 1
[account]
id = "111122223333"
[[stack]]
name = "Main"
region = "eu-west-1"
"""
WISHES = assembly.Wishes(door="cli")


@pytest.fixture
def settings(here: Path) -> Settings:
    """Those of the small deployment."""
    return read(here / "here.toml")


def _prepared(settings: Settings) -> assembly.Ready:
    return assembly.prepare(settings, assembly.connect(settings))


@pytest.mark.parametrize(
    ("more", "anchor"),
    (
        pytest.param("", "https://dynamodb.eu-west-1.amazonaws.com/ping", id="the region of the stack"),
        pytest.param(
            "[network]\nresolver = '127.0.0.1:5300'\n[vantage]\ncli = ['ipv6']", "https://dynamodb.eu", id="seen"
        ),
    ),
)
def test_aws_is_reached_without_asking_anything_yet(more: str, anchor: str) -> None:
    """Nothing is looked up before the looks begin."""
    reach = assembly.connect(parse(SITE + more, name="s", source="s.toml"))

    assert isinstance(reach.world, RealWorld)
    assert reach.world.anchor.startswith(anchor)
    assert 0 == reach.calls()


def test_a_target_of_a_site_alone_has_an_anchor_too() -> None:
    """Without a stack there is no region to take it from."""
    reach = assembly.connect(parse("schema = 1\n[site]\ndomain = 'shop.test'", name="s", source="s.toml"))

    assert "https://dynamodb.us-east-1.amazonaws.com/ping" == reach.world.anchor


def test_authorities_that_are_not_there_are_a_mistake_in_the_settings(tmp_path: Path) -> None:
    """Said at once, with the code for settings."""
    odd = parse(SITE + "[network]\nca_bundle = 'no.pem'", name="s", source="s.toml", folder=tmp_path)

    with pytest.raises(CannotLook, match=r"no\.pem") as told:
        assembly.connect(odd)

    assert 64 == code_of(told.value)


def test_the_twin_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Endpoint, name server, authorities: everything is read from its state, and it is never left."""
    here = SimpleNamespace(
        endpoint="https://127.0.0.1:4566",
        access_key_id="AKIAIOSFODNN7EXAMPLE",
        secret_access_key="s",
        role_arn="",
        dns=("127.0.0.1", 5300),
        connect={},
        ca_bundle=trust.THROWAWAY / "authority.pem",
    )
    monkeypatch.setattr(twin, "read", lambda: here)

    reach = assembly.connect(parse("twin = true\n" + SITE.replace("111122223333", "0" * 12), name="s", source="s.toml"))

    assert "https://127.0.0.1:4566/_ministack/health" == reach.world.anchor
    assert 0 == reach.calls()


def test_who_cannot_be_made_ready_is_asked_all_the_same(settings: Settings) -> None:
    """A profile that does not exist is no reason to look at nothing: every question says so by itself."""

    def unready(_: object) -> None:
        raise CannotLook("no such profile")

    ready = assembly.prepare(settings, assembly.Reach(world=scene.world(), prepare=unready))

    assert len(scene.CHECKS) == len(ready.plan.checks)


def test_a_place_that_cannot_be_written_to_is_no_reason_not_to_verify(settings: Settings, here: Path) -> None:
    """The note of the last plan is for ourselves."""
    (here / ".checks").write_text("a file where the folder would be", encoding="utf-8")

    assert 0 == exit_code(assembly.run(_prepared(settings), WISHES))


@pytest.mark.parametrize("spoil", (False, True), ids=("remembered", "forgotten"))
def test_ids_of_the_last_live_plan_serve_when_the_stacks_cannot_be_read(
    settings: Settings,
    enter: Callable[[str], None],
    here: Path,
    spoil: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """With or without them nothing is planned away, and nothing of AWS is believed."""
    ready = _prepared(settings)
    assembly.write_plan(assembly.accepted_file(settings), assembly.acceptable(ready.plan, owner="o", reason="r"))
    if spoil:
        (here / ".checks" / "here.last.json").write_text("{", encoding="utf-8")
    enter("unread")

    blind = _prepared(settings)
    run = assembly.run(blind, WISHES)

    assert ("accepted", len(scene.CHECKS)) == (blind.plan.source, len(run.results))
    assert {"unknown", "blocked"} == {each.status for each in run.results[1:-1]}


def test_threads_end_with_their_run(settings: Settings) -> None:
    """A process that runs again and again keeps no threads of runs gone by."""
    before = set(threading.enumerate())
    ready = _prepared(settings)
    mine = set(threading.enumerate()) - before
    assembly.run(ready, WISHES)

    for each in mine:
        each.join(10)

    assert 8 == len(mine)
    assert [] == [each for each in mine if each.is_alive()]


@pytest.mark.parametrize("which", ("kept", "broken", "unread"))
def test_what_one_process_prepared_another_can_run(
    settings: Settings, enter: Callable[[str], None], tmp_path: Path, which: str
) -> None:
    """With the same results, and without reading the stacks again."""
    enter(which)
    here = _prepared(settings)
    handed = sharing.Handout(**json.loads(json.dumps(sharing.hand_out(here, tmp_path).as_words())))

    there = sharing.take_up(handed, settings)

    assert (here.plan.digest, here.plan.source, here.notes) == (there.plan.digest, there.plan.source, there.notes)
    first, second = (assembly.run(each, WISHES) for each in (here, there))
    assert [(each.name, each.status, each.actual) for each in first.results] == [
        (each.name, each.status, each.actual) for each in second.results
    ]
    assert first.controls == second.controls


def test_calls_are_counted_across_processes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that froze the plan, and those that looked."""
    handed = replace(sharing.hand_out(_prepared(settings), tmp_path), calls=6)
    monkeypatch.setattr(assembly, "connect", lambda _, **_door: assembly.Reach(world=scene.world(), calls=lambda: 36))

    assert 42 == sharing.take_up(handed, settings).reach.calls()


@pytest.mark.parametrize("digest", ("0" * 64, None), ids=("another", "none"))
def test_another_plan_than_the_frozen_one_is_refused(settings: Settings, tmp_path: Path, digest: str | None) -> None:
    """What runs is what was collected, or nothing."""
    handed = sharing.hand_out(_prepared(settings), tmp_path)
    if digest is None:
        (tmp_path / "plan.json").unlink()

    with pytest.raises(PlanError, match="expected the frozen plan"):
        sharing.handed_plan(replace(handed, digest=digest or handed.digest))


def test_one_run_serves_all_who_ask_at_once(settings: Settings, tmp_path: Path) -> None:
    """The first runs, the others wait for it and read what came of it."""
    ready = _prepared(settings)
    runs: list[int] = []

    def once() -> Run:
        runs.append(1)
        return assembly.run(ready, WISHES)

    documents: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda: documents.append(sharing.document_of(tmp_path, once, code_of)))
        for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)

    assert [1] == runs
    assert 8 == len(documents)
    assert 1 == len({each["run_id"] for each in documents})
    assert documents[0] == sharing.read_document(tmp_path)


def test_a_run_that_raised_is_not_tried_again(tmp_path: Path) -> None:
    """All who ask are told the same cause and code."""
    runs: list[int] = []

    def broken() -> Run:
        runs.append(1)
        raise PlanError("odd")

    for _ in range(2):
        with pytest.raises(sharing.Trouble, match="PlanError: odd") as told:
            sharing.document_of(tmp_path, broken, code_of)
        assert 64 == told.value.code

    assert [1] == runs


def test_nobody_ran_yet(tmp_path: Path) -> None:
    """No document is not an empty one."""
    assert None is sharing.read_document(tmp_path)


def test_an_outcome_shows_nothing_that_a_terminal_obeys() -> None:
    """What a stranger said is spelt out; a trace keeps its lines."""
    result = {
        "name": "tables.pitr[x]", "status": "unknown", "severity": "critical", "promise": "p", "expected": "e\x1b[2J",
        "actual": "\u202e" + "9" * 9999, "remedy": "", "harness_error": "Traceback\n  line", "waiver": None,
        "blocked_by": None, "recovered": False, "attempts": 1,
    }  # fmt: skip
    document = {"results": [result], "strict": False}

    told = outcomes.of_check("tables.pitr[x]")(document)

    lines = told.text.splitlines()
    assert "error" == told.kind
    assert all(line.isprintable() for line in lines)
    assert len(lines[0]) < 200
    assert ["  trace     Traceback", "              line"] == lines[-2:]


def test_a_pass_that_took_several_looks_says_so() -> None:
    """Recovered is a pass, and is told."""
    result = {"name": "a.b[c]", "status": "pass", "waiver": None, "recovered": True, "attempts": 3}
    document = {"results": [result], "controls": [], "notes": [], "void": [], "strict": False}

    assert {"recovered": "after 3 attempts"} == outcomes.of_check("a.b[c]")(document).notes
    assert ["recovered: a.b[c]: after 3 attempts"] == outcomes.remarks(document)


@pytest.mark.parametrize(
    ("stage", "home"),
    (("https://abc123.execute-api.eu-west-1.amazonaws.com/prod/health", False), ("https://example.org/direct", True)),
    ids=("of some deployment", "the target's own"),
)
def test_an_address_past_the_targets_names_may_be_that_of_another_deployment(
    stage: str,
    home: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A plan that was accepted elsewhere holds ids that are nobody's here; its own names are the target's anywhere."""
    check = api.direct(Place(subject="Api/health"), edge="https://example.org/api/health", stage=stage)

    assert home == assembly._at_home(check, ("example.org",))


def test_what_cannot_be_looked_at_says_why() -> None:
    """The check stays in the plan, and is unknown."""
    check = api.direct(Place(subject="Api/health"), edge="https://example.org/a", stage="https://example.org/b")

    with pytest.raises(CannotLook, match="the stacks could not be read"):
        assembly._unseen(check, "the stacks could not be read").sight.look(pretend_world())
