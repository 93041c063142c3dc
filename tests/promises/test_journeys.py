"""Journeys through a small shop that lives in memory, whole and broken in one thing at a time."""
# ruff: noqa: D102 - the shop answers the questions of ports.Aws and ports.Http, which say what they are

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from checks.evidence import Leftovers, Response, Silence, Step, Walk
from checks.journey import JourneyError, Script, script_of
from checks.model import CannotLook, Check, Verdict
from checks.promises import journeys
from checks.tokens import aged, resigned, unsigned
from checks.world.ports import World
from tests.promises import worlds
from tests.promises.worlds import ACCOUNT, APEX, NOW, planned, resource, response

SETTINGS: Mapping[str, str] = {
    "client": "Pool/Site",
    "me": "GET /auth/me",
    "groups": "buyer, tester",
    "create": "POST /jobs",
    "body": '{"title": "{nonce}"}',
    "read": "GET /jobs/{id}",
    "list": "GET /me/jobs",
    "change": "PATCH /jobs/{id}",
    "remove": "DELETE /jobs/{id}",
    "table": "Jobs",
    "upload": "POST /uploads",
    "upload_body": "{}",
    "file": "picture",
    "bucket": "Files",
}
SCRIPT = script_of(SETTINGS)
BASE = f"https://{APEX}/api"


@dataclass
class Shop:
    """An API with its pool, table and bucket; *broken* names what it does wrong."""

    broken: str = ""
    people: dict[str, datetime] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    jobs: dict[str, dict[str, str]] = field(default_factory=dict)
    rows: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    asked: list[Mapping[str, str]] = field(default_factory=list)

    # The five ports of a world, as far as journeys use them.
    @property
    def aws(self) -> Shop:
        return self

    @property
    def http(self) -> Shop:
        return self

    @property
    def clock(self) -> Shop:
        return self

    def again(self) -> Shop:
        return self

    def now(self) -> datetime:
        return NOW

    def make_user(self, _region: str, _pool: str, name: str, password: str, groups: tuple[str, ...]) -> str:
        assert len(password) > 20
        self.people[name] = NOW
        self.groups += groups
        return f"sub-{name}"

    def sign_in(self, _region: str, _pool: str, _client: str, name: str, _password: str) -> Mapping[str, str]:
        return {} if self.broken == "sign in" else self._tokens(name)

    def refresh(self, _region: str, _pool: str, _client: str, token: str) -> Mapping[str, str]:
        return {} if self.broken == "refresh" else self._tokens(token)

    def _tokens(self, name: str) -> Mapping[str, str]:
        return {"id": _token(f"sub-{name}"), "access": _token("access"), "refresh": name}

    def drop_user(self, _region: str, _pool: str, name: str) -> bool:
        if self.broken == "drop":
            raise CannotLook("cognito-idp:AdminDeleteUser: not allowed")
        self.people.pop(name, None)
        return self.broken != "stays"

    def users(self, _region: str, _pool: str, prefix: str) -> tuple[tuple[str, datetime], ...]:
        return tuple(each for each in self.people.items() if each[0].startswith(prefix))

    def remove_row(self, _region: str, table: str, key: tuple[tuple[str, str], ...]) -> bool:
        assert "jobs-1" == table
        self.rows.discard(dict(key)["id"])
        return True

    def remove_object(self, _region: str, bucket: str, key: str, owner: str) -> bool:
        assert ("files-1", ACCOUNT) == (bucket, owner)
        self.files.discard(key)
        return True

    def fetch(
        self, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Response | Silence:
        sent = dict(headers or {})
        self.asked.append(sent)
        if self.broken == "silent":
            return worlds.silence()
        if url.startswith("https://files.test/"):
            return self._put(body or b"")
        status, told = self._answer(method, url.removeprefix(BASE), _whose(sent, self.broken), body or b"")
        return response(status, json.dumps(told), "application/json", url=url)

    def _put(self, body: bytes) -> Response:
        whole = body == b"picture" or self.broken == "any file"
        if whole and self.broken != "no file":
            self.files.add("key-1")
            return response(200)
        return response(403, "<Error/>", "application/xml")

    def _answer(self, method: str, path: str, who: str, body: bytes) -> tuple[int, object]:
        if not who:
            return 401, {"error": "who?"}
        if path == "/auth/me":
            return 200, {"sub": "sub-somebody-else" if self.broken == "me" else who}
        if path == "/uploads":
            return 201, {"url": "https://files.test/key-1", "key": "key-1", "headers": {"content-type": "image/png"}}
        if method == "POST":
            return self._make(who, json.loads(body))
        if path == "/me/jobs":
            mine = [one for one in self.jobs.values() if one["who"] == who or self.broken == "leak"]
            return 200, {"items": [] if self.broken == "list" else mine}
        return self._one(method, path.rpartition("/")[2], who)

    def _make(self, who: str, said: Mapping[str, str]) -> tuple[int, object]:
        if self.broken == "write":
            return 500, {"message": "Internal server error"}
        made = f"job-{len(self.rows)}"
        title = said["title"].encode("ascii", "replace").decode() if self.broken == "letters" else said["title"]
        self.jobs[made] = {"id": made, "title": title, "who": who}
        self.rows.add(made)
        return 201, self.jobs[made]

    def _one(self, method: str, made: str, who: str) -> tuple[int, object]:
        one = self.jobs.get(made)
        if one is None:
            return 404, {}
        if method == "GET":
            return 200, one
        if one["who"] != who and self.broken != method:
            return 403, {}
        if method == "DELETE" and self.broken != "remove":
            del self.jobs[made]
        return 200, {}


def _token(subject: str) -> str:
    good = ".".join(_encoded({"alg": "RS256"} if part == 0 else {"sub": subject}) for part in range(2))
    return f"{good}.signed"


def _encoded(part: Mapping[str, object]) -> str:
    """A part of a token as it is written: nobody's key is needed for that."""
    return resigned("e30.e30.x", **part).split(".")[1]


def _whose(headers: Mapping[str, str], broken: str) -> str:
    """Who the token says its bearer is, when its signature is good: here, when it is one that the pool gave out."""
    token = headers.get("authorization", "").removeprefix("Bearer ")
    if broken == "anybody":
        return "sub-anybody"
    if len(token.split(".")) != 3:
        return ""
    claims = list(_parts(token))[1]
    subject = str(claims.get("sub", ""))
    is_ours = token == _token(subject) and not subject.endswith("-other")
    return subject if is_ours or broken == "signatures" else ""


def _checks(settings: Mapping[str, Any] = SETTINGS) -> dict[str, Check]:
    target = worlds.site(
        resource("AWS::Cognito::UserPoolClient", {"UserPoolId": "pool1"}, subject="Pool/Site", physical_id="client1"),
        resource("AWS::DynamoDB::Table", subject="Jobs", physical_id="jobs-1"),
        resource("AWS::S3::Bucket", subject="Files", physical_id="files-1"),
    )
    return planned(journeys.checks(target, script=script_of(settings)))


def _walked(name: str, shop: Shop, settings: Mapping[str, Any] = SETTINGS) -> Verdict:
    check = _checks(settings)[f"journeys.{name}[{APEX}/api]"]
    return check.sight.judge(check.sight.look(cast("World", shop)), NOW)


def test_nothing_is_written_unless_a_journey_is_described() -> None:
    """And each that is says that it writes."""
    assert {} == planned(journeys.checks(worlds.site(), script=None))
    every = _checks()

    assert ["signed_in", "refused", "written", "isolated", "uploaded", "swept"] == [
        name.partition(".")[2].partition("[")[0] for name in every
    ]
    assert {"write"} == {each.promise.effect for each in every.values()}


@pytest.mark.parametrize("name", ("signed_in", "refused", "written", "isolated", "uploaded", "swept"))
def test_a_shop_that_is_well_lets_people_do_what_they_came_for(name: str) -> None:
    """And nothing of it is left: no people, no rows, no files."""
    shop = Shop()

    verdict = _walked(name, shop)

    assert ("pass", "") == (verdict.status, verdict.remedy)
    assert ({}, set(), set()) == (shop.people, shop.rows, shop.files)
    assert all(each["user-agent"].startswith("checks/probe-2026") for each in shop.asked if "user-agent" in each)


@pytest.mark.parametrize(
    ("name", "broken", "told"),
    (
        ("signed_in", "sign in", "somebody signs in"),
        ("signed_in", "me", "is who they are"),
        ("signed_in", "anybody", "is who they are"),
        ("signed_in", "refresh", "refreshes"),
        ("signed_in", "silent", "is who they are"),
        ("refused", "signatures", "not as another"),
        ("refused", "anybody", "not unsigned"),
        ("written", "write", "writes: 500"),
        ("written", "letters", "reads what was written"),
        ("written", "list", "finds it in the list"),
        ("written", "remove", "it is gone"),
        ("isolated", "leak", "another does not find it"),
        ("isolated", "PATCH", "another cannot change it"),
        ("isolated", "DELETE", "another cannot remove it"),
        ("uploaded", "no file", "puts the file"),
        ("uploaded", "any file", "not another file"),
    ),
)
def test_a_shop_that_is_broken_in_one_thing_fails_there(name: str, broken: str, told: str) -> None:
    """The step is named, and what was made until then is taken back all the same."""
    shop = Shop(broken=broken)

    verdict = _walked(name, shop)

    assert "fail" == verdict.status
    assert told in verdict.actual
    assert verdict.remedy
    assert ({}, set(), set()) == (shop.people, shop.rows, shop.files)


@pytest.mark.parametrize("broken", ("stays", "drop"))
def test_what_cannot_be_proven_gone_is_told(broken: str) -> None:
    """Although every step went well."""
    verdict = _walked("signed_in", Shop(broken=broken))

    assert "fail" == verdict.status
    assert "left behind: user probe-" in verdict.actual


def test_a_harness_that_breaks_takes_back_what_it_made() -> None:
    """Whatever broke."""

    @dataclass
    class Odd(Shop):
        def fetch(self, *_: object, **__: object) -> Response:
            raise CannotLook("no network")

    shop = Odd()
    check = _checks()[f"journeys.signed_in[{APEX}/api]"]

    with pytest.raises(CannotLook):
        check.sight.look(cast("World", shop))
    assert {} == shop.people


def test_those_of_a_run_that_was_cut_off_are_removed() -> None:
    """When they are older than a run can be; those of now may be somebody's beside us."""
    shop = Shop(
        people={"probe-old@x.test": NOW - timedelta(hours=2), "probe-new": NOW, "visitor": NOW - timedelta(days=9)}
    )

    verdict = _walked("swept", shop)

    assert ("pass", "1 removed, 1 of now") == (verdict.status, verdict.actual)
    assert {"probe-new", "visitor"} == set(shop.people)


def test_leftovers_that_stay_are_told() -> None:
    """By name."""
    old = NOW - timedelta(hours=1, seconds=1)

    assert "fail" == journeys.judge_swept(Leftovers(people=(("probe-1", old),), removed=()), NOW).status
    assert (
        "pass"
        == journeys.judge_swept(Leftovers(people=(("probe-1", NOW - timedelta(hours=1)),), removed=()), NOW).status
    )


def test_a_journey_without_a_step_proves_nothing() -> None:
    """Nothing done, nothing proven."""
    assert "fail" == journeys.judge_walk(Walk(run="probe-1", steps=(), left=()), NOW).status
    step = Step(name="a", well=True, said="")
    assert "pass" == journeys.judge_walk(Walk(run="probe-1", steps=(step,), left=()), NOW).status


@pytest.mark.parametrize(
    ("changed", "told"),
    (
        ({"crate": "POST /jobs"}, r"unknown \['crate'\]; known are"),
        ({"client": ""}, "no AWS::Cognito::UserPoolClient is called ''"),
        ({"client": "Pool/Other"}, "there are \\['Pool/Site'\\]"),
        ({"table": "Nothing"}, "journeys.table"),
        ({"create": "/jobs"}, "journeys.create: expected a method and a path"),
        ({"remove": ""}, "journeys.remove: missing; journeys.create needs it"),
        ({"file": ""}, "journeys.file: missing; journeys.upload needs it"),
        ({"groups": 7}, "journeys.groups: expected a text"),
    ),
)
def test_a_journey_that_leads_nowhere_is_refused_by_its_key(changed: Mapping[str, Any], told: str) -> None:
    """Before anything is done."""
    with pytest.raises(JourneyError, match=told):
        _checks({**SETTINGS, **changed})


def test_no_client_is_refused_and_no_journey_is_none() -> None:
    """A switch alone describes nothing."""
    with pytest.raises(JourneyError, match=r"journeys.client: missing"):
        script_of({"me": "GET /auth/me"})
    assert script_of({}) is script_of({"always": True}) is None
    assert isinstance(SCRIPT, Script)


def _parts(token: str) -> Iterator[Mapping[str, object]]:
    for part in token.split(".")[:2]:
        yield json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_token_is_made_worse_in_one_thing() -> None:
    """Its signature stays as it was, or goes."""
    token = _token("me")

    assert [{"alg": "RS256"}, {"sub": "you"}] == list(_parts(resigned(token, sub="you")))
    assert [{"alg": "none"}, {"sub": "me"}] == list(_parts(unsigned(token)))
    assert datetime.fromtimestamp(int(str(list(_parts(aged(token)))[1]["exp"])), UTC) < NOW
    assert ("signed", "", "signed") == tuple(
        each.rpartition(".")[2] for each in (resigned(token, sub="you"), unsigned(token), aged(token))
    )
