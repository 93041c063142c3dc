"""Names and the patterns that match them."""

import pytest

from checks.naming import fill, fits, glob, host_of, subject_of


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    (
        ("*", "tables.pitr[Data/Users]", True),
        ("tables.*", "tables.pitr[Data/Users]", True),
        ("tables.pitr[*]", "tables.pitr[Data/Users]", True),
        ("tables.pitr[Data/Users]", "tables.pitr[Data/Users]", True),
        ("tables.pitr", "tables.pitr[Data/Users]", False),
        ("*Users]", "tables.pitr[Data/Users]", True),
        ("tables.pitr[D?ta/Users]", "tables.pitr[Data/Users]", False),
        ("tables.pitr.Data.", "tables.pitr[Data]", False),
        ("*", "a name\nof two lines", True),
    ),
)
def test_only_the_star_is_special(pattern: str, name: str, expected: bool) -> None:  # noqa: FBT001 - a table of truths
    """Brackets, dots and question marks in a pattern stand for themselves."""
    assert expected == glob(pattern, name)
    assert expected == fits(("another", pattern))(name)
    assert not fits(("another", "an*r"))(name)


def test_a_name_has_a_subject_and_a_host() -> None:
    """The subject is what stands between the brackets, the host its part before the first slash."""
    name = "api.health[example.org/api/health]"

    assert ("example.org/api/health", "example.org") == (subject_of(name), host_of(name))


def test_a_pattern_is_filled_from_the_name_that_depends() -> None:
    """``{subject}`` and ``{host}`` are those of the check that stands on another."""
    name = "cdn.page[example.org/jobs]"

    assert "dns.address[example.org]" == fill("dns.address[{host}]", name)
    assert "x[example.org/jobs]" == fill("x[{subject}]", name)
