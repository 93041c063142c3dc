from __future__ import annotations

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import plan
from checks.catalogue import BY_NAME
from checks.evidence import Absent, KmsKeySeen, QueueSeen, Sealed, TopicSeen, Unsealed
from checks.model import Check, Resource, Unresolved, Verdict
from checks.promises import lendings
from checks.senders import Senders
from tests.promises.worlds import ACCOUNT, HOSTILE, NOW, REGION, planned, resource, target, world

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:left-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:told-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k1"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/daily"
EVENTS, TOPICS = "events.amazonaws.com", "sns.amazonaws.com"
SENDERS = ((EVENTS, RULE), (TOPICS, TOPIC))
BOTH = ("kms:GenerateDataKey*", "kms:Decrypt")


def _allow(*services: str, actions: tuple[str, ...] = BOTH, **more: object) -> dict[str, object]:
    given = {"Sid": "Lend", "Effect": "Allow", "Principal": {"Service": list(services)}, "Action": list(actions)}
    return {**given, "Resource": "*", **more}


def _text(*statements: object) -> str:
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [root, *statements]})


def _sealed(policy: str, *, state: str = "Enabled", owned: bool = True, named: str = "alias/own") -> Sealed:
    key = KmsKeySeen(arn=KEY, state=state, owned=owned, policy=policy)
    return Sealed(holder=QUEUE, named=named, key=key)


def _judged(seen: Sealed | Unsealed | Absent, senders: Senders = SENDERS, holder: str = QUEUE) -> Verdict:
    return lendings.judge_lends(seen, NOW, holder=holder, account=ACCOUNT, senders=senders)


ENOUGH = _text(_allow(EVENTS, TOPICS))


@pytest.mark.parametrize(
    ("seen", "status", "told"),
    (
        pytest.param(
            _sealed(ENOUGH),
            "pass",
            f"{EVENTS}: allowed by statement Lend, {TOPICS}: allowed by statement Lend",
            id="both may",
        ),
        pytest.param(
            _sealed(_text(_allow(EVENTS))),
            "fail",
            f"{TOPICS} for told-1: kms:GenerateDataKey: no statement allows it",
            id="one may not",
        ),
        pytest.param(
            _sealed(_text(_allow(EVENTS, TOPICS, actions=BOTH[1:]))),
            "fail",
            f"{EVENTS} for rule/daily: kms:GenerateDataKey: no statement allows it, "
            f"{TOPICS} for told-1: kms:GenerateDataKey: no statement allows it",
            id="they may decrypt alone",
        ),
        pytest.param(
            _sealed(_text(_allow(TOPICS), _allow(EVENTS, actions=BOTH[:1]))),
            "fail",
            f"{EVENTS} for rule/daily: kms:Decrypt: no statement allows it",
            id="one may encrypt alone",
        ),
        pytest.param(
            _sealed(_text()),
            "fail",
            f"{EVENTS} for rule/daily: kms:GenerateDataKey: no statement allows it, "
            f"{TOPICS} for told-1: kms:GenerateDataKey: no statement allows it",
            id="the account alone may",
        ),
        pytest.param(
            _sealed(ENOUGH, owned=False, named="alias/aws/sqs"),
            "fail",
            "alias/aws/sqs is AWS's own key, which lets no other service in",
            id="a key of AWS",
        ),
        pytest.param(_sealed(ENOUGH, state="Disabled"), "fail", "key alias/own is Disabled", id="switched off"),
        pytest.param(
            _sealed(ENOUGH, state="PendingDeletion"), "fail", "key alias/own is PendingDeletion", id="to be deleted"
        ),
        pytest.param(_sealed(ENOUGH, state=""), "fail", "key alias/own is in no state", id="in no state"),
        pytest.param(
            Sealed(holder=QUEUE, named="alias/gone", key=Absent(what="key")),
            "fail",
            "there is no key alias/gone",
            id="no key",
        ),
        pytest.param(
            Unsealed(holder=QUEUE), "pass", "it has no key of KMS, which keeps nobody out", id="not with a key"
        ),
        pytest.param(Absent(what="queue"), "fail", "there is no left-1", id="no queue"),
    ),
)
def test_the_key_lets_in_whoever_writes(seen: Sealed | Unsealed | Absent, status: str, told: str) -> None:
    """Each of them, for both: to make a key for what it sends, and to read that again."""
    verdict = _judged(seen)

    assert (status, told) == (verdict.status, verdict.actual)
    assert (status == "fail") == bool(verdict.remedy)
    assert f"the key of left-1 lets {EVENTS}, {TOPICS} use it" == verdict.expected


def test_what_is_barred_alike_is_told_once() -> None:
    """By the service, and what it sends for."""
    alarms = tuple(("cloudwatch.amazonaws.com", f"arn:aws:cloudwatch:r:1:alarm:a{each}") for each in range(5))
    verdict = _judged(_sealed(_text()), alarms)

    assert (
        "cloudwatch.amazonaws.com for a0, a1, a2 and 2 more: kms:GenerateDataKey: no statement allows it"
        == verdict.actual
    )


def _queue(key: object = KEY, **more: object) -> Resource:
    said = {"KmsMasterKeyId": key, **more}
    return resource(lendings.QUEUE, said, subject="Left", physical_id="https://sqs.test/1/left-1")


def _topic(key: object = KEY) -> Resource:
    return resource(lendings.TOPIC, {"KmsMasterKeyId": key}, subject="Told", physical_id=TOPIC)


DAILY = resource("AWS::Events::Rule", {"Targets": [{"Arn": QUEUE}]}, subject="Daily", physical_id="daily")
SUBSCRIPTION = resource(
    "AWS::SNS::Subscription", {"Protocol": "sqs", "TopicArn": TOPIC, "Endpoint": QUEUE}, subject="Sub"
)


def _checks(*resources: Resource) -> dict[str, Check]:
    return planned(lendings.checks(target(*resources)))


def test_whoever_holds_a_key_and_is_written_to_is_asked_about() -> None:
    """With all who write, and the leave to read any key of the account: another may have been put in its place."""
    found = _checks(_queue(), _topic(), DAILY, SUBSCRIPTION)

    assert ["keys.lends[Left]"] == list(found)
    check = found["keys.lends[Left]"]
    assert {"holder": QUEUE, "account": ACCOUNT, "senders": SENDERS} == check.params
    assert (QUEUE, f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*") == check.place.resources


def test_a_topic_is_asked_about_by_its_own_arn() -> None:
    """As its alarms name it."""
    alarm = resource("AWS::CloudWatch::Alarm", {"AlarmActions": [TOPIC]}, subject="Errors", physical_id="errors")
    check = _checks(_topic(), alarm)["keys.lends[Told]"]

    assert TOPIC == check.params["holder"]


@pytest.mark.parametrize(
    ("key", "planned_there"),
    (
        (KEY, True),
        ("alias/own", True),
        ("alias/aws/sqs", True),
        ("k1", True),
        (f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/own", True),
        (Unresolved("Fn::ImportValue Key"), True),
        (f"arn:aws:kms:{REGION}:444455556666:key/k1", False),
        ("", False),
        (None, False),
    ),
)
def test_only_a_key_that_can_be_read_from_here_is_asked_about(key: object, planned_there: bool) -> None:  # noqa: FBT001 - a column of the table
    """A key of another account shows its policy there alone; where a template has no key nothing is planned."""
    assert planned_there == bool(_checks(_queue(key), DAILY))


def test_a_queue_that_only_roles_write_into_is_not_asked_about() -> None:
    """What a role may is the role's matter."""
    schedule = resource("AWS::Scheduler::Schedule", {"Target": {"Arn": QUEUE, "RoleArn": "arn:r"}}, subject="Hourly")
    called = {"Targets": [{"Arn": QUEUE, "RoleArn": "arn:r"}]}

    assert {} == _checks(_queue(), schedule, resource("AWS::Events::Rule", called, subject="Daily"))


def test_the_key_that_it_has_now_is_read() -> None:
    """By the name that queue or topic call it by; without one nobody asks for a key."""
    look = _checks(_queue(), DAILY)["keys.lends[Left]"].sight.look
    queue = ("queue", REGION, QUEUE)
    seen = QueueSeen(arn=QUEUE, policy="", settings=(("KmsMasterKeyId", "alias/hand"),), messages=0)
    key = KmsKeySeen(arn=KEY, state="Enabled", owned=True, policy="{}")

    assert Sealed(holder=QUEUE, named="alias/hand", key=key) == look(
        world({queue: seen, ("key", REGION, "alias/hand"): key})
    )
    managed = QueueSeen(arn=QUEUE, policy="", settings=(("SqsManagedSseEnabled", "true"),), messages=0)
    assert Unsealed(holder=QUEUE) == look(world({queue: managed}))
    assert Absent(what="queue") == look(world({queue: Absent(what="queue")}))


def test_the_key_of_a_topic_is_read_of_the_topic() -> None:
    """And one that is gone is told."""
    alarm = resource("AWS::CloudWatch::Alarm", {"AlarmActions": [TOPIC]}, subject="Errors", physical_id="errors")
    look = _checks(_topic(), alarm)["keys.lends[Told]"].sight.look
    seen = TopicSeen(arn=TOPIC, policy="", subscriptions=(), key="k9")
    gone = Absent(what="key")

    assert Sealed(holder=TOPIC, named="k9", key=gone) == look(
        world({("topic", REGION, TOPIC): seen, ("key", REGION, "k9"): gone})
    )


def test_a_plan_of_keys_is_stored_and_read_back() -> None:
    """Parameters are plain values."""
    made = plan.freeze(_checks(_queue(), DAILY).values(), target="t", account=ACCOUNT, regions=(REGION,))

    read = plan.from_json(json.loads(json.dumps(plan.to_json(made))), BY_NAME)

    assert [(each.name, each.params) for each in made.checks] == [(each.name, each.params) for each in read.checks]


@given(policy=st.text(max_size=60), state=st.sampled_from(["Enabled", "Disabled", ""]), owned=st.booleans())
def test_whatever_a_policy_says_is_judged(policy: str, state: str, owned: bool) -> None:  # noqa: FBT001 - made up
    """Text that is no policy lets nobody in."""
    judge = partial(lendings.judge_lends, holder=QUEUE, account=ACCOUNT, senders=SENDERS)
    verdict = judge(_sealed(policy, state=state, owned=owned, named=policy), NOW)

    assert "fail" == verdict.status
    assert verdict.actual.isprintable()


def test_nothing_that_aws_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line."""
    told = (_sealed(_text(_allow(EVENTS, Sid=HOSTILE))), _sealed("", state=HOSTILE, named=HOSTILE))

    assert all(_judged(each).actual.isprintable() for each in told)
