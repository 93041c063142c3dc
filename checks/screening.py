"""What a web ACL does with requests, rule by rule and in few words: alike for a template and for an answer of AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks import intent
from checks.model import Unresolved

OTHERWISE = "otherwise"
# How ARNs of AWS WAF write a scope (Service Authorization Reference, "AWS WAF V2").
_IN_ARNS: Mapping[str, str] = {"REGIONAL": "regional", "CLOUDFRONT": "global"}
# What of a statement says whom a rule means: more of it comes back otherwise than it was told, or with defaults.
_TELLING: Mapping[str, tuple[str, ...]] = {
    "ManagedRuleGroupStatement": ("VendorName", "Name"),
    "RuleGroupReferenceStatement": ("Arn", "ARN"),
    "IPSetReferenceStatement": ("Arn", "ARN"),
    "RegexPatternSetReferenceStatement": ("Arn", "ARN"),
    "RateBasedStatement": ("Limit",),
    "GeoMatchStatement": ("CountryCodes",),
}


def arn_end(kind: str, physical_id: str) -> str:
    """The last part of the ARN of what has the id ``name|id|scope``; empty for an id of another shape."""
    name, key, scope = (*physical_id.split("|"), "", "", "")[:3]
    where = _IN_ARNS.get(scope, "")
    return f"{where}/{kind}/{name}/{key}" if where and physical_id.count("|") == 2 else ""  # noqa: PLR2004 - three parts


def names(acl: object) -> tuple[str, ...]:
    """The names of its rules, as far as they are known."""
    return tuple(name for rule in intent.items(acl, "Rules") if (name := intent.text(rule, "Name")))


def nameless(acl: object) -> Iterator[str]:
    """Why some of its rules cannot be told by their names."""
    yield from (f"rules: {why}" for why in intent.gaps(intent.part(acl, "Rules")) if not intent.items(acl, "Rules"))
    for rule in intent.items(acl, "Rules"):
        yield from (f"a rule: {why}" for why in intent.gaps(intent.part(rule, "Name")))


def words(acl: object) -> dict[str, object]:
    """What it does with each request, word by word: ``otherwise``, and four words of each rule behind its name.

    A value that could not be resolved stays so; None is what nothing is said about.
    """
    found: dict[str, object] = {OTHERWISE: _first(intent.part(acl, "DefaultAction"))}
    for rule in intent.items(acl, "Rules"):
        if name := intent.text(rule, "Name"):
            found |= {f"{name} {word}": value for word, value in _rule(rule).items()}
    return found


def rule_of(word: str) -> str:
    """The name of the rule that *word* is of; names have no spaces. Empty for the one that is of none."""
    return word.partition(" ")[0] if " " in word else ""


def _rule(rule: object) -> dict[str, object]:
    action, override = intent.part(rule, "Action"), intent.part(rule, "OverrideAction")
    statement = intent.part(rule, "Statement")
    kind = _first(statement)
    inside = intent.part(statement, kind) if isinstance(kind, str) else statement
    return {
        "priority": intent.part(rule, "Priority"),
        "action": _first(override if action is None else action),
        "means": _together([kind, *(intent.part(inside, key) for key in _TELLING.get(str(kind), ()))]),
        "spares": _spared(inside),
    }


def _spared(group: object) -> object:
    """The rules of a group that do otherwise than the group's owner said. An excluded rule is one that counts."""
    excluded, overridden = intent.part(group, "ExcludedRules"), intent.part(group, "RuleActionOverrides")
    if whys := intent.gaps([excluded, overridden]):
        return Unresolved(whys[0])
    spared = [f"{intent.text(each, 'Name')}:Count" for each in intent.items(excluded)]
    spared += [
        f"{intent.text(each, 'Name')}:{_first(intent.part(each, 'ActionToUse'))}" for each in intent.items(overridden)
    ]
    return intent.plain(spared)


def _together(parts: list[object]) -> object:
    whys = intent.gaps(parts)
    return Unresolved(whys[0]) if whys else " ".join(intent.plain(each) for each in parts if each is not None)


def _first(said: object) -> object:
    """The word of what is said as ``{"Block": {…}}``."""
    if isinstance(said, Mapping):
        return next((str(key) for key, each in said.items() if each is not None), None)
    return said if isinstance(said, Unresolved) else None
