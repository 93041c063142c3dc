"""What a template intends: its resolved properties read part by part, any of which may be Unresolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from checks.model import Resource, Target, Unresolved
from checks.wording import left_out

DISTRIBUTION = "AWS::CloudFront::Distribution"

# What a template says of one thing, word by word; a word that could not be resolved is not among them.
Words = tuple[tuple[str, str], ...]


def part(value: object, *path: str) -> object:
    """What *path* leads to; None where the template is silent, Unresolved where the way there is not known."""
    for key in path:
        if isinstance(value, Unresolved):
            return value
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def text(value: object, *path: str) -> str:
    """A plain text or number as text; empty for anything else, Unresolved included."""
    found = part(value, *path)
    if isinstance(found, bool):
        return str(found).lower()
    return str(found) if isinstance(found, str | int | float) else ""


def items(value: object, *path: str) -> tuple[object, ...]:
    """The members of a list, Unresolved ones too; empty for anything else."""
    found = part(value, *path)
    if isinstance(found, Sequence) and not isinstance(found, str | bytes):
        return tuple(found)
    return ()


def texts(value: object, *path: str) -> tuple[str, ...]:
    """The plain texts of a list, the others left out."""
    return tuple(each for each in items(value, *path) if isinstance(each, str))


def gaps(value: object, *path: str) -> tuple[str, ...]:
    """Why parts below *path* could not be resolved; empty when all of them could."""
    found = part(value, *path)
    if isinstance(found, Unresolved):
        return (found.why,)
    if isinstance(found, Mapping):
        return tuple(why for each in found.values() for why in gaps(each))
    return tuple(why for each in items(found) for why in gaps(each))


def aliases(distribution: Resource) -> tuple[str, ...]:
    """The names that the template gives a distribution, in lower case, as far as they are known."""
    return tuple(name.lower() for name in texts(distribution.properties, "DistributionConfig", "Aliases"))


def serving(target: Target, host: str) -> Resource | None:
    """The distribution that is meant to serve *host*: the one with that alias, or the only one there is."""
    every = target.of_type(DISTRIBUTION)
    for each in every:
        if host in aliases(each):
            return each
    return every[0] if len(every) == 1 else None


def attached(distribution: Resource) -> str:
    """The certificate that the template attaches: an ARN or IAM's id, empty when there is none or it is unknown."""
    viewer = part(distribution.properties, "DistributionConfig", "ViewerCertificate")
    return text(viewer, "AcmCertificateArn") or text(viewer, "IamCertificateId")


def hostname(name: str) -> str:
    """A name as it is compared: lower case, without the root's dot."""
    return name.rstrip(".").lower()


def above(name: str) -> Iterator[str]:
    """The names above *name*, nearest first, without the root: ``shop.test`` and ``test`` for ``www.shop.test``."""
    labels = name.split(".")
    return (".".join(labels[start:]) for start in range(1, len(labels)))


def zone_id(text: str) -> str:
    """A hosted zone's id without the path that some answers put in front of it."""
    return text.rpartition("/")[2]


def known(parts: Mapping[str, object]) -> tuple[Words, tuple[str, ...]]:
    """What is known of *parts* as text, and why the rest is not."""
    missing = {word: gaps(value) for word, value in parts.items()}
    words = tuple((word, plain(value)) for word, value in parts.items() if not missing[word])
    return words, tuple(f"{word}: {why}" for word, every in missing.items() for why in every)


def plain(value: object) -> str:
    """A value as the text that is compared: the order of a list does not count, nothing is empty."""
    if isinstance(value, tuple | list):
        return " ".join(sorted(str(each) for each in value))
    return "" if value is None else str(value)


def differences(wanted: Words, there: Mapping[str, str]) -> list[str]:
    """What is otherwise, as it is there."""
    return [f"{word} {there.get(word) or 'none'}" for word, value in wanted if there.get(word, "") != value]


def said(words: Words) -> str:
    """``origin api, viewer https-only``; words without a value are left out."""
    return ", ".join(f"{word} {value}" for word, value in words if value)


def without(expected: str, gaps: tuple[str, ...]) -> str:
    """*expected*, and what was not compared because the template could not be resolved there."""
    return expected + left_out(gaps)
