"""The command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from checks import twin
from checks.doors import assembly, cli, options
from checks.model import CannotLook
from checks.report import json as as_json
from checks.run import Progress
from checks.target import Settings
from tests.doors import scene
from tests.doors.conftest import Say

ROOT = Path(__file__).parents[2]
Enter = Callable[[str], None]


@pytest.mark.parametrize(
    "words",
    (
        pytest.param((), id="nothing"),
        pytest.param(("verfy",), id="no such command"),
        pytest.param(("verify",), id="no target"),
        pytest.param(("verify", "--target", "here", "--jsn", "f"), id="misspelt option"),
        pytest.param(("verify", "--target", "here", "--wait", "soon"), id="no duration"),
        pytest.param(("verify", "--target", "nowhere"), id="no such target"),
        pytest.param(("plan", "--target", "here.toml", "--accept"), id="accepting without saying who and why"),
        pytest.param(("explain", "tables.pitter"), id="no such promise"),
        pytest.param(("replay", "nowhere.json"), id="no such document"),
    ),
)
def test_bad_usage_is_64(say: Say, words: tuple[str, ...]) -> None:
    """What was asked for makes no sense, so nothing is looked at."""
    assert cli.USAGE == say(*words).code


def test_help_is_no_mistake(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    """Help exits 0 and names the codes."""
    assert 0 == say("--help").code
    assert "exit codes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "named"),
    (
        pytest.param("[sight]\ndomain = 'shop.test'\n[account]\nid = '1'", "sight", id="misspelt table"),
        pytest.param("schema = 1\n[account]\nidd = '111122223333'\nid = '111122223333'", "idd", id="misspelt key"),
        pytest.param("schema = 7", "schema", id="another schema"),
        pytest.param("= 1", "here.toml", id="no TOML"),
    ),
)
def test_odd_settings_are_64_and_named(say: Say, here: Path, more: str, named: str) -> None:
    """The line says which file and which key."""
    (here / "here.toml").write_text(more, encoding="utf-8")

    said = say("verify", "--target", "here.toml")

    assert (cli.USAGE, "") == (said.code, said.out)
    assert named in said.err
    assert "here.toml" in said.err


def test_a_stack_that_never_existed_is_64(say: Say, enter: Enter) -> None:
    """A name in the settings that nobody ever deployed is a mistake in the settings."""
    enter("gone")

    said = say("verify", "--target", "here.toml")

    assert cli.USAGE == said.code
    assert "stack Main does not exist" in said.err


def test_a_stack_that_was_accepted_and_is_gone_is_broken(say: Say, enter: Enter) -> None:
    """It was there, somebody accepted it, and now it is not: that is the outage itself."""
    say("plan", "--target", "here.toml", "--accept", "--owner", "platform", "--reason", "first")
    enter("gone")

    said = say("verify", "--target", "here.toml", "--json", "run.json")

    assert 1 == said.code
    results = json.loads(Path("run.json").read_text(encoding="utf-8"))["results"]
    failed = [each["name"] for each in results if each["status"] == "fail" and each["severity"] == "critical"]
    assert ["stack.status[Main]"] == failed


@pytest.mark.parametrize(
    "trouble",
    (
        pytest.param(twin.TwinIsDown("the twin is down"), id="down"),
        pytest.param(twin.CannotStart("no free port"), id="cannot start"),
    ),
)
def test_a_twin_that_does_not_run_is_69(say: Say, monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> None:
    """One line with the cause, and the code for what could not be started."""

    def down(_: Settings) -> assembly.Reach:
        raise trouble

    monkeypatch.setattr(assembly, "connect", down)

    said = say("verify", "--target", "here.toml")

    assert (cli.UNAVAILABLE, "", f"checks: {trouble}\n") == (said.code, said.out, said.err)


def test_a_resolver_that_is_none_is_a_mistake_in_the_settings(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was looked at yet, so it is no doubt about the target."""

    def odd(_: Settings) -> assembly.Reach:
        raise CannotLook("resolver 'dns.test:53' is not an address")

    monkeypatch.setattr(assembly, "connect", odd)

    assert cli.USAGE == say("verify", "--target", "here.toml").code


def test_a_defect_of_ours_is_3_with_its_trace(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must never exit 1, which says that the target is broken; the last line names it."""
    monkeypatch.setattr(assembly, "prepare", lambda *_, **__: 1 / 0)

    said = say("verify", "--target", "here.toml")

    assert cli.VOID == said.code
    assert "Traceback" in said.err
    assert "checks: ZeroDivisionError: division by zero" == said.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("which", "code", "verdict"),
    (
        ("kept", 0, "kept"),
        ("warned", 0, "kept"),
        ("broken", 1, "broken"),
        ("blind", 2, "unseen"),
        ("settling", 2, "unseen"),
        ("unread", 2, "unseen"),
        ("void", 3, "void"),
        ("interrupted", 130, "unseen"),
    ),
)
def test_the_exit_code_is_the_verdict(say: Say, enter: Enter, which: str, code: int, verdict: str) -> None:
    """The code that is exited with, the last line and the document say the same."""
    enter(which)

    said = say("verify", "--target", "here.toml", "--json", "run.json", "--junit", "run.xml")

    document = json.loads(Path("run.json").read_text(encoding="utf-8"))
    assert (code, code, verdict) == (said.code, document["exit_code"], document["verdict"])
    assert said.out.splitlines()[-1].endswith(f"(exit {code})")
    assert "testsuites" == ET.parse("run.xml").getroot().tag


def test_warnings_count_when_asked_for(say: Say, enter: Enter) -> None:
    """The failing twin of a warning that changes nothing."""
    enter("warned")

    assert 1 == say("verify", "--target", "here.toml", "--strict").code


def test_only_some_checks_can_be_looked_at(say: Say, enter: Enter) -> None:
    """Others are not in the document, and the document says that it is no whole run."""
    enter("broken")

    said = say("verify", "--target", "here.toml", "--only", "stack.*", "--only", "identity.*", "--json", "run.json")

    document = json.loads(Path("run.json").read_text(encoding="utf-8"))
    assert 0 == said.code
    assert ["stack.*", "identity.*"] == document["selection"]
    assert [*scene.CHECKS[:7], scene.CHECKS[-1]] == [each["name"] for each in document["results"]]


def test_a_pattern_that_fits_nothing_is_void(say: Say) -> None:
    """Nothing looked at proves nothing."""
    assert cli.VOID == say("verify", "--target", "here.toml", "--only", "tabels.*").code


def test_settling_is_waited_for(say: Say, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait of the command line goes before the wait of the settings, and is in the document."""
    enter("settling")

    said = say("verify", "--target", "here.toml", "--wait", "1m", "--json", "run.json")

    document = json.loads(Path("run.json").read_text(encoding="utf-8"))
    present = next(each for each in document["results"] if each["name"] == "tables.present[Users]")
    assert (2, 60.0) == (said.code, document["wait_s"])
    assert present["attempts"] > 1
    assert {"not_yet"} == {each["status"] for each in present["attempts_log"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("90", timedelta(seconds=90)),
        ("90s", timedelta(seconds=90)),
        ("20m", timedelta(minutes=20)),
        ("1.5h", timedelta(minutes=90)),
    ),
)
def test_durations_are_read(text: str, expected: timedelta) -> None:
    """Seconds unless it says otherwise."""
    assert expected == options.span(text)


@pytest.mark.parametrize("option", ("--json", "--junit", "--html", "--summary"))
def test_a_document_that_cannot_be_written_is_told(say: Say, here: Path, option: str) -> None:
    """The report was given; that its document is lost is said in one line and in the code."""
    (here / "file").write_text("", encoding="utf-8")

    said = say("verify", "--target", "here.toml", option, "file/run")

    assert cli.VOID == said.code
    assert "(exit 0)" in said.out
    assert "file/run could not be written" in said.err


def test_a_lost_document_does_not_hide_what_is_broken(say: Say, here: Path, enter: Enter) -> None:
    """The verdict weighs more than our trouble with a file."""
    enter("broken")
    (here / "file").write_text("", encoding="utf-8")

    assert 1 == say("verify", "--target", "here.toml", "--json", "file/run").code


@pytest.mark.parametrize(("option", "name"), (("--json", "run.json"), ("--junit", "run.xml"), ("--html", "run.html")))
def test_a_document_is_written_whole_or_not_at_all(
    say: Say, here: Path, monkeypatch: pytest.MonkeyPatch, option: str, name: str
) -> None:
    """Whoever reads while it is written meets the old one or the new one."""
    (here / name).write_text("before", encoding="utf-8")

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_text", full)
        code = say("verify", "--target", "here.toml", option, name).code

    assert (cli.VOID, "before") == (code, (here / name).read_text(encoding="utf-8"))
    assert 0 == say("verify", "--target", "here.toml", option, name).code
    assert "before" != (here / name).read_text(encoding="utf-8")


def test_documents_are_written_before_the_report(here: Path) -> None:
    """A reader that goes away (`| head`) takes no document with it."""

    class Closed(StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    code = cli.main(["verify", "--target", "here.toml", "--json", "run.json"], out=Closed(), err=StringIO())

    assert cli.VOID == code
    assert 0 == json.loads(Path("run.json").read_text(encoding="utf-8"))["exit_code"]


def test_a_termination_keeps_what_is_known(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM in the middle of the looking is 130, with a document of everything seen until then."""
    told = threading.Event()

    def stop(_: Progress) -> None:
        if not told.is_set():
            told.set()
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    plain_run = assembly.run
    monkeypatch.setattr(
        assembly, "run", lambda ready, wishes: plain_run(ready, assembly.Wishes(door=wishes.door, watch=stop))
    )

    code = cli.main(["verify", "--target", "here.toml", "--json", "run.json"], out=StringIO(), err=StringIO())

    document = json.loads(Path("run.json").read_text(encoding="utf-8"))
    assert (cli.INTERRUPTED, True) == (code, document["interrupted"])
    assert len(scene.CHECKS) == len(document["results"])
    assert before is signal.getsignal(signal.SIGTERM)


def test_an_interrupt_before_the_looking_is_130_too(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to keep, and that is said."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(assembly, "prepare", interrupted)

    said = say("verify", "--target", "here.toml")

    assert (cli.INTERRUPTED, "checks: interrupted before anything was looked at\n") == (said.code, said.err)


def test_in_a_thread_signals_are_left_alone(say: Say) -> None:
    """Only the main thread may decide about signals; whoever runs us elsewhere has decided already."""
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(say("verify", "--target", "here.toml").code))
    thread.start()
    thread.join(30)

    assert [0] == codes


def test_a_plan_is_shown(say: Say) -> None:
    """Every check with its weight, and the digest."""
    said = say("plan", "--target", "here.toml")

    *checks, last = said.out.splitlines()
    assert list(scene.CHECKS) == [line.split()[-1] for line in checks]
    assert last.startswith(f"{len(scene.CHECKS)} checks, digest ")


def test_a_lost_check_fails_until_the_loss_is_accepted(say: Say, here: Path, enter: Enter) -> None:
    """The plan may not shrink unseen: what was accepted and is not planned any more has a failing check of its own."""
    accept = ("plan", "--target", "here.toml", "--accept", "--owner", "platform", "--reason", "less to say")
    assert 0 == say(*accept).code
    assert 0 == say("verify", "--target", "here.toml").code

    enter("silent")
    lost = say("verify", "--target", "here.toml", "--json", "run.json")
    results = json.loads((here / "run.json").read_text(encoding="utf-8"))["results"]
    failed = [each["name"] for each in results if each["status"] == "fail" and each["severity"] == "critical"]

    assert (1, ["stack.plan[stack.outputs[Main]]"]) == (lost.code, failed)
    assert "platform" in lost.out
    assert 0 == say(*accept).code
    assert 0 == say("verify", "--target", "here.toml").code


def test_a_live_plan_is_written(say: Say, here: Path) -> None:
    """For whoever packs it: the same checks that were shown."""
    said = say("plan", "--target", "here.toml", "--json", "out/plan.json")

    stored = json.loads((here / "out" / "plan.json").read_text(encoding="utf-8"))
    assert (0, list(scene.CHECKS)) == (said.code, [each["name"] for each in stored["checks"]])
    assert stored["digest"] in said.out


@pytest.mark.parametrize("command", ("plan", "permissions"))
def test_what_cannot_be_written_is_told_in_one_line(say: Say, here: Path, command: str) -> None:
    """Without a stack trace; it is not the settings' fault."""
    (here / "file").write_text("", encoding="utf-8")

    said = say(command, "--target", "here.toml", "--json", "file/out.json")

    assert (cli.VOID, "", 1) == (said.code, said.out, len(said.err.splitlines()))
    assert "file/out.json could not be written" in said.err


def test_an_accepted_plan_that_cannot_be_kept_is_not_accepted(say: Say, here: Path) -> None:
    """Nobody is told that it was."""
    (here / ".here.plan.json.part").mkdir()

    told = say("plan", "--target", "here.toml", "--accept", "--owner", "o", "--reason", "r")

    assert (cli.VOID, "") == (told.code, told.out)
    assert "here.plan.json could not be written" in told.err
    assert not (here / "here.plan.json").exists()


def test_an_accepted_plan_says_who_and_why(say: Say, here: Path) -> None:
    """It is kept beside the settings, to be reviewed with them."""
    said = say("plan", "--target", "here.toml", "--accept", "--owner", "platform", "--reason", "the new bucket")

    stored = json.loads((here / "here.plan.json").read_text(encoding="utf-8"))
    assert (0, "platform", "the new bucket") == (said.code, stored["accepted_by"], stored["reason"])
    assert list(scene.CHECKS) == [each["name"] for each in stored["checks"]]


@pytest.mark.parametrize("text", ("{", "[]", '{"schema": 9}', '{"schema": 1, "checks": [], "digest": "0"}'))
def test_an_accepted_plan_that_cannot_be_trusted_is_64(say: Say, here: Path, text: str) -> None:
    """Cut short, or edited by hand: it must be made again."""
    (here / "here.plan.json").write_text(text, encoding="utf-8")

    said = say("verify", "--target", "here.toml")

    assert cli.USAGE == said.code
    assert "here.plan.json: " in said.err
    assert "make it again with `plan --accept`" in said.err


@pytest.mark.parametrize("text", ("{", '{"schema": 1, "checks": [{"promise": "tables.gone"}], "digest": "0"}'))
def test_what_is_advised_for_a_plan_that_cannot_be_read_helps(say: Say, here: Path, text: str) -> None:
    """As after an update that plans otherwise: `plan --accept` does not stumble over what it is to replace."""
    (here / "here.plan.json").write_text(text, encoding="utf-8")

    accepted = say("plan", "--target", "here.toml", "--accept", "--owner", "platform", "--reason", "the update")

    assert (0, "") == (accepted.code, accepted.err)
    assert 0 == say("verify", "--target", "here.toml").code


@pytest.mark.parametrize("words", (("plan",), ("plan", "--accept", "--owner", "o", "--reason", "r"), ("permissions",)))
def test_without_the_stacks_there_is_nothing_to_show_or_accept(
    say: Say, enter: Enter, here: Path, words: tuple[str, ...]
) -> None:
    """A plan of what the settings alone tell must not be mistaken for the plan."""
    enter("unread")

    said = say(*words, "--target", "here.toml")

    assert (2, "") == (said.code, said.out)
    assert "the stacks could not be read: AccessDenied" in said.err
    assert not (here / "here.plan.json").exists()


def test_permissions_are_those_of_the_plan(say: Say, here: Path) -> None:
    """Every action of every planned check, and those that read the stacks, on the ARNs that are looked at."""
    printed = say("permissions", "--target", "here.toml")
    written = say("permissions", "--target", "here.toml", "--json", "policy.json")

    policy = json.loads(printed.out)
    assert (0, "") == (written.code, written.out)
    assert policy == json.loads((here / "policy.json").read_text(encoding="utf-8"))
    granted = {action for each in policy["Statement"] for action in each["Action"]}
    assert {"dynamodb:DescribeTable", "cloudformation:GetTemplate", "sts:GetCallerIdentity"} <= granted


@pytest.mark.parametrize("name", ("tables.pitr", "tables.pitr[Users]"))
def test_a_promise_is_explained(say: Say, name: str) -> None:
    """With or without a subject: what it says, why, what it needs and what it stands on."""
    said = say("explain", name)

    assert 0 == said.code
    assert "tables.pitr" == said.out.splitlines()[0]
    assert "dynamodb:DescribeContinuousBackups" in said.out
    assert "tables.present" in said.out


def test_a_promise_of_no_room_is_met_with_all_there_are(say: Say) -> None:
    """Whoever misspells the room is shown every room."""
    assert "identity.caller" in say("explain", "tabels.pitr").err
    assert "identity.caller" not in say("explain", "tables.pitter").err


@pytest.mark.parametrize("which", ("kept", "broken", "blind", "settling", "void", "unproven", "unread"))
def test_a_replayed_document_has_the_same_verdict(say: Say, enter: Enter, here: Path, which: str) -> None:
    """The evidence is in the document: judging it again gives the same statuses, without looking."""
    enter(which)
    first = say("verify", "--target", "here.toml", "--json", "run.json")
    again = say("replay", "run.json", "--json", "again.json")

    then, now = (json.loads((here / name).read_text(encoding="utf-8")) for name in ("run.json", "again.json"))
    assert (first.code, then["counts"]) == (again.code, now["counts"])
    assert [(each["name"], each["status"], each["blocked_by"]) for each in then["results"]] == [
        (each["name"], each["status"], each["blocked_by"]) for each in now["results"]
    ]


@pytest.mark.parametrize(
    ("which", "told"),
    (
        ("kept", "Kept: "),
        ("broken", "Broken: "),
        ("blind", "Unseen: "),
        ("void", "Void: "),
        ("interrupted", "Interrupted: "),
    ),
)
def test_a_page_is_made_of_a_run_and_of_a_recorded_one(say: Say, enter: Enter, which: str, told: str) -> None:
    """Both begin with the verdict and hold every check."""
    enter(which)
    say("verify", "--target", "here.toml", "--json", "run.json", "--html", "run.html")
    say("replay", "run.json", "--html", "again.html")

    first, again = (Path(name).read_text(encoding="utf-8") for name in ("run.html", "again.html"))
    assert f"{told}here</title>" in first
    assert "replayed from run" in again
    assert all(name in page for name in scene.CHECKS for page in (first, again))


def test_ci_is_told_in_its_own_words(say: Say, enter: Enter, here: Path) -> None:
    """A summary is added to what is there; annotations come first, and nothing in the report is a command."""
    enter("broken")
    (here / "summary.md").write_text("# build\n", encoding="utf-8")
    plain = say("verify", "--target", "here.toml", "--json", "run.json", "--summary", "summary.md")
    said = say("replay", "run.json", "--summary", "summary.md", "--annotate")

    summary = (here / "summary.md").read_text(encoding="utf-8")
    assert (1, 1) == (plain.code, said.code)
    assert summary.startswith("# build\n\n## Broken: ")
    assert 2 == summary.count("<code>tables.pitr[Users]</code>")
    assert "::" not in plain.out
    first, *_, opened = (line for line in said.out.splitlines() if line.startswith(("::error", "::stop-commands::")))
    assert first.startswith("::error title=FAIL tables.pitr[Users]::expected: ")
    token = opened.removeprefix("::stop-commands::")
    assert len(token) >= 32
    assert f"(exit 1)\n::{token}::\n" in said.out


def test_a_document_has_every_key_of_the_contract(say: Say, enter: Enter, here: Path) -> None:
    """Scripts rely on them; the statuses sum to the number of results."""
    enter("broken")
    say("verify", "--target", "here.toml", "--json", "run.json", "--release", "abc")

    document = json.loads((here / "run.json").read_text(encoding="utf-8"))
    keys = (
        "schema run_id tool door target account regions release plan selection wait_s started finished verdict "
        "exit_code aws_calls cost counts results not_from_here controls"
    )
    of_result = (
        "name family promise subject stack region severity effect status expected actual remedy params evidence "
        "attempts attempts_log started seconds covers blocked_by own_verdict waiver"
    )
    assert set() == set(keys.split()) - set(document)
    assert [set()] * len(scene.CHECKS) == [set(of_result.split()) - set(each) for each in document["results"]]
    assert ("cli", "here", "abc", as_json.SCHEMA) == tuple(
        document[key] for key in ("door", "target", "release", "schema")
    )
    statuses = ("pass", "fail", "not_yet", "unknown", "blocked")
    assert len(document["results"]) == sum(document["counts"][status] for status in statuses)
    assert {"name", "instrument", "status", "expected", "actual"} <= set(document["controls"][0])


def test_the_twin_has_commands_of_its_own(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are passed on with the actions that the harness needs, for its role there."""
    told: list[tuple[list[str], tuple[str, ...]]] = []

    def twin_main(words: list[str], *, harness_actions: tuple[str, ...]) -> int:
        told.append((words, harness_actions))
        return 7

    monkeypatch.setattr("checks.twin.__main__.main", twin_main)

    assert 7 == say("twin", "status").code
    assert ["status"] == told[0][0]
    assert "dynamodb:DescribeTable" in told[0][1]


def test_the_command_is_there(here: Path) -> None:
    """The real one, as a person types it: a misspelt target is 64 and one clear line."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "checks", "verify", "--target", "nowhere"],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (cli.USAGE, "") == (ran.returncode, ran.stdout)
    assert ran.stderr.startswith("checks: no target 'nowhere'")
    assert 1 == len(ran.stderr.splitlines())


def test_a_terminal_that_knows_ascii_alone_gets_the_report(say: Say, here: Path) -> None:
    """In the smallest of locales the verdict is the same."""
    say("verify", "--target", "here.toml", "--json", "run.json")
    ran = subprocess.run(
        [sys.executable, "-m", "checks", "replay", "run.json"],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii:strict"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (0, "") == (ran.returncode, ran.stderr)
    assert "target here" in ran.stdout
