"""Whether a resource policy lets an AWS service do one thing, or nobody use plain HTTP: what judges need of IAM.

Pure. What cannot be decided from the policy alone (a condition on something that only AWS knows) is said, never
guessed: an Allow counts only when it surely applies, and so does a Deny.

Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field

from checks.frozen import dataclass

# Keys that a request made by a service itself never carries ("AWS global condition context keys").
_NEVER_SENT = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:username",
    }
)
# Conditions that hold for whoever is another, or sends no such key at all.
_LAX = re.compile(r"not|null|ifexists|forallvalues", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a service wants to do. *context* are the condition keys that it sends, in lower case."""

    service: str
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome, and the sentence that says which statement made it."""

    allowed: bool
    why: str


@functools.cache
def _wildcards(pattern: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    return re.compile("".join(signs.get(sign) or re.escape(sign) for sign in pattern), re.DOTALL)


def like(pattern: str, text: str) -> bool:
    """Whether *text* fits *pattern*, in which ``*`` is any run of characters and ``?`` is one."""
    return _wildcards(pattern).fullmatch(text) is not None


def decide(policy: str, request: Request) -> Decision:
    """Whether the JSON text *policy* lets *request* through, as far as the text can say."""
    statements = _statements(policy)
    if not statements:
        return Decision(allowed=False, why="the policy has no statement that can be read")
    judged = [(each, _applies(each, request)) for each in statements]
    denied = next((each for each, holds in judged if holds and each.get("Effect") == "Deny"), None)
    if denied is not None:
        return Decision(allowed=False, why=f"denied by {_name(denied)}")
    allowed = next((each for each, holds in judged if holds and each.get("Effect") == "Allow"), None)
    if allowed is not None:
        return Decision(allowed=True, why=f"allowed by {_name(allowed)}")
    open_ones = [_name(each) for each, holds in judged if holds is None and each.get("Effect") == "Allow"]
    if open_ones:
        return Decision(
            allowed=False, why=f"only {', '.join(open_ones)} might allow it, on a condition that cannot be seen here"
        )
    return Decision(allowed=False, why="no statement allows it")


def opens_to_everybody(policy: str, *, account: str) -> tuple[str, ...]:
    """The statements that let everybody in, by their names: an Allow to all accounts that no condition narrows.

    A condition narrows when it names *account*, or a source, an organisation or a principal of one's own; one on
    ``aws:SecureTransport`` or on a public range of addresses does not.
    """
    return tuple(_name(each) for each in _statements(policy) if _lets_all_in(each, account))


def readable(policy: str) -> bool:
    """Whether there is a statement in it at all."""
    return bool(_statements(policy))


def opens_beyond(policy: str, *, accounts: tuple[str, ...]) -> tuple[str, ...]:
    """The statements that let in everybody, or somebody of another account than *accounts*, by their names."""
    return tuple(
        _name(each)
        for each in _statements(policy)
        if _lets_all_in(each, accounts[0]) or (each.get("Effect") == "Allow" and strangers(each, accounts))
    )


def accounts_of(policy: object) -> tuple[str, ...]:
    """The accounts that a template's own policy names as principals, sorted."""
    statements = _statements(json.dumps(policy, default=str)) if isinstance(policy, Mapping) else []
    return tuple(sorted({each for one in statements for each in _accounts(one) if each != "*"}))


def strangers(statement: Mapping[str, object], accounts: tuple[str, ...]) -> tuple[str, ...]:
    """The principals of *statement* that are of none of *accounts*; everybody is not one of them."""
    return tuple(each for each in _accounts(statement) if each not in {"*", *accounts})


def _accounts(statement: Mapping[str, object]) -> tuple[str, ...]:
    named = statement.get("Principal")
    texts = _texts(named.get("AWS")) if isinstance(named, dict) else ()
    return tuple(each.split(":")[4] if each.startswith("arn:") and each.count(":") > 4 else each for each in texts)  # noqa: PLR2004 - the fifth part of an ARN


def _lets_all_in(statement: Mapping[str, object], account: str) -> bool:
    named = statement.get("Principal")
    everybody = "*" in _texts(named.get("AWS")) if isinstance(named, dict) else named == "*"
    if statement.get("Effect") != "Allow" or not (everybody or "NotPrincipal" in statement):
        return False
    return not any(_narrows(key, values, account) for key, values in _required(statement.get("Condition")))


def _required(block: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The keys that a request has to carry with one of the values; what a negation or an absence fulfils is none."""
    for operator, keys in block.items() if isinstance(block, dict) else ():
        if not _LAX.search(operator) and isinstance(keys, dict):
            yield from ((key.lower(), _texts(value)) for key, value in keys.items())


def _narrows(key: str, values: tuple[str, ...], account: str) -> bool:
    if key in {"aws:sourceaccount", "aws:principalaccount", "aws:sourceowner", "aws:resourceaccount"}:
        return account in values
    if key in {"aws:sourcearn", "aws:principalarn"}:
        return all(f":{account}:" in each or each.startswith("arn:aws:s3:::") for each in values)
    if key == "lambda:functionurlauthtype":
        # NONE is an address that everybody may use.
        return "NONE" not in values
    return key in {"aws:principalorgid", "aws:sourcevpc", "aws:sourcevpce"}


def bars_plain_http(policy: str, *, service: str, resources: Iterable[str], action: str = "") -> Decision:
    """Whether *policy* denies everybody every action of *service*, or *action*, on each of *resources* over plain HTTP.

    A resource that ends in a slash stands for everything below it. Only a denial whose sole condition is
    ``aws:SecureTransport`` counts: with another one it does not hold for everybody.
    """
    sealing = [each for each in _statements(policy) if _bars_everybody(each, service, action)]
    through = [name for name in resources if not any(_spans(each, name) for each in sealing)]
    if through:
        return Decision(allowed=False, why=f"plain HTTP is not denied to everybody on {', '.join(through)}")
    return Decision(allowed=True, why=f"plain HTTP is denied by {', '.join(map(_name, sealing))}")


def opens_nothing(statement: Mapping[str, object], *, distributions: tuple[str, ...]) -> bool:
    """Whether nobody gains or loses by a *statement* that was added to a policy, as consoles and auditors add them.

    It denies what comes over plain HTTP and nothing else, or lets some of *distributions*, by their ARNs, read objects:
    those whose origins are judged as well, so that nothing is served by it. Another distribution, even of the same
    account, may show the objects to the world. Anything else opens something, or may shut out somebody.
    """
    return _denies_plain_http_alone(statement) or _lets_read(statement, distributions)


def _denies_plain_http_alone(statement: Mapping[str, object]) -> bool:
    block = statement.get("Condition")
    keys = {key for key, _ in _keys(block)}
    return (
        statement.get("Effect") == "Deny"
        and keys == {"aws:securetransport"}
        and _conditions(block, {"aws:securetransport": "true"}) is False
    )


def _lets_read(statement: Mapping[str, object], distributions: tuple[str, ...]) -> bool:
    sources = [values for key, values in _required(statement.get("Condition")) if key == "aws:sourcearn"]
    return (
        statement.get("Effect") == "Allow"
        and statement.get("Principal") == {"Service": "cloudfront.amazonaws.com"}
        and [each.lower() for each in _texts(statement.get("Action"))] == ["s3:getobject"]
        and any(values and set(values) <= set(distributions) for values in sources)
    )


def _keys(block: object) -> Iterator[tuple[str, object]]:
    for keys in block.values() if isinstance(block, dict) else ():
        yield from ((key.lower(), value) for key, value in keys.items()) if isinstance(keys, dict) else [("", keys)]


def _bars_everybody(statement: Mapping[str, object], service: str, action: str) -> bool:
    block = statement.get("Condition")
    actions = {pattern.lower() for pattern in _texts(statement.get("Action"))}
    return (
        statement.get("Effect") == "Deny"
        and _principal(statement, "") is True
        and bool(actions & {"*", f"{service}:*", action.lower() or "*"})
        and all(key == "aws:securetransport" for key, _ in _keys(block))
        and _conditions(block, {"aws:securetransport": "false"}) is True
    )


def _spans(statement: Mapping[str, object], resource: str) -> bool:
    patterns = _texts(statement.get("Resource"))
    return any(like(pattern, resource) and (resource[-1:] != "/" or pattern.endswith("*")) for pattern in patterns)


def _statements(policy: str) -> list[Mapping[str, object]]:
    try:
        document = json.loads(policy)
    except (ValueError, RecursionError):
        return []
    found = document.get("Statement") if isinstance(document, dict) else None
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]


def _name(statement: Mapping[str, object]) -> str:
    return f"statement {statement['Sid']}" if statement.get("Sid") else "a statement without a Sid"


def _applies(statement: Mapping[str, object], request: Request) -> bool | None:
    action = request.action.lower()
    return _all(
        (
            _named(statement, "Action", lambda pattern: like(pattern.lower(), action)),
            _named(statement, "Resource", lambda pattern: like(pattern, request.resource)),
            _principal(statement, request.service),
            _conditions(statement.get("Condition"), request.context),
        )
    )


def _all(parts: Iterable[bool | None]) -> bool | None:
    """False as soon as one part is, open as soon as one is open, else true."""
    known = tuple(parts)
    return False if False in known else None if None in known else True


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, str):
        return (value,)
    return tuple(text for each in value for text in _texts(each)) if isinstance(value, list) else ()


def _named(statement: Mapping[str, object], key: str, fits: Callable[[str], bool]) -> bool:
    if f"Not{key}" in statement:
        return not any(fits(pattern) for pattern in _texts(statement[f"Not{key}"]))
    return any(fits(pattern) for pattern in _texts(statement.get(key)))


def _principal(statement: Mapping[str, object], service: str) -> bool | None:
    if "NotPrincipal" in statement:
        return None
    named = statement.get("Principal")
    if isinstance(named, dict):
        return "*" in _texts(named.get("AWS")) or service in _texts(named.get("Service"))
    return named == "*"


def _conditions(block: object, context: Mapping[str, str]) -> bool | None:
    if not block:
        return True
    if not isinstance(block, dict):
        return None
    return _all(
        _holds(operator.lower(), key.lower(), _texts(wanted), context)
        for operator, keys in block.items()
        for key, wanted in (keys.items() if isinstance(keys, dict) else (("", None),))
    )


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": lambda wanted, sent: wanted == sent,
    "stringequalsignorecase": lambda wanted, sent: wanted.lower() == sent.lower(),
    "stringlike": like,
    "arnequals": like,
    "arnlike": like,
    "bool": lambda wanted, sent: wanted.lower() == sent.lower(),
}


def _holds(operator: str, key: str, wanted: tuple[str, ...], context: Mapping[str, str]) -> bool | None:
    sent = context.get(key)
    if sent is None and key not in _NEVER_SENT:
        return None
    if operator == "null":
        return ("true" in wanted) == (sent is None)
    name = operator.removesuffix("ifexists")
    compare = _OPERATORS.get(name.replace("not", "", 1))
    if compare is None:
        return None
    negated = "not" in name
    if sent is None:
        return negated or name != operator
    return any(compare(each, sent) for each in wanted) != negated
