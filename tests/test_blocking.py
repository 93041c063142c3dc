"""The root is reported once."""

from datetime import UTC, datetime
from typing import Any

from checks.blocking import Dependency, block
from checks.model import Place, Result, Severity, Sight, Status, Verdict, promise

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
DEPENDENCIES = (
    Dependency("tables.*[*]", "tables.present[{subject}]"),
    Dependency("tables.*[*]", "identity.caller[*]"),
    Dependency("api.*[*]", "tables.present[*]"),
    Dependency("api.*[*]", "dns.address[{host}]"),
    Dependency("dns.address[*]", "dns.delegation[*]"),
)


def _result(name: str, status: Status = "pass", severity: Severity = "critical") -> Result:
    """A result with just a name, a status and a weight."""
    family, _, subject = name.partition("[")

    def bind() -> Sight:
        return Sight(look=lambda _: None, judge=lambda *_: Verdict.passed(expected="", actual=""))

    made: Any = promise(family, says=family, severity=severity, instrument="aws")(bind)
    return Result(
        check=made(Place(subject=subject.removesuffix("]"))),
        status=status,
        expected="",
        actual="",
        remedy="",
        evidence=None,
        attempts=(),
        started=NOON,
        seconds=0.0,
    )


def _told(*results: Result) -> dict[str, tuple[str, str | None]]:
    return {each.name: (each.status, each.blocked_by) for each in block(results, DEPENDENCIES)}


def test_a_consequence_names_its_root_and_keeps_its_own_verdict() -> None:
    """What fails because its table is gone is blocked behind the table, and says that it had failed."""
    root, consequence = block((_result("tables.present[U]", "fail"), _result("tables.pitr[U]", "fail")), DEPENDENCIES)

    assert ("fail", None, None) == (root.status, root.blocked_by, root.own_verdict)
    assert ("blocked", "tables.present[U]", "fail") == (
        consequence.status,
        consequence.blocked_by,
        consequence.own_verdict,
    )


def test_what_passes_on_its_own_evidence_stays_passed() -> None:
    """A check that depends on a broken one and passes all the same was right."""
    told = _told(_result("tables.present[U]", "fail"), _result("tables.pitr[U]", "pass"))

    assert ("pass", None) == told["tables.pitr[U]"]


def test_another_subject_is_not_a_reason() -> None:
    """A missing table explains nothing about its neighbour."""
    told = _told(_result("tables.present[U]", "fail"), _result("tables.pitr[V]", "fail"))

    assert ("fail", None) == told["tables.pitr[V]"]


def test_the_root_is_found_through_several_storeys() -> None:
    """The delegation is named, not the address in between."""
    told = _told(
        _result("dns.delegation[e.org]", "fail"),
        _result("dns.address[e.org]", "fail"),
        _result("api.health[e.org/api/health]", "fail"),
    )

    assert ("blocked", "dns.delegation[e.org]") == told["dns.address[e.org]"]
    assert ("blocked", "dns.delegation[e.org]") == told["api.health[e.org/api/health]"]


def test_a_warning_is_never_a_root() -> None:
    """Only a critical check may explain others away."""
    told = _told(_result("tables.present[U]", "fail", "warning"), _result("tables.pitr[U]", "fail"))

    assert ("fail", None) == told["tables.pitr[U]"]


def test_what_could_not_be_looked_at_explains_only_what_could_not_be_looked_at() -> None:
    """Without credentials every table is unknown for one reason; a failure that was seen is not explained by it."""
    told = _told(
        _result("identity.caller[1]", "unknown"),
        _result("tables.present[U]", "unknown"),
        _result("tables.pitr[U]", "fail"),
    )

    assert ("blocked", "identity.caller[1]") == told["tables.present[U]"]
    assert ("fail", None) == told["tables.pitr[U]"]


def test_what_still_settles_explains_a_failure() -> None:
    """A table that is being made explains why it has no recovery yet."""
    told = _told(_result("tables.present[U]", "not_yet"), _result("tables.pitr[U]", "fail"))

    assert ("blocked", "tables.present[U]") == told["tables.pitr[U]"]


def test_of_two_roots_the_first_in_plan_order_is_named() -> None:
    """One name, always the same one."""
    told = _told(
        _result("tables.present[U]", "fail"),
        _result("tables.present[V]", "fail"),
        _result("api.deep[e.org/deep]", "fail"),
    )

    assert ("blocked", "tables.present[U]") == told["api.deep[e.org/deep]"]
