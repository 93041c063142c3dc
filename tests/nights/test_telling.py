"""Who is told what, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from checks.nights.telling import VOID, Around, Incident, Message, decide
from checks.target.settings import Maintenance
from tests.nights.made import NIGHT, document, result

AROUND = Around(owners={"tables": "data@shop.example"}, link="https://evidence.example/run")
DAY = timedelta(days=1)


def told(*nights: dict[str, Any], around: Around = AROUND) -> list[list[Message]]:
    """What is said after each of *nights*, one a day."""
    incident, said = Incident(), []
    for number, night in enumerate(nights):
        incident, messages = decide(incident, night, NIGHT + number * DAY, around)
        said.append(list(messages))
    return said


def broken(*names: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any key of a result
    """A night in which these fail and another passes."""
    return document(*(result(each, "fail", **more) for each in names), result("dns.zone[shop]"))


def test_one_incident_is_one_message_and_one_recovery() -> None:
    """Nobody is told every night what they know, and everybody is told that it is over."""
    said = told(document(), broken("tables.pitr[Users]"), broken("tables.pitr[Users]"), document(), document())

    assert [0, 1, 0, 1, 0] == [len(each) for each in said]
    assert ("page", "BROKEN shop: tables.pitr[Users]") == (said[1][0].topic, said[1][0].subject)
    assert ("page", "RECOVERED shop: all 1 over") == (said[3][0].topic, said[3][0].subject)


def test_a_message_says_what_a_person_needs() -> None:
    """Owner, promise, what was seen, what to do, how to look again, and where the evidence is."""
    text = told(broken("tables.pitr[Users]"))[0][0].text

    for part in (
        "For data@shop.example:",
        "FAIL  tables.pitr[Users]",
        "actual    DISABLED",
        "do        enable it",
        "repeat    python -m checks verify --target shop --only 'tables.pitr[Users]'",
        "evidence  https://evidence.example/run",
    ):
        assert part in text


def test_a_new_root_rings_again_and_names_what_is_known() -> None:
    """What got worse is news; what was told before is one line."""
    said = told(broken("tables.pitr[Users]"), broken("tables.pitr[Users]", "tls.expiry[shop]"))

    assert "BROKEN shop: tls.expiry[shop]" == said[1][0].subject
    assert "Still open, told before: tables.pitr[Users]" in said[1][0].text


def test_the_incident_is_over_when_all_of_it_is() -> None:
    """Half a repair is no recovery."""
    said = told(broken("tables.pitr[Users]", "tls.expiry[shop]"), broken("tls.expiry[shop]"), document())

    assert [1, 0, 1] == [len(each) for each in said]
    assert "all 2 over" in said[2][0].subject


def test_what_could_not_be_seen_is_not_healed() -> None:
    """Unknown after a failure is a failure that nobody looked at."""
    unseen = document(result("tables.pitr[Users]", "unknown"), result("dns.zone[shop]"))

    assert [1, 0, 0, 1] == [len(each) for each in told(broken("tables.pitr[Users]"), unseen, unseen, document(
        result("tables.pitr[Users]"), result("dns.zone[shop]")))]  # fmt: skip


def test_a_void_run_rings_for_itself_and_heals_nothing() -> None:
    """It proves nothing, so it neither accuses a check nor acquits one."""
    void = document(result("tls.expiry[shop]", "fail"), void=["control dns.zone was wrong"])
    said = told(broken("tables.pitr[Users]"), void, document())

    assert [1, 1, 1] == [len(each) for each in said]
    assert f"VOID shop: {VOID}" == said[1][0].subject.partition(" and")[0]
    assert "RECOVERED" in said[2][0].subject


def test_a_warning_can_wait_for_the_morning() -> None:
    """The notice topic; a critical root wakes people, and takes the warnings of that night along."""
    warned = broken("tables.billing[Users]", severity="warning")
    both = document(result("tables.pitr[Users]", "fail"), result("tables.billing[Users]", "fail", severity="warning"))

    assert "notice" == told(warned)[0][0].topic
    assert "page" == told(both)[0][0].topic


def test_a_subject_names_what_wakes_people() -> None:
    """A warning that comes first in the plan is one of the others."""
    both = document(result("stack.recovered[shop]", "fail", severity="warning"), result("tables.pitr[Users]", "fail"))

    assert "BROKEN shop: tables.pitr[Users] and 1 more" == told(both)[0][0].subject


def test_what_gets_graver_rings_again() -> None:
    """A warning that turned critical was told too quietly."""
    said = told(broken("tables.pitr[Users]", severity="warning"), broken("tables.pitr[Users]"))

    assert ["notice", "page"] == [each[0].topic for each in said]


def test_roots_that_saw_the_same_are_one_block() -> None:
    """One refusal makes fifty checks unknown, and is one thing to repair."""
    night = document(*(result(f"tables.present[T{number}]", "unknown", actual="AccessDenied") for number in range(50)))
    text = told(night)[0][0].text

    assert 1 == text.count("AccessDenied")
    assert "likewise  tables.present[T1]" in text
    assert "and 41 more" in text


def test_who_was_woken_is_told_when_it_is_over_although_a_smaller_thing_was_over_last() -> None:
    """The critical root is mended first, a warning a night later: the recovery goes where the alarm went."""
    both = document(result("tables.pitr[Users]", "fail"), result("logs.kept[Api]", "fail", severity="warning"))
    one = document(result("tables.pitr[Users]"), result("logs.kept[Api]", "fail", severity="warning"))
    none = document(result("tables.pitr[Users]"), result("logs.kept[Api]"))

    assert [["page"], [], ["page"]] == [[one.topic for one in each] for each in told(both, one, none)]


@pytest.mark.parametrize(("offset", "rings"), ((-1, 1), (0, 0), (3599, 0), (3600, 1)))
def test_in_maintenance_nobody_is_woken(offset: int, rings: int) -> None:
    """Both ends of the window, to the second."""
    quiet = Maintenance(starts=NIGHT, ends=NIGHT + timedelta(hours=1), reason="r", owner="o")
    _, said = decide(
        Incident(), broken("tables.pitr[Users]"), NIGHT + timedelta(seconds=offset), Around(maintenance=quiet)
    )

    assert rings == len(said)


def test_what_is_still_broken_after_maintenance_rings_then() -> None:
    """Nothing is forgotten, only postponed."""
    around = Around(maintenance=Maintenance(starts=NIGHT, ends=NIGHT + DAY, reason="r", owner="o"))
    night = broken("tables.pitr[Users]")

    assert [0, 1] == [len(each) for each in told(night, night, around=around)]


def test_a_subject_is_what_sns_takes() -> None:
    """At most 100 characters of ASCII on one line, whatever a check is called."""
    subject = told(broken("tables.pitr[" + "Nützer\n" * 40 + "]"))[0][0].subject

    assert len(subject) <= 100
    assert subject.isascii()
    assert subject.isprintable()


def test_a_waiver_ends_an_incident() -> None:
    """Somebody decided to live with it."""
    waived = result("tables.pitr[Users]", "fail", waiver={"owner": "o", "reason": "r", "expires": "2030-01-01"})

    assert "RECOVERED" in told(broken("tables.pitr[Users]"), document(waived))[1][0].subject
