"""The commands besides verify: coverage, diff, explain, completion; and what all of them share."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.doors import cli
from checks.doors.options import percentage, selection
from tests.doors import scene
from tests.doors.conftest import Say

Enter = Callable[[str], None]


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every sub-command's own parser."""
    parser = cli._parser()
    (actions,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return dict(actions.choices)


@pytest.mark.parametrize("name", commands())
def test_every_command_shows_how_it_is_typed(name: str) -> None:
    """Its help ends in examples that its own parser accepts, and every option says what it does."""
    parser = commands()[name]
    examples = [line.strip() for line in (parser.epilog or "").splitlines() if line.startswith("  python -m checks ")]

    assert examples
    assert all(line.startswith(f"python -m checks {name}") for line in examples)
    assert all(each.help for each in parser._actions if each.option_strings)


@pytest.mark.parametrize("name", sorted(set(commands()) - {"mutate", "twin"}))
def test_the_examples_of_a_command_are_understood(name: str) -> None:
    """A misspelt option in a help page would be believed."""
    lines = (commands()[name].epilog or "").splitlines()[1:]
    for line in lines:
        words = subprocess.run(
            ["/bin/sh", "-c", f"printf '%s\\n' {line.split('checks ', 1)[1].partition(' > ')[0]}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\n")[:-1]
        assert cli._parser().parse_args(words).command == name


def test_coverage_names_every_row(say: Say, here: Path) -> None:
    """Resources first, what is open first; the same rows are in the document."""
    said = say("coverage", "--target", "here.toml", "--json", "rows.json")

    rows = json.loads((here / "rows.json").read_text(encoding="utf-8"))
    lines = said.out.splitlines()
    assert 0 == said.code
    assert lines[0].startswith("verified    AWS::DynamoDB::Table")
    assert all(any(f"  {each['name']}  (" in line for line in lines) for each in rows["rows"])
    assert f"{len(rows['rows'])} rows: 100.0 % verified, 0.0 % waived, 0.0 % unverified" == lines[-1]


@pytest.mark.parametrize(("line", "code"), (("100", 0), ("0", 0), ("66.7", 0)))
def test_coverage_above_the_line_is_0(say: Say, line: str, code: int) -> None:
    """All of the small deployment is verified."""
    assert code == say("coverage", "--target", "here.toml", "--fail-under", line).code


def test_coverage_below_the_line_is_1(say: Say, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says by how much it was missed."""
    monkeypatch.setattr("checks.coverage._EXISTENCE", ("*",))

    said = say("coverage", "--target", "here.toml", "--fail-under", "95")

    assert 1 == said.code
    assert "0.0 % of the rows are verified, expected at least 95 %" in said.err
    assert said.out.startswith("unverified  ")


def test_coverage_without_the_stacks_is_2(say: Say, enter: Enter) -> None:
    """What could not be read is neither covered nor uncovered."""
    enter("unread")

    said = say("coverage", "--target", "here.toml", "--fail-under", "0")

    assert (2, "") == (said.code, said.out)
    assert "what is covered follows from the stacks" in said.err


def test_rows_that_cannot_be_written_are_3(say: Say) -> None:
    """Somebody counts on that file."""
    assert 3 == say("coverage", "--target", "here.toml", "--json", "/dev/null/rows.json").code


def test_diff_finds_nothing_between_a_run_and_itself(say: Say) -> None:
    """0, in one line."""
    say("verify", "--target", "here.toml", "--json", "run.json")

    said = say("diff", "run.json", "run.json")

    assert (0, "nothing changed\n") == (said.code, said.out)


def test_diff_says_what_got_worse_and_exits_with_1(say: Say, enter: Enter, here: Path) -> None:
    """The worst first; the other way round the same is better, and 0."""
    say("verify", "--target", "here.toml", "--json", "kept.json")
    enter("broken")
    say("verify", "--target", "here.toml", "--json", "broken.json")

    worse = say("diff", "kept.json", "broken.json", "--json", "difference.json")
    better = say("diff", "broken.json", "kept.json")

    assert (1, 0) == (worse.code, better.code)
    assert worse.out.splitlines()[1].startswith("  pass → fail  tables.pitr[Users] (critical): ")
    assert "verdict: kept → broken" in worse.out
    assert "  fail → pass  tables.pitr[Users] (critical)" in better.out.splitlines()
    assert "tables.pitr[Users]" in json.loads((here / "difference.json").read_text(encoding="utf-8"))["worse"]


@pytest.mark.parametrize("text", ("", "[]", '{"schema": 2}', '{"schema": 1}', '{"schema": 1, "results": [{}]}'))
def test_what_is_no_run_document_is_64(say: Say, here: Path, text: str) -> None:
    """Named, in one line."""
    (here / "odd.json").write_text(text, encoding="utf-8")

    said = say("diff", "odd.json", "odd.json")

    assert (cli.USAGE, "") == (said.code, said.out)
    assert "odd.json" in said.err


def test_differences_that_cannot_be_written_are_3(say: Say) -> None:
    """As with any document."""
    say("verify", "--target", "here.toml", "--json", "run.json")

    assert 3 == say("diff", "run.json", "run.json", "--json", "/dev/null/d.json").code


def test_explain_tells_all_there_is_to_know(say: Say) -> None:
    """Why it is there, what it needs, what it stands on and what stands on it."""
    said = say("explain", "tables.pitr")

    rows = dict(line.strip().split("  ", 1) for line in said.out.splitlines()[1:])
    assert 0 == said.code
    assert "Pitfall 66" in rows["why"]
    assert "dynamodb:DescribeContinuousBackups" in rows["needs"]
    assert "tables.present[{subject}]" in rows["stands on"]
    assert "backups.lag[*]" in rows["explains"]
    assert "TableStatus, within 10 min" in rows["settles"]
    assert {"promise", "severity", "looks with", "vantage", "bound with"} <= set(rows)


def test_explain_lists_a_family(say: Say) -> None:
    """Each of its promises in a line."""
    said = say("explain", "queues")

    assert 0 == said.code
    assert all(line.startswith("queues.") for line in said.out.splitlines())


def test_explain_tells_what_a_run_saw(say: Say, enter: Enter) -> None:
    """Evidence and all, also of what stands behind a root."""
    enter("broken")
    say("verify", "--target", "here.toml", "--json", "run.json")

    root = say("explain", "tables.pitr[Users]", "--run", "run.json")
    behind = say("explain", "backups.lag", "--run", "run.json")

    assert "  status      fail\n" in root.out
    assert '"type": "ContinuousBackups"' in root.out
    assert "  status      blocked behind tables.pitr[Users], by itself fail\n" in behind.out


def test_explain_of_a_check_that_the_run_did_not_have_is_64(say: Say) -> None:
    """Nobody looked at it, which is no answer."""
    say("verify", "--target", "here.toml", "--json", "run.json")

    assert cli.USAGE == say("explain", "tables.pitr[Nobody]", "--run", "run.json").code


@pytest.mark.parametrize("shell", ("bash", "zsh"))
def test_the_completion_knows_every_command_and_option(say: Say, shell: str) -> None:
    """Written from the parser itself."""
    said = say("completion", shell)

    assert 0 == said.code
    assert all(word in said.out for word in (*commands(), "--fail-under", "--severity", "--only"))


def test_bash_understands_the_completion(say: Say, here: Path) -> None:
    """What a person's shell would complete behind ``checks cov`` and ``checks verify --sev``."""
    (here / "completion").write_text(say("completion", "bash").out, encoding="utf-8")
    script = (
        "source ./completion; "
        'COMP_WORDS=(checks cov); COMP_CWORD=1; COMP_TYPE=9; COMP_LINE="checks cov"; COMP_POINT=10; '
        "_shtab_checks; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(["/bin/bash", "-c", script], cwd=here, capture_output=True, text=True, check=False)

    assert "coverage" in done.stdout.split(), done.stderr


def test_without_shtab_the_extra_is_named(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """69, as for any tool that is missing."""
    monkeypatch.setitem(sys.modules, "shtab", None)

    said = say("completion", "bash")

    assert cli.UNAVAILABLE == said.code
    assert "terminal" in said.err


@pytest.mark.parametrize(
    ("only", "severity", "selected"),
    (
        (None, None, None),
        (["tables"], None, ("tables.*",)),
        (["tables.pitr"], None, ("tables.pitr[*]",)),
        (["tables.pitr[Users]", "d*"], None, ("tables.pitr[Users]", "d*")),
        (None, "critical", ("severity=critical",)),
        (["tables"], "warning", ("tables.*", "severity=warning")),
    ),
)
def test_words_become_patterns(only: list[str] | None, severity: str | None, selected: tuple[str, ...] | None) -> None:
    """A family, a promise, a check, a pattern; and what it weighs."""
    assert selected == selection(only, severity)


def test_only_what_is_critical_can_be_looked_at(say: Say, enter: Enter) -> None:
    """The document says so, and is no whole run."""
    say("verify", "--target", "here.toml", "--severity", "critical", "--only", "backups", "--json", "run.json")

    document = json.loads(Path("run.json").read_text(encoding="utf-8"))
    assert ["backups.*", "severity=critical"] == document["selection"]
    assert {("backups", "critical")} == {(each["family"], each["severity"]) for each in document["results"]}
    assert len(document["results"]) < sum(each.startswith("backups.") for each in scene.CHECKS)


def test_one_pattern_of_several_that_fits_nothing_is_void(say: Say) -> None:
    """A misspelling beside a good pattern would otherwise look at less, in green."""
    said = say("verify", "--target", "here.toml", "--only", "tables", "--only", "backpus")

    assert cli.VOID == said.code
    assert "nothing of the plan fits 'backpus.*'" in " ".join(said.out.split())


@pytest.mark.parametrize("text", ("-1", "101", "most"))
def test_what_is_no_percentage_is_refused(text: str) -> None:
    """Before anything is looked at."""
    with pytest.raises(argparse.ArgumentTypeError):
        percentage(text)


def test_a_percentage_may_have_its_sign() -> None:
    """95 and 95 % are the same."""
    assert [95.0, 95.0] == [percentage("95"), percentage("95%")]


def test_metrics_are_written_beside_the_other_documents(say: Say, here: Path) -> None:
    """For the textfile collector."""
    say("verify", "--target", "here.toml", "--prometheus", "checks.prom")

    lines = (here / "checks.prom").read_text(encoding="utf-8").splitlines()
    assert 'checks_exit_code{target="here",door="cli"} 0' in lines


def test_earlier_runs_tell_what_recovers_again_and_again(say: Say, here: Path) -> None:
    """They are given by name; what is none is refused before anything is looked at."""
    say("verify", "--target", "here.toml", "--json", "run.json")
    said = say("verify", "--target", "here.toml", "--past", "run.json", "--json", "next.json")
    odd = say("verify", "--target", "here.toml", "--past", "here.toml")

    results = json.loads((here / "next.json").read_text(encoding="utf-8"))["results"]
    expected = next(each["expected"] for each in results if each["name"] == "stack.recovered[here]")
    assert (0, cli.USAGE) == (said.code, odd.code)
    assert expected.endswith("none in 3 of its last 7 runs")
