from __future__ import annotations

import pytest

from checks import intent
from checks.model import Resource, Unresolved
from tests.promises.worlds import APEX, CERTIFICATE_ARN, WWW, distribution_resource, resource, target

WHY = Unresolved("Fn::ImportValue X")


@pytest.mark.parametrize(
    ("value", "part", "text"),
    (
        pytest.param({"a": {"b": "c"}}, "c", "c", id="there"),
        pytest.param({"a": {"b": 7}}, 7, "7", id="a number"),
        pytest.param({"a": {"b": True}}, True, "true", id="a truth"),
        pytest.param({"a": {"b": ["c"]}}, ["c"], "", id="a list"),
        pytest.param({"a": {}}, None, "", id="not there"),
        pytest.param({"a": "b"}, None, "", id="no way there"),
        pytest.param({"a": WHY}, WHY, "", id="not known on the way"),
        pytest.param({"a": {"b": WHY}}, WHY, "", id="not known"),
        pytest.param(None, None, "", id="nothing"),
    ),
)
def test_a_part_is_there_or_not_or_not_known(value: object, part: object, text: str) -> None:
    """Three answers that are not mistaken for one another."""
    assert part == intent.part(value, "a", "b")
    assert text == intent.text(value, "a", "b")


def test_gaps_are_found_wherever_they_are() -> None:
    """In lists, in maps, on the way."""
    assert (WHY.why,) * 3 == intent.gaps({"a": [1, WHY], "b": {"c": WHY}, "d": WHY})
    assert (WHY.why,) == intent.gaps({"a": WHY}, "a", "b")
    assert () == intent.gaps({"a": "b", "c": b"d", "e": None})


def test_lists_are_read_as_far_as_they_are_known() -> None:
    """A text is no list."""
    assert ("a",) == intent.texts({"x": ["a", WHY, 1]}, "x")
    assert (("a", WHY), ()) == (intent.items(["a", WHY]), intent.items("abc"))


def _other() -> Resource:
    return resource(intent.DISTRIBUTION, {"DistributionConfig": {"Aliases": ["OTHER.test"]}}, subject="Other")


def test_a_host_is_served_by_the_distribution_that_names_it() -> None:
    """Or by the only one there is."""
    both = target(_other(), distribution_resource())

    found = [intent.serving(both, host) for host in (APEX, "other.test", "nobody.test")]

    assert ["Site/Distribution", "Other", None] == [each and each.subject for each in found]
    assert intent.serving(target(_other()), APEX) == _other()
    assert intent.serving(target(), APEX) is None


def test_the_attached_certificate_is_an_arn_or_an_id_of_iam() -> None:
    """Empty when there is none."""
    named = distribution_resource({"ViewerCertificate": {"IamCertificateId": "ASC1"}})

    every = [intent.attached(each) for each in (distribution_resource(), named, distribution_resource({}))]

    assert [CERTIFICATE_ARN, "ASC1", ""] == every


def test_what_is_known_is_compared_and_the_rest_is_said() -> None:
    """Word by word; a list in any order."""
    wanted, left_out = intent.known({"a": ["y", "x"], "b": None, "c": WHY, "d": "z"})

    assert (("a", "x y"), ("b", ""), ("d", "z")) == wanted
    assert ("c: Fn::ImportValue X",) == left_out
    assert ["b 1", "d none"] == intent.differences(wanted, {"a": "x y", "b": "1"})
    assert "a x y, d z" == intent.said(wanted)
    assert "it (not compared: c: Fn::ImportValue X)" == intent.without("it", left_out)
    assert "it" == intent.without("it", ())


def test_names_above_a_name() -> None:
    """Nearest first, without the root."""
    assert [APEX, "test"] == list(intent.above(WWW))
    assert [] == list(intent.above("test"))
