"""A plan in, results out: every planned check exactly once, and never green because nobody could look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checks.blocking import Dependency
from checks.evidence import Response
from checks.model import CannotLook, Place, Verdict, Waiver
from checks.promises import stack
from checks.run import LATE, Progress, counts, exit_code, suppressed, void_reasons
from checks.settling import Pending, Settling
from checks.vantage import Need
from tests.runs import NOON, SEEN, SetClock, SmallWorld, a_check, a_control, a_plan, a_run, broken, kept, settling


@dataclass
class RealClock:
    """The clock on the wall."""

    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass
class InTurn:
    """Answers, or raises, one thing after another; the last one for ever."""

    answers: list[Any]
    asked: list[Any] = field(default_factory=list)

    def __call__(self, world: Any) -> Any:  # noqa: ANN401 - stands for any look
        """The next answer."""
        self.asked.append(getattr(world, "generation", None))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


def _refuse(_: object) -> object:
    raise CannotLook("AccessDenied")


def _by_answer(seen: object, _now: datetime) -> Verdict:
    return {"good": kept, "bad": broken, "soon": settling}[str(seen)]()


def test_a_promise_that_holds_is_kept() -> None:
    """One check, one pass, exit 0."""
    run = a_run(a_check())

    assert ["pass"] == [each.status for each in run.results]
    assert (0, ()) == (exit_code(run), run.void)
    assert SEEN == run.results[0].evidence


def test_a_promise_that_does_not_hold_closes_the_gate() -> None:
    """Expected, actual and remedy travel with the result, and the code is 1."""
    run = a_run(a_check(judge=broken))

    result = run.results[0]
    assert ("fail", "yes", "no", "mend it") == (result.status, result.expected, result.actual, result.remedy)
    assert 1 == exit_code(run)


def test_a_broken_warning_is_reported_and_lets_pass_unless_strict() -> None:
    """Warnings never change the code; strict treats them as critical."""
    warning = a_check(judge=broken, severity="warning")

    assert [0, 1] == [exit_code(a_run(warning)), exit_code(a_run(warning, strict=True))]


def test_could_not_look_is_unknown_and_never_fine() -> None:
    """A denied call says nothing about the target, and the gate stays shut with another code than for a failure."""
    run = a_run(a_check(look=_refuse))

    assert ("unknown", "could not look: AccessDenied") == (run.results[0].status, run.results[0].actual)
    assert (None, 2) == (run.results[0].evidence, exit_code(run))


def test_an_unknown_warning_does_not_change_the_code() -> None:
    """What was not weighty when it failed is not when it could not be seen."""
    assert 0 == exit_code(a_run(a_check(look=_refuse, severity="warning")))


def test_nothing_planned_is_void() -> None:
    """A run that proves nothing must not look like one that found nothing."""
    run = a_run()

    assert 3 == exit_code(run)
    assert "nothing was planned" in run.void[0]


def test_a_selection_that_fits_nothing_is_void() -> None:
    """A misspelt pattern is not a green."""
    assert 3 == exit_code(a_run(a_check(), selection=("tabels.*",)))


@pytest.mark.parametrize(
    ("selection", "void"),
    (
        pytest.param(("a.*", "x.*"), (), id="each fits one"),
        pytest.param(("a.b[c]",), (), id="a whole name"),
        pytest.param(("severity=critical",), (), id="a severity"),
        pytest.param(
            ("a.*", "tabels.*"), ("nothing of the plan fits 'tabels.*', which was asked for",), id="one misspelt"
        ),
        pytest.param(
            ("tabels.*",), ("nothing was planned: no check fits the selection and the target",), id="all misspelt"
        ),
    ),
)
def test_every_pattern_of_a_selection_fits_something(selection: tuple[str, ...], void: tuple[str, ...]) -> None:
    """One that is misspelt among others would look at less than was asked for; where nothing fits, that is said."""
    assert void == a_run(a_check("a.b[c]"), a_check("x.y[z]"), selection=selection).void


def test_a_selection_runs_only_what_it_names() -> None:
    """The rest of the plan is not looked at, and the run says what was selected."""
    run = a_run(a_check("a.b[c]"), a_check("x.y[z]", judge=broken), selection=("a.*",))

    assert (["a.b[c]"], 0) == ([each.name for each in run.results], exit_code(run))


def test_a_missing_or_doubled_result_is_void() -> None:
    """Every planned check has exactly one result, or the run is worth nothing."""
    plan = a_plan(a_check("a.b[c]"), a_check("x.y[z]"))
    results = a_run(a_check("a.b[c]"), a_check("x.y[z]")).results

    assert () == void_reasons(plan, results, ())
    assert "not exactly one" in void_reasons(plan, results[:1], ())[0]
    assert "not exactly one" in void_reasons(plan, (*results, results[0]), ())[0]


def test_a_defect_of_the_harness_costs_one_check_and_voids_the_run() -> None:
    """The others keep their results, the traceback is kept, no exception gets out, and nobody tries again."""
    look = InTurn([KeyError("oops")])

    run = a_run(a_check("a.b[c]", look=look), a_check("x.y[z]"), retries=2)

    first, second = run.results
    assert 1 == len(look.asked)
    assert ("unknown", "pass") == (first.status, second.status)
    assert "KeyError: 'oops'" in first.actual
    assert "Traceback" in str(first.harness_error)
    assert 3 == exit_code(run)


def test_a_judge_that_raises_is_a_defect_too() -> None:
    """CannotLook belongs to probes; anything a judge raises voids the run."""

    def confused(_seen: object, _now: datetime) -> Verdict:
        raise RuntimeError("no idea")

    assert 3 == exit_code(a_run(a_check(judge=confused)))


@pytest.mark.parametrize("trouble", (None, CannotLook("AccessDenied"), KeyError("oops")), ids=("seen", "not", "ours"))
def test_a_look_takes_as_long_as_it_takes(trouble: Exception | None) -> None:
    """Whatever became of it, and whatever the clock showed when it began."""

    def slow(world: Any) -> object:  # noqa: ANN401 - a world
        world.clock.sleep(2.0)
        if trouble:
            raise trouble
        return SEEN

    assert 2.0 == a_run(a_check(look=slow), world=SmallWorld(clock=SetClock(moved=100.0))).results[0].seconds


def test_evidence_is_redacted_before_it_is_judged() -> None:
    """The judge sees what is stored."""
    response = Response(url="u", method="GET", address="a", status=200, headers=(), body="me@example.org")

    run = a_run(a_check(look=lambda _: response, judge=lambda seen, _: Verdict.passed(expected="", actual=seen.body)))

    assert ("[e-mail]", "[e-mail]") == (run.results[0].actual, run.results[0].evidence.body)  # type: ignore[union-attr]  # set above


def test_what_a_judge_or_a_control_says_is_redacted_too() -> None:
    """A remedy quotes names and a control quotes answers; neither may carry a secret out."""

    def careless(_seen: object, _now: datetime) -> Verdict:
        return Verdict.failed(expected="", actual="", remedy="ask me@example.org")

    run = a_run(a_check(judge=careless), controls=[a_control(look=lambda _: (True, "AKIAIOSFODNN7EXAMPLE"))])

    assert ("ask [e-mail]", "[access key]") == (run.results[0].remedy, run.controls[0].actual)


# --- looking again ----------------------------------------------------------------------------


def test_a_passing_trouble_is_looked_at_again_with_fresh_eyes() -> None:
    """A pass after a retry says so: attempts are counted, the result is recovered, the memory was fresh."""
    look = InTurn([CannotLook("throttled"), "good"])

    result = a_run(a_check(look=look, judge=_by_answer), retries=2).results[0]

    assert ("pass", True, ["unknown", "pass"]) == (
        result.status,
        result.recovered,
        [each.status for each in result.attempts],
    )
    assert [0, 1] == look.asked


def test_what_cannot_change_is_not_asked_again() -> None:
    """A refusal for lack of rights is final."""
    look = InTurn([CannotLook("AccessDenied", final=True), "good"])

    result = a_run(a_check(look=look, judge=_by_answer), retries=2).results[0]

    assert ("unknown", 1) == (result.status, len(look.asked))


@pytest.mark.parametrize(("instrument", "asked"), (("http", 3), ("tls", 3), ("dns", 3), ("aws", 1)))
def test_a_failure_on_the_network_is_looked_at_again_a_setting_is_not(instrument: Any, asked: int) -> None:  # noqa: ANN401 - a literal
    """One lost packet must not close the gate; a setting read from AWS is what it is."""
    look = InTurn(["bad"])

    result = a_run(a_check(look=look, judge=_by_answer, instrument=instrument), retries=2).results[0]

    assert ("fail", asked) == (result.status, len(look.asked))


def test_the_public_surface_is_looked_at_while_the_clients_are_made() -> None:
    """Making them takes as long as many looks; what asks AWS waits for them, and nothing else does."""
    public_began, proof_began, clients_made = threading.Event(), threading.Event(), threading.Event()

    def public(_: object) -> object:
        public_began.set()
        assert clients_made.wait(timeout=10)
        return SEEN

    def of_aws(_: object) -> object:
        assert clients_made.is_set()
        return SEEN

    def of_the_network(_: object) -> tuple[bool, str]:
        proof_began.set()
        return clients_made.wait(timeout=10), "an answer"

    def prepare() -> None:
        assert public_began.wait(timeout=10)
        assert proof_began.wait(timeout=10)
        clients_made.set()

    checks = (
        a_check("cdn.home[a]", look=public, instrument="http"),
        a_check("tables.present[b]", look=of_aws, instrument="aws"),
    )
    proofs = (
        a_control("http.known-good", look=of_the_network, instrument="http"),
        a_control(look=lambda _: (clients_made.is_set(), "an answer")),
    )
    run = a_run(*checks, controls=proofs, prepare=prepare)

    assert ["pass", "pass"] == [each.status for each in run.results]
    assert ["held", "held"] == [each.status for each in run.controls]


def test_retries_end() -> None:
    """Two retries are three looks."""
    look = InTurn([CannotLook("time-out")])

    assert ("unknown", 3) == (a_run(a_check(look=look), retries=2).results[0].status, len(look.asked))


def test_each_pause_is_longer_than_the_one_before_up_to_a_limit() -> None:
    """What was lost on the way may be back at once; after that, patience helps more than haste."""
    world = SmallWorld()

    a_run(a_check(look=InTurn([CannotLook("time-out")])), world=world, retries=4)

    assert [0.2, 0.8, 2.0, 2.0] == world.clock.slept


def test_a_pause_is_as_short_as_the_shortest_that_is_needed() -> None:
    """What settles can wait for what was lost on the way, be that a look or a proof; alone it is asked more rarely."""
    lost, settles = a_check("a.b[c]", look=_refuse), a_check("x.y[z]", judge=settling)
    worlds = [SmallWorld(), SmallWorld(), SmallWorld()]
    wait = timedelta(seconds=3)

    a_run(lost, settles, world=worlds[0], retries=1, wait=wait)
    a_run(a_check(), controls=[a_control(look=_unseen)], world=worlds[1], retries=1)
    a_run(settles, world=worlds[2], wait=wait)

    assert [0.2, 0.2, 3.0] == [each.clock.slept[0] for each in worlds]


def test_no_pause_goes_beyond_the_deadline() -> None:
    """What the first look saw is better than a second one that would come too late."""
    run = a_run(a_check(look=InTurn([CannotLook("lost")])), retries=1, deadline=timedelta(seconds=0.1))

    assert ("could not look: lost", 1) == (run.results[0].actual, len(run.results[0].attempts))


@pytest.mark.parametrize(
    ("seconds", "actual"), ((0, f"could not look: {LATE}"), (1, "yes")), ids=("no time", "a second")
)
def test_without_any_time_nothing_is_seen(seconds: int, actual: str) -> None:
    """The deadline is the end of looking, and before it there is looking."""
    assert actual == a_run(a_check(), deadline=timedelta(seconds=seconds)).results[0].actual


def test_settling_is_given_the_time_it_was_promised() -> None:
    """What is converging is asked until it has converged, and that is no recovery."""
    look = InTurn(["soon", "soon", "soon", "good"])

    result = a_run(a_check(look=look, judge=_by_answer), wait=timedelta(minutes=1)).results[0]

    assert ("pass", False, 4) == (result.status, result.recovered, len(look.asked))


def test_settling_without_a_wait_is_not_yet() -> None:
    """Without patience the answer is not_yet, and the code says that it could not be decided."""
    run = a_run(a_check(judge=settling))

    assert ("not_yet", 2) == (run.results[0].status, exit_code(run))


def test_settling_ends_with_the_wait() -> None:
    """A thing that never converges ends as not_yet after the time given, not later."""
    world = SmallWorld()

    run = a_run(a_check(judge=settling), world=world, wait=timedelta(seconds=30), deadline=timedelta(seconds=5))

    assert "not_yet" == run.results[0].status
    assert 25 <= world.clock.moved <= 35


def test_nothing_is_asked_again_at_the_moment_when_the_wait_ends() -> None:
    """Every three seconds for half a minute, the first and the last one included."""
    world = SmallWorld()

    run = a_run(a_check(judge=settling), world=world, wait=timedelta(seconds=30), deadline=timedelta(seconds=6))

    assert ("not_yet", 11, 30) == (run.results[0].status, len(run.results[0].attempts), world.clock.moved)


def test_the_time_of_waiting_is_counted_from_the_first_look() -> None:
    """Whatever the clock showed then, for the result and for whoever watches; it ends when that was long enough."""
    told: list[Progress] = []
    world = SmallWorld(clock=SetClock(moved=100.0))

    run = a_run(
        a_check(judge=settling),
        world=world,
        wait=timedelta(minutes=1),
        watch=told.append,
        settling=(Settling(check="tables.*", signal="TableStatus", within=timedelta(seconds=4)),),
    )

    pending = Pending(
        check="tables.present[Users]",
        signal="TableStatus",
        waited=timedelta(seconds=6),
        within=timedelta(seconds=4),
    )
    assert pending == run.results[0].pending
    assert [replace(pending, waited=timedelta(seconds=each)) for each in (0, 3, 3, 6)] == [
        waits for each in told for waits in each.settling
    ]


def test_whoever_watches_is_told_that_nothing_came_in() -> None:
    """So that somebody who waits sees what for; what is late is told as such, and not looked at again."""
    never = threading.Event()
    told: list[Progress] = []

    run = a_run(
        a_check("a.b[c]", look=lambda _: never.wait(30)),
        world=SmallWorld(clock=RealClock()),
        deadline=timedelta(seconds=0.1),
        wait=timedelta(seconds=0.6),
        retries=1,
        watch=told.append,
    )
    never.set()

    assert Progress(result=None, left=("a.b[c]",)) == told[0]
    assert [LATE] == [each.actual.removeprefix("could not look: ") for each in run.results[0].attempts]


def test_who_watches_is_told_nothing_when_there_is_nothing_new() -> None:
    """One result, and the end of the round."""
    told: list[Progress] = []

    run = a_run(a_check(), watch=told.append)

    assert [Progress(result=run.results[0], left=()), Progress(result=None, left=())] == told


def test_a_control_that_hangs_is_not_waited_for_beyond_the_deadline() -> None:
    """It is unseen, as if there had been no answer."""
    never = threading.Event()
    hangs = a_control(look=lambda _: (not never.wait(0.7), "too late"))

    run = a_run(
        a_check("a.b[c]", look=lambda _: never.wait(30)),
        controls=[hangs],
        world=SmallWorld(clock=RealClock()),
        deadline=timedelta(seconds=0.1),
    )
    never.set()

    assert ("unseen", LATE) == (run.controls[0].status, run.controls[0].actual)


def test_a_look_that_hangs_ends_at_the_deadline() -> None:
    """The hanging check is unknown, the others keep their results."""
    never = threading.Event()
    hangs = a_check("a.b[c]", look=lambda _: never.wait(30))

    run = a_run(hangs, a_check("x.y[z]"), world=SmallWorld(clock=RealClock()), deadline=timedelta(seconds=0.3))
    never.set()

    assert [("unknown", "could not look: it did not finish before the deadline"), ("pass", "yes")] == [
        (each.status, each.actual) for each in run.results
    ]
    assert 2 == exit_code(run)


@pytest.mark.parametrize(
    ("first", "status", "code"),
    (
        pytest.param("bad", "fail", 1, id="a failure"),
        pytest.param(CannotLook("AccessDenied"), "unknown", 2, id="a reason not to have looked"),
    ),
)
def test_what_was_seen_stands_when_there_is_no_time_to_look_again(first: object, status: str, code: int) -> None:
    """The second look is told among the attempts, and takes nothing away; nor does it from a control."""
    never = threading.Event()

    def hanging_on(*answers: object) -> Callable[[Any], Any]:
        told = InTurn([*answers, None])
        return lambda world: answer if (answer := told(world)) is not None else never.wait(30)

    lost = a_control(look=hanging_on((False, "a stranger answered")))
    run = a_run(
        a_check("a.b[c]", look=hanging_on(first), judge=_by_answer, instrument="http"),
        controls=[lost],
        world=SmallWorld(clock=RealClock()),
        deadline=timedelta(seconds=0.5),
        retries=1,
    )
    never.set()

    result = run.results[0]
    assert (status, [status, "unknown"]) == (result.status, [each.status for each in result.attempts])
    assert LATE not in result.actual
    assert f"could not look: {LATE}" == result.attempts[1].actual
    assert ("wrong", "a stranger answered") == (run.controls[0].status, run.controls[0].actual)
    assert code == exit_code(replace(run, void=()))


def test_an_interruption_keeps_what_is_known() -> None:
    """Ctrl-C ends the looking; results that came in before stay, the rest is unknown, the code is 130."""
    never = threading.Event()

    def watch(progress: Any) -> None:  # noqa: ANN401 - Progress
        if progress.result is not None:
            raise KeyboardInterrupt

    run = a_run(
        a_check("a.b[c]"),
        a_check("x.y[z]", look=lambda _: never.wait(30)),
        watch=watch,
        world=SmallWorld(clock=RealClock()),
    )
    never.set()

    seen = {each.name: (each.status, each.actual) for each in run.results}
    unseen = "could not look: the run was interrupted before it was looked at"
    assert {"a.b[c]": ("pass", "yes"), "x.y[z]": ("unknown", unseen)} == seen
    assert 130 == exit_code(run)


def _recovered_of(*checks: Any, allowed: float) -> Any:  # noqa: ANN401 - checks and a result
    watched = stack.recovered(Place(subject="here"), allowed=allowed)
    run = a_run(*checks, watched, retries=1)
    return next(each for each in run.results if each.check.promise is stack.recovered)


@pytest.mark.parametrize(
    ("allowed", "status"), ((0.5, "pass"), (0.49, "fail")), ids=["exactly enough", "a little less"]
)
def test_too_many_second_looks_are_news(allowed: float, status: str) -> None:
    """Of two checks one recovered, which is half of them; the check that counts is not counted."""
    flaky = a_check("a.b[c]", look=InTurn([CannotLook("lost"), "good"]), judge=_by_answer)

    result = _recovered_of(flaky, a_check("x.y[z]"), allowed=allowed)

    assert (status, "1 recovered: a.b[c]") == (result.status, result.actual)
    assert 1 == len(result.attempts)


def test_no_second_look_is_no_news() -> None:
    """Nothing recovered is within any budget, also within none."""
    result = _recovered_of(a_check(), allowed=0.0)

    assert ("pass", "0 recovered") == (result.status, result.actual)


# --- controls ---------------------------------------------------------------------------------


def _unseen(_: object) -> tuple[bool, str]:
    raise CannotLook("no network")


def test_controls_that_hold_change_nothing() -> None:
    """A proven instrument is believed."""
    assert 0 == exit_code(a_run(a_check(), controls=[a_control()]))


def test_an_instrument_that_is_wrong_today_voids_the_run() -> None:
    """If it calls the bad good, nothing it says counts."""
    wrong = a_control("aws.known-bad", known="bad", look=lambda _: (False, "it was let in"))

    run = a_run(a_check(), controls=[a_control(), wrong])

    assert 3 == exit_code(run)
    assert "it was let in" in run.void[0]


def test_an_unproven_instrument_makes_its_checks_unknown() -> None:
    """Even its passes are not believed; checks of other instruments keep theirs."""
    checks = [a_check("a.b[c]"), a_check("x.y[z]", instrument="dns")]

    run = a_run(*checks, controls=[a_control(look=_unseen)])

    assert [("unknown", "pass"), ("pass", None)] == [(each.status, each.own_verdict) for each in run.results]
    assert 2 == exit_code(run)


def test_an_unproven_instrument_does_not_turn_a_failure_into_one() -> None:
    """Silence seen by a deaf instrument is unknown, not fail."""
    run = a_run(a_check(judge=broken, instrument="http"), controls=[a_control(instrument="http", look=_unseen)])

    assert ("unknown", "fail") == (run.results[0].status, run.results[0].own_verdict)


def test_what_nobody_saw_is_not_doubted_besides() -> None:
    """It says why it could not be seen, whatever was proven."""
    result = a_run(a_check(look=_refuse), controls=[a_control(look=_unseen)]).results[0]

    assert ("could not look: AccessDenied", None) == (result.actual, result.own_verdict)


@pytest.mark.parametrize(
    ("name", "instrument", "vantage", "status"),
    (
        pytest.param("dns.zone[a]", "dns", "", "unknown", id="of its instrument"),
        pytest.param("dns.zone[a]", "tls", "", "pass", id="of another one"),
        pytest.param("dns.zone[a]", "dns", "clock", "pass", id="of the place, which it does not rely on"),
        pytest.param("tls.expiry[a]", "tls", "clock", "unknown", id="of the place, which it relies on"),
        pytest.param("tls.expiry[a]", "http", "clock", "unknown", id="of the place, seen with another instrument"),
        pytest.param("tls.expiry[a]", "tls", "ipv6", "pass", id="of something else about the place"),
    ),
)
def test_a_control_speaks_for_its_instrument_or_for_who_relies_on_the_place(
    name: str,
    instrument: Any,  # noqa: ANN401 - a literal
    vantage: str,
    status: str,
) -> None:
    """One that measures the place says nothing of the instrument with which it does."""
    unseen = replace(a_control(look=_unseen, instrument=instrument), vantage=vantage)
    family: Any = name.partition(".")[0]

    run = a_run(
        a_check(name, instrument=family), controls=[unseen], needs=(Need(check="tls.expiry[*]", capability="clock"),)
    )

    assert status == run.results[0].status


def test_a_control_that_holds_is_asked_once_and_one_that_is_unseen_as_often_as_a_check() -> None:
    """With one retry, that is twice."""
    held, unseen = InTurn([(True, "seen")]), InTurn([CannotLook("lost")])

    a_run(a_check(), controls=[a_control("aws.held", look=held), a_control("aws.unseen", look=unseen)], retries=1)

    assert (1, 2) == (len(held.asked), len(unseen.asked))


def test_a_control_is_given_another_chance() -> None:
    """One lost packet must not make an instrument unproven."""
    look = InTurn([CannotLook("lost"), (True, "seen")])

    run = a_run(a_check(), controls=[a_control(look=look)], retries=1)

    assert ("held", 0) == (run.controls[0].status, exit_code(run))


# --- waivers and roots ------------------------------------------------------------------------


def _waiver(check: str = "tables.*", expires: datetime = NOON + timedelta(days=1)) -> Waiver:
    return Waiver(check=check, owner="platform", reason="being replaced", expires=expires)


def test_a_live_waiver_opens_the_gate_and_is_counted() -> None:
    """The result still says fail, and who decided to live with it; up to the last moment."""
    run = a_run(a_check(judge=broken), waivers=[_waiver(expires=NOON)])

    assert ("fail", "platform", 0) == (run.results[0].status, run.results[0].waiver.owner, exit_code(run))  # type: ignore[union-attr]  # waived


@pytest.mark.parametrize(
    "waiver",
    (_waiver(expires=NOON - timedelta(seconds=1)), _waiver(check="alarms.*")),
    ids=["a second too late", "another check"],
)
def test_a_waiver_that_has_ended_or_is_for_another_check_does_nothing(waiver: Waiver) -> None:
    """Muting has an end and a subject."""
    assert 1 == exit_code(a_run(a_check(judge=broken), waivers=[waiver]))


def test_a_pass_carries_no_waiver() -> None:
    """There is nothing to live without."""
    assert None is a_run(a_check(), waivers=[_waiver()]).results[0].waiver


def test_living_without_the_root_is_living_with_its_consequences() -> None:
    """A waived root does not leave the gate shut by what it explains."""
    checks = [a_check("tables.present[U]", judge=broken), a_check("tables.pitr[U]", judge=broken)]
    stands = [Dependency("tables.pitr[*]", "tables.present[{subject}]")]

    run = a_run(*checks, dependencies=stands, waivers=[_waiver("tables.present[U]")])

    assert ["fail", "blocked"] == [each.status for each in run.results]
    assert 0 == exit_code(run)


def test_a_consequence_alone_can_not_be_waived_into_a_green() -> None:
    """The root still closes the gate."""
    checks = [a_check("tables.present[U]", judge=broken), a_check("tables.pitr[U]", judge=broken)]
    stands = [Dependency("tables.pitr[*]", "tables.present[{subject}]")]

    assert 1 == exit_code(a_run(*checks, dependencies=stands, waivers=[_waiver("tables.pitr[U]")]))


def test_void_comes_before_failure_and_failure_before_doubt() -> None:
    """The first that holds: 130, 3, 1, 2, 0."""
    doubt, failure = a_check("a.b[c]", look=_refuse), a_check("x.y[z]", judge=broken)

    both = a_run(doubt, failure)

    assert 1 == exit_code(both)
    assert 3 == exit_code(replace(both, void=("why",)))
    assert 130 == exit_code(replace(both, void=("why",), interrupted=True))


def test_maintenance_hides_what_is_broken_from_whoever_is_called_and_from_nobody_else() -> None:
    """What nobody waived and is no pass is marked; the counts tell it as ever."""
    flaky = a_check("api.health[x]", look=InTurn([CannotLook("lost"), "good"]), judge=_by_answer)
    checks = (a_check("a.b[c]", judge=broken), a_check("tables.keys[U]", judge=broken), a_check("x.y[z]"), flaky)

    quiet = a_run(*checks, waivers=[_waiver()], quiet="moving house", retries=1)
    loud = replace(quiet, terms=replace(quiet.terms, quiet=""))

    assert (["a.b[c]"], ()) == ([each.name for each in suppressed(quiet)], suppressed(loud))
    assert {
        "pass": 2, "fail": 2, "not_yet": 0, "unknown": 0, "blocked": 0, "recovered": 1, "waived": 1,
    } == counts(quiet.results)  # fmt: skip
