"""A small shop that lives in memory, for journeys through it: whole, or broken in one thing at a time."""
# ruff: noqa: D102, D103 - the shop answers the questions of ports.Aws and ports.Http, which say what they are

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from urllib.parse import parse_qsl

from checks.evidence import Response, Silence
from checks.journey import script_of
from checks.model import CannotLook, Check, Verdict
from checks.promises import intruders, journeys
from checks.tokens import resigned
from checks.world.ports import World
from tests.keypairs import pair, signature
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
    "pages": "GET /me/jobs?limit=1, GET /jobs?limit=2",
    "closed": "GET /pending, POST /jobs/{id}/approve",
    "table": "Jobs",
    "upload": "POST /uploads",
    "upload_body": '{"type": "image/png", "size": {size}}',
    "upload_page": '{"type": "text/html", "size": {size}}',
    "file": "picture",
    "bucket": "Files",
}
BASE = f"https://{APEX}/api"
KEY, PUBLIC = pair("the pool's")


@dataclass
class Shop:
    """An API with its pool, table and bucket; *broken* names what it does wrong."""

    broken: str = ""
    people: dict[str, datetime] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    jobs: dict[str, dict[str, str]] = field(default_factory=dict)
    rows: set[str] = field(default_factory=set)
    files: dict[str, list[bytes]] = field(default_factory=dict)
    guesses: int = 0
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

    def guess(self, _region: str, _pool: str, _client: str, name: str, _password: str) -> str:
        assert name in self.people
        self.guesses += 1
        if self.broken == "any password":
            return "right"
        return "locked" if self.guesses > 5 and self.broken != "patient" else "wrong"

    def refresh(self, _region: str, _pool: str, _client: str, token: str) -> Mapping[str, str]:
        return {} if self.broken == "refresh" else self._tokens(token)

    def _tokens(self, name: str) -> Mapping[str, str]:
        return {"id": token_of(f"sub-{name}"), "access": token_of("access"), "refresh": name}

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
        self.files.pop(key, None)
        return True

    def stored(self, _region: str, bucket: str, key: str, owner: str) -> tuple[int, ...]:
        assert ("files-1", ACCOUNT) == (bucket, owner)
        return tuple(len(each) for each in self.files.get(key, []))

    def fetch(
        self, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Response | Silence:
        sent = dict(headers or {})
        self.asked.append(sent)
        if self.broken == "silent":
            return worlds.silence()
        if url == "https://cognito-idp.af-south-1.amazonaws.com/pool1/.well-known/jwks.json":
            return response(200, json.dumps({"keys": [] if self.broken == "keys" else [PUBLIC]}), "application/json")
        if url.startswith("https://files.test/"):
            return self._put(url.rpartition("/")[2], body or b"")
        if not url.startswith(BASE):
            return self._page(url)
        status, told = self._answer(method, url.removeprefix(BASE), whose(sent, self.broken), body or b"")
        if status == 403 and self.broken == "wall":
            return response(403, "<h1>Forbidden</h1>", "text/html", url=url)
        return response(status, json.dumps(told), "application/json", url=url)

    def _put(self, key: str, body: bytes) -> Response:
        """The key ends with the size that was signed."""
        whole = len(body) == int(key.rpartition("-")[2]) or self.broken == "any file"
        if self.broken == "bucket":
            return response(500)
        if whole and self.broken != "no file":
            self.files.setdefault(key, []).insert(0, body[:-1] if self.broken == "half a file" else body)
            return response(200)
        return response(403, "<Error/>", "application/xml")

    def _page(self, url: str) -> Response | Silence:
        """The site: its own page at its root, and uploads where the shop is so *broken*."""
        path = url.removeprefix(f"https://{APEX}")
        found = self.files.get(path.removeprefix("/uploads/"))
        if path == "/" or self.broken == "shell":
            return response(200, "home", "text/html", url=url)
        if self.broken == "silent site":
            return worlds.silence()
        if self.broken == "shown" and found:
            return response(200, found[0].decode(), "text/html; charset=utf-8", url=url)
        return response(404, "nothing here", "text/html", url=url)

    def _answer(self, method: str, path: str, who: str, body: bytes) -> tuple[int, object]:
        if not who:
            return 401, {"error": "who?"}
        if path == "/auth/me":
            return 200, {"sub": "sub-somebody-else" if self.broken == "me" else who}
        if path == "/uploads":
            return self._sign(json.loads(body))
        if method == "POST" or path == "/pending":
            return self._make(who, json.loads(body)) if path == "/jobs" else self._of_admins()
        if path.partition("?")[0] in {"/me/jobs", "/jobs"}:
            mine = [one for one in self.jobs.values() if one["who"] == who or self.broken == "leak"]
            return 200, self._listed([] if self.broken == "list" else mine, path)
        return self._one(method, path.rpartition("/")[2], who)

    def _of_admins(self) -> tuple[int, object]:
        return {"open": (200, {}), "known": (404, {})}.get(self.broken, (403, {"error": "who may?"}))

    def _sign(self, said: Mapping[str, Any]) -> tuple[int, object]:
        if said["type"] == "text/html" and self.broken not in {"shown", "pages"}:
            return 400, {"error": "no such type"}
        if self.broken == "no leave":
            return 500, {}
        key = f"key-{len(self.files)}-{said['size']}"
        return 201, {"url": f"https://files.test/{key}", "key": key, "headers": {"content-type": said["type"]}}

    def _listed(self, every: list[dict[str, str]], path: str) -> dict[str, object]:
        """One page of a list; where it goes on is how many came before."""
        asked = dict(parse_qsl(path.partition("?")[2]))
        limit, start = int(asked.get("limit", 9)), int(asked.get("cursor", 0))
        if self.broken == "limit":
            limit = 9
        if self.broken == "cursor":
            start = 0
        page = every[start : start + limit]
        further: int | None = start + limit if start + limit < len(every) else None
        if start and self.broken == "short":
            further = None
        if start and self.broken == "empty":
            page = []
        if self.broken == "drip":
            further = start + limit
        if self.broken == "circle":
            further = 0 if further is None else further
        return {"items": page, "nextCursor": str(further) if further is not None else None}

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


def token_of(subject: str) -> str:
    header = {"alg": "RS256", "kid": PUBLIC["kid"]}
    good = ".".join(encoded(header if part == 0 else {"sub": subject}) for part in range(2))
    return f"{good}.{signature(KEY, good)}"


def encoded(part: Mapping[str, object]) -> str:
    """A part of a token as it is written: nobody's key is needed for that."""
    return resigned("e30.e30.x", **part).split(".")[1]


def whose(headers: Mapping[str, str], broken: str) -> str:
    """Who the token says its bearer is, when its signature is good: here, when it is one that the pool gave out."""
    token = headers.get("authorization", "").removeprefix("Bearer ")
    if broken == "anybody":
        return "sub-anybody"
    if len(token.split(".")) != 3:
        return ""
    claims = list(parts_of(token))[1]
    subject = str(claims.get("sub", ""))
    is_ours = token == token_of(subject) and not subject.endswith("-other")
    return subject if is_ours or broken == "signatures" else ""


def checked(settings: Mapping[str, Any] = SETTINGS) -> dict[str, Check]:
    target = worlds.site(
        resource("AWS::Cognito::UserPoolClient", {"UserPoolId": "pool1"}, subject="Pool/Site", physical_id="client1"),
        resource("AWS::DynamoDB::Table", subject="Jobs", physical_id="jobs-1"),
        resource("AWS::S3::Bucket", subject="Files", physical_id="files-1"),
    )
    script = script_of(settings)
    return planned([*journeys.checks(target, script=script), *intruders.checks(target, script=script)])


def walked(name: str, shop: Shop, settings: Mapping[str, Any] = SETTINGS) -> Verdict:
    check = checked(settings)[f"journeys.{name}[{APEX}/api]"]
    return check.sight.judge(check.sight.look(cast("World", shop)), NOW)


def parts_of(token: str) -> Iterator[Mapping[str, object]]:
    for part in token.split(".")[:2]:
        yield json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
