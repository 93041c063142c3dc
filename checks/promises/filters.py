"""Filters of subscriptions: whether what an alarm says gets past them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, Described, Filter, Filters
from checks.model import Check, Resource, Sight, Target, Unresolved, Verdict, promise
from checks.sifting import lets_through, of_alarm
from checks.spelling import document
from checks.telling import heard_at, place_of
from checks.together import together
from checks.wording import left_out, quote, several
from checks.world.ports import World

_SUBSCRIPTION = "AWS::SNS::Subscription"


@promise(
    "alarms.filters",
    says="no filter keeps back from those who subscribed to the topic what its alarms say",
    severity="critical",
    instrument="aws",
    actions=("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:GetSubscriptionAttributes"),
)
def filters(
    *, region: str, topic: str, account: str, alarms: tuple[str, ...], meant: tuple[str, ...], gaps: tuple[str, ...]
) -> Sight:
    """Pitfall 79: confirmed is not told. An alarm's message has no attributes, so that a filter on them matches none.

    *meant* are the filters that the template gives subscriptions of the topic, as ``checks.spelling.document`` has
    them: who is subscribed to something else alone is not deaf. Source: SNS Developer Guide, "Message filtering".
    """
    judge = partial(judge_filters, topic=topic, account=account, alarms=alarms, meant=meant, gaps=gaps)
    return Sight(look=partial(_look, region=region, topic=topic), judge=judge)


def judge_filters(
    seen: Filters | Absent,
    _now: datetime,
    *,
    topic: str,
    account: str,
    alarms: tuple[str, ...],
    meant: tuple[str, ...],
    gaps: tuple[str, ...],
) -> Verdict:
    """Each alarm gets past the filter of somebody, and nobody has a filter that all of them stay behind.

    Whether anybody has subscribed at all is alarms.heard's matter.
    """
    expected = f"what {len(alarms)} alarms say gets past the filters of {_name(topic)}{left_out(gaps)}"
    if isinstance(seen, Absent):
        remedy = "deploy the stack again to make the topic; its subscribers must confirm anew"
        return Verdict.failed(expected=expected, actual="the topic does not exist", remedy=remedy)
    past = {each: _past(each, alarms, account) for each in seen.filters}
    kept_back = [] if not past else [each for each in alarms if not any(each in heard for heard in past.values())]
    deaf = [each for each, heard in past.items() if not heard and not gaps and document(each.policy) not in meant]
    amiss = [f"{each.protocol} is told of none: {each.scope} {quote(each.policy)}" for each in deaf]
    amiss += [f"nobody is told of {several(kept_back)}"] if kept_back else []
    if amiss:
        remedy = (
            "aws sns set-subscription-attributes --attribute-name FilterPolicy, with one that lets alarms past or {}"
        )
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)
    filtered = sum(bool(each.policy) for each in seen.filters)
    return Verdict.passed(expected=expected, actual=f"{len(seen.filters)} confirmed, {filtered} with a filter")


def checks(target: Target) -> Iterator[Check]:
    """One question about each topic that an alarm of the template acts on."""
    for topic, alarms in heard_at(target).items():
        meant, gaps = _meant(target, topic)
        place = place_of(target, alarms[0], topic)
        names = tuple(sorted({each.physical_id for each in alarms}))
        yield filters(
            place, region=place.region, topic=topic, account=target.account, alarms=names, meant=meant, gaps=gaps
        )


def _past(one: Filter, alarms: tuple[str, ...], account: str) -> frozenset[str]:
    """The alarms whose message may get past it."""
    return frozenset(each for each in alarms if lets_through(one.policy, one.scope, of_alarm(each, account)))


def _meant(target: Target, topic: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The filters of the template, and why some of them are not known."""
    mine = [each.properties for each in target.of_type(_SUBSCRIPTION) if _may_be_of(each, topic)]
    unknown = tuple(why for said in mine for why in intent.gaps(said, "FilterPolicy"))
    known = {document(intent.part(said, "FilterPolicy")) for said in mine if not intent.gaps(said, "FilterPolicy")}
    return tuple(sorted(known - {""})), unknown


def _may_be_of(subscription: Resource, topic: str) -> bool:
    to = intent.part(subscription.properties, "TopicArn")
    return to == topic or isinstance(to, Unresolved)


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]


def _look(world: World, *, region: str, topic: str) -> Filters | Absent:
    """The topic, then every subscription that was confirmed; one that is gone by then filters nothing."""
    found = world.aws.topic(region, topic)
    if isinstance(found, Absent):
        return found
    every = together(*(partial(world.aws.described, _SUBSCRIPTION, region, arn) for arn in found.confirmed))
    return Filters(topic=topic, filters=tuple(_filter(each) for each in every if isinstance(each, Described)))


def _filter(one: Described) -> Filter:
    words: Mapping[str, str] = dict(one.words)
    return Filter(
        protocol=words.get("protocol", ""),
        policy=words.get("lets through", ""),
        scope=words.get("scope") or "MessageAttributes",
    )


PROMISES = (filters,)
