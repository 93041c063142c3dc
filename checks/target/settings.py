"""What a person says of a target, in TOML: only what a template cannot say. The one place that knows its keys."""

from __future__ import annotations

import copy
import ipaddress
import json
import tomllib
from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from checks.frozen import dataclass
from checks.model import Waiver
from checks.target.page import Page, secrets_in
from checks.vantage import CAPABILITIES

SCHEMA = 1
TWIN_ACCOUNT = "000000000000"
# The addresses of the resolvers that every twin has (RFC 5737).
TWIN_RESOLVERS = ("198.51.100.1", "198.51.100.3")
DOORS = ("canary", "cli", "gate", "pytest")

_HOST = r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
_STACK = r"[A-Za-z][A-Za-z0-9-]{0,127}"
_REGION = r"[a-z]{2}(-[a-z]+)+-\d"
_ROLE = r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}"
_ACCOUNT = r"\d{12}"
_PLACE = r"(\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5}"
_TYPE = r"\w+::\w+(::\w+)*"
_SOMETHING = r".*\S.*"
_HIGHEST_PORT = 65535

_NOTHING = "names neither a [[stack]] nor a [site] domain: nothing to look at"
_NO_ACCOUNT = "account.id: missing; a target with a stack needs it"
_SEVERAL_ROLES = "stack.role_arn: expected the same role for all stacks, because they share one account"
_OTHER_ACCOUNT = f"account.id: expected {TWIN_ACCOUNT} with twin = true; the twin is no other account"
_OTHER_NETWORK = "network: take it out; with twin = true the twin says it"

Address = tuple[str, int]


class SettingsError(ValueError):
    """Settings that cannot be used. Its text has a line for each problem, naming file and key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings:
    """A stack to look at; a *disposable* one is there to be thrown away, so that nobody protects it."""

    name: str
    region: str
    role_arn: str = ""
    disposable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Where the target is seen from. *resolver* is ``host:port``; empty means the system's.

    *resolvers* are the addresses of those that visitors ask.
    """

    resolver: str = ""
    resolvers: tuple[str, ...] = ()
    connect: Mapping[Address, Address] = field(default_factory=dict)
    ca_bundle: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """The floor below which a plan may not shrink, and what a table holds at least, by its name in the report."""

    domain: str = ""
    families: tuple[str, ...] = ()
    resources: Mapping[str, int] = field(default_factory=dict)
    items: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a run may cost; None is the hall's own default. *recovered* is a share of the checks, 0 to 1."""

    recovered: float | None = None
    retries: int | None = None
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """A time in which nobody is to be woken."""

    starts: datetime
    ends: datetime
    reason: str
    owner: str

    def holds(self, now: datetime) -> bool:
        """Whether it goes on; its first second belongs to it, its end does not."""
        return self.starts <= now < self.ends

    @property
    def says(self) -> str:
        """What a report says of it while it goes on."""
        until = f"{self.ends:%Y-%m-%d %H:%M} UTC"
        return f"maintenance until {until} ({self.owner}: {self.reason}): nobody is called; every verdict is as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """Where the nightly runs are kept: the stack whose outputs name bucket, table and topics. Empty: nowhere."""

    stack: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One target as its file describes it. *name* is the file's name without its ending.

    *hidden* says that search engines are to stay away from the site.
    *runbook* says for patterns of promises' names where to read on when they are broken.
    *vantage* holds the capabilities of each door; *thresholds* are judged by the catalogue, *journeys* by their room.
    """

    name: str
    source: str
    twin: bool = False
    stacks: tuple[StackSettings, ...] = ()
    account: str = ""
    domain: str = ""
    aliases: tuple[str, ...] = ()
    spa_paths: tuple[str, ...] = ()
    hidden: bool = False
    network: Network = Network()
    vantage: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    expect: Expectations = Expectations()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    budget: Budget = Budget()
    journeys: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    maintenance: Maintenance | None = None
    deploy: tuple[str, ...] = ()
    canary: Canary = Canary()
    require_recent: timedelta | None = None
    runbook: Mapping[str, str] = field(default_factory=dict)

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions of the stacks, each once, in their order."""
        return tuple(dict.fromkeys(stack.region for stack in self.stacks))

    @property
    def resolvers(self) -> tuple[str, ...]:
        """The addresses of the resolvers that visitors ask, as the settings name them; a twin has its own."""
        return self.network.resolvers or (TWIN_RESOLVERS if self.twin else ())

    @property
    def role_arn(self) -> str:
        """The role to assume, or empty. One account has one: several are refused when the file is read."""
        return next((stack.role_arn for stack in self.stacks if stack.role_arn), "")


def read(path: Path) -> Settings:
    """The settings in the file at *path*. Raises SettingsError with all that is odd about it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    if path.suffix == ".json":
        return _parse_json(text, path)
    return parse(text, name=path.stem, source=str(path), folder=path.parent)


def parse(text: str, *, name: str, source: str, folder: Path = Path()) -> Settings:
    """The settings in *text*; *source* is how messages call it, paths in it are relative to *folder*."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{source}: is not TOML: {error}") from error
    return interpret(document, name=name, source=source, folder=folder)


def _parse_json(text: str, path: Path) -> Settings:
    """What a program wrote of a target: the same keys, as JSON."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{path}: is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise SettingsError(f"{path}: expected an object")
    return from_plain(document, name=path.stem, source=str(path), folder=path.parent)


def from_plain(written: Mapping[str, Any], *, name: str, source: str, folder: Path = Path()) -> Settings:
    """The settings in plain JSON values: as ``interpret``, with days and moments as texts."""
    document = copy.deepcopy(dict(written))
    for each in document.get("waiver", []):
        if isinstance(each.get("expires"), str):
            each["expires"] = date.fromisoformat(each["expires"])
    for key in ("starts", "ends"):
        if key in document.get("maintenance", {}):
            document["maintenance"][key] = datetime.fromisoformat(document["maintenance"][key])
    return interpret(document, name=name, source=source, folder=folder)


def interpret(document: Mapping[str, object], *, name: str, source: str, folder: Path = Path()) -> Settings:
    """The settings in a parsed file. Raises SettingsError with a line for each problem."""
    problems: list[str] = list(secrets_in(dict(document)))
    page = Page(document, "", problems)
    settings = _settings(page, name, source, folder)
    page.close()
    problems += _contradictions(settings, problems)
    if problems:
        raise SettingsError("\n".join(f"{source}: {problem}" for problem in dict.fromkeys(problems)))
    return settings


def _settings(page: Page, name: str, source: str, folder: Path) -> Settings:
    _schema(page)
    account, site, deploy = page.page("account"), page.page("site"), page.page("deploy")
    gate = page.page("gate")
    domain = site.text("domain", shape=_HOST, says="a host name in lower case")
    aliases = site.texts("aliases", shape=_HOST, says="a host name in lower case")
    settings = Settings(
        name=name,
        source=source,
        twin=page.flag("twin"),
        stacks=tuple(_stack(one) for one in page.pages("stack")),
        account=account.text("id", shape=_ACCOUNT, says="an account id, twelve digits in quotes"),
        domain=domain,
        aliases=tuple(alias for alias in aliases if alias != domain),
        spa_paths=site.texts("spa_paths", shape=r"/\S*", says="a path that begins with a slash"),
        hidden=site.flag("hidden"),
        network=_network(page.page("network"), folder),
        vantage=_vantage(page.page("vantage")),
        expect=_expectations(page.page("expect")),
        thresholds=_thresholds(page.page("thresholds")),
        budget=_budget(page.page("budget")),
        journeys=_journeys(page.page("journeys")),
        owners=_owners(page.page("owners")),
        runbook=_runbook(page.page("runbook")),
        waivers=tuple(waiver for one in page.pages("waiver") if (waiver := _waiver(one))),
        maintenance=_maintenance(page.page("maintenance"), given=page.has("maintenance")),
        deploy=deploy.texts("command", shape=r"(?s).+", says="a word of the command"),
        canary=_canary(page.page("canary"), given=page.has("canary")),
        require_recent=gate.duration("require_recent"),
    )
    # Whatever the deployer reads for itself is no business of a check.
    deploy.page("settings").rest()
    for one in (account, site, deploy, gate):
        one.close()
    return settings


def _schema(page: Page) -> None:
    if page.whole("schema", least=SCHEMA, most=SCHEMA) is None and not page.has("schema"):
        page.note("schema", f"missing; begin the file with schema = {SCHEMA}")


def _stack(page: Page) -> StackSettings:
    stack = StackSettings(
        name=page.text("name", shape=_STACK, says="the name of a CloudFormation stack", required=True),
        region=page.text("region", shape=_REGION, says="an AWS region such as af-south-1", required=True),
        role_arn=page.text("role_arn", shape=_ROLE, says="the ARN of an IAM role"),
        disposable=page.flag("disposable"),
    )
    page.close()
    return stack


def _canary(page: Page, *, given: bool) -> Canary:
    canary = Canary(
        stack=page.text("stack", shape=_STACK, says="the name of the canary's stack", required=given),
        region=page.text("region", shape=_REGION, says="an AWS region other than the target's", required=given),
    )
    page.close()
    return canary


def _network(page: Page, folder: Path) -> Network:
    place = "an address and a port such as 127.0.0.1:53"
    resolver = page.text("resolver", shape=_PLACE, says=place)
    if resolver and _address(resolver) is None:
        page.note("resolver", f"expected {place}; the port is too high")
    theirs = page.texts("resolvers", shape=_SOMETHING, says="the address of a resolver, such as 1.1.1.1")
    for each in theirs:
        if not _is_address(each):
            page.note("resolvers", f"{each!r} is not an address, such as 1.1.1.1 or 2606:4700:4700::1111")
    written = page.page("connect")
    connect: dict[Address, Address] = {}
    for key in written.rest():
        here, there = _address(key), _address(written.text(key, shape=_PLACE, says=place))
        if here and there:
            connect[here] = there
        else:
            written.note(key, f"expected {place} on both sides")
    bundle = page.text("ca_bundle", shape=_SOMETHING, says="the path of a file with certificates")
    page.close()
    certificates = folder / bundle if bundle else None
    return Network(resolver=resolver, resolvers=theirs, connect=connect, ca_bundle=certificates)


def _is_address(written: str) -> bool:
    try:
        ipaddress.ip_address(written)
    except ValueError:
        return False
    return True


def _address(written: str) -> Address | None:
    host, _, port = written.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= _HIGHEST_PORT:
        return None
    return host.strip("[]"), int(port)


def _vantage(page: Page) -> Mapping[str, tuple[str, ...]]:
    word = f"a capability: one of {', '.join(CAPABILITIES)}"
    written = {door: page.texts(door, shape="|".join(CAPABILITIES), says=word) for door in DOORS}
    page.close()
    return {door: able for door, able in written.items() if page.has(door)}


def _expectations(page: Page) -> Expectations:
    counted = page.page("resources")
    resources = _counts(counted, most=10_000)
    for kind in resources:
        if not _looks_like_type(kind):
            counted.note(kind, "expected a resource type such as AWS::DynamoDB::Table, in quotes")
    expect = Expectations(
        domain=page.text("domain", shape=_HOST, says="a host name in lower case"),
        families=page.texts("families", shape=r"[a-z_]+", says="a family of promises such as tables"),
        resources=resources,
        # Counted one by one: more would be a search of the table.
        items=_counts(page.page("items"), most=1_000),
    )
    page.close()
    return expect


def _counts(page: Page, *, most: int) -> Mapping[str, int]:
    every = {key: page.whole(key, least=1, most=most) for key in page.rest()}
    return {key: least for key, least in every.items() if least is not None}


def _looks_like_type(kind: str) -> bool:
    return kind.count("::") >= 1 and all(part.isidentifier() for part in kind.split("::"))


def _thresholds(page: Page) -> Mapping[str, float]:
    found = {key: page.number(key) for key in page.rest()}
    return {key: number for key, number in found.items() if number is not None}


def _budget(page: Page) -> Budget:
    budget = Budget(
        recovered=page.number("recovered", least=0, most=1),
        retries=page.whole("retries", least=0, most=10),
        wait=page.duration("wait"),
    )
    page.close()
    return budget


def _journeys(page: Page) -> Mapping[str, bool | int | float | str]:
    found: dict[str, bool | int | float | str] = {}
    for key in page.rest():
        value = page.table[key]
        if isinstance(value, (bool, int, float, str)):
            found[key] = value
        else:
            page.note(key, "expected true, false, a number or a text")
    return found


def _owners(page: Page) -> Mapping[str, str]:
    return {key: page.text(key, shape=_SOMETHING, says="the name of who looks after it") for key in page.rest()}


def _runbook(page: Page) -> Mapping[str, str]:
    return {key: page.text(key, shape=_SOMETHING, says="where to read on") for key in page.rest()}


def _waiver(page: Page) -> Waiver | None:
    check = page.text("check", shape=_SOMETHING, says="the name of a check", required=True)
    owner = page.text("owner", shape=_SOMETHING, says="who decided it", required=True)
    reason = page.text("reason", shape=_SOMETHING, says="why", required=True)
    expires = page.day("expires")
    page.close()
    if expires is None:
        return None
    return Waiver(check=check, owner=owner, reason=reason, expires=expires)


def _maintenance(page: Page, *, given: bool) -> Maintenance | None:
    if not given:
        return None
    starts, ends = page.moment("starts"), page.moment("ends")
    reason = page.text("reason", shape=_SOMETHING, says="why", required=True)
    owner = page.text("owner", shape=_SOMETHING, says="who decided it", required=True)
    page.close()
    if starts is None or ends is None:
        return None
    if ends <= starts:
        page.note("ends", "expected a moment after starts")
    return Maintenance(starts=starts, ends=ends, reason=reason, owner=owner)


def _contradictions(settings: Settings, problems: list[str]) -> list[str]:
    """What is wrong although each key on its own is right; nothing that follows from a key that is not."""
    roles = {stack.role_arn for stack in settings.stacks}
    places = [(stack.name, stack.region) for stack in settings.stacks]
    twice = sorted({f"{name} in {region}" for name, region in places if places.count((name, region)) > 1})
    twin_account = settings.account in {"", TWIN_ACCOUNT}
    rules = (
        (("stack", "site"), bool(settings.stacks or settings.domain), _NOTHING),
        (("account",), not settings.stacks or bool(settings.account), _NO_ACCOUNT),
        (("stack",), not twice, f"stack: {', '.join(twice)} is named twice"),
        (("stack",), len(roles) <= 1, _SEVERAL_ROLES),
        (("site",), bool(settings.domain) or not settings.aliases, "site.aliases: given without site.domain"),
        (("site",), bool(settings.domain) or not settings.hidden, "site.hidden: given without site.domain"),
        (("account",), not settings.twin or twin_account, _OTHER_ACCOUNT),
        (("network",), not settings.twin or settings.network == Network(), _OTHER_NETWORK),
    )
    return [says for keys, holds, says in rules if not holds and not any(one.startswith(keys) for one in problems)]
