"""What one deployment is called and where it lives: the part of a target file that the deployer needs."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SCHEMA = 1
CERTIFICATE_REGION = "us-east-1"
_NO_SUCH_KEY = object()
# The harness reads the same file and knows what is in the other tables; what is misspelt here would be deployed away.
_KNOWN = {
    "account": ("id",),
    "deploy": ("command", "settings"),
    "canary": ("region", "stack"),
    "site": ("aliases", "domain", "hidden", "spa_paths"),
}
_TABLES = (
    *("account", "budget", "canary", "deploy", "expect", "gate", "journeys", "maintenance", "network", "owners"),
    *("runbook", "schema", "site"),
    *("stack", "thresholds", "twin", "vantage", "waiver"),
)
_ACCOUNT = re.compile(r"\d{12}")
_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
# ISO 3166-1, as CloudFront takes them.
_COUNTRY = re.compile(r"[A-Z]{2}")
# Secrets are named here, never written.
_CARRIERS = {
    "whatsapp_url": re.compile(r"https://\S+"),
    "whatsapp_template": re.compile(r"[a-z0-9_]{1,512}"),
    "whatsapp_key_name": re.compile(r"[A-Za-z0-9/_+=.@-]{1,200}"),
    "email_sender": _ADDRESS,
}


class SettingsError(ValueError):
    """A target file says something that cannot be deployed; the message names file and key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlace:
    """The name of a CloudFormation stack and the region it lives in."""

    name: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriers:
    """How sign-in codes are carried, empty texts for ways that there are not: `[deploy.settings]`.

    `whatsapp_url` is the messages address of a sender, `whatsapp_key_name` the name of the secret with its token.
    """

    whatsapp_url: str = ""
    whatsapp_template: str = ""
    whatsapp_key_name: str = ""
    email_sender: str = ""
    sms: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One deployment, as its target file describes it.

    `stage` is the file's name without its ending; `aliases` are the further host names, without the apex;
    `alarm_address` is the e-mail address of who owns the family `alarms`, `notice_address` of who is told what can wait
    for the morning, the same unless said otherwise. `edge` is the stack that watches the edge, where the edge reports.
    `countries` are the only ones that the site is served in; none of them means all. `canary` is None where none is
    wanted.
    """

    stage: str
    twin: bool
    account: str
    certificate: StackPlace
    main: StackPlace
    edge: StackPlace | None
    domain: str
    aliases: tuple[str, ...]
    spa_paths: tuple[str, ...]
    alarm_address: str
    notice_address: str
    countries: tuple[str, ...] = ()
    carriers: Carriers = field(default_factory=Carriers)
    hidden: bool = False
    canary: StackPlace | None = None

    @property
    def places(self) -> tuple[StackPlace, ...]:
        """Every stack, in the order in which they are made."""
        return tuple(place for place in (self.certificate, self.main, self.edge, self.canary) if place)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host name that serves the site, the apex first."""
        return (self.domain, *self.aliases)

    @property
    def origins(self) -> tuple[str, ...]:
        """The web origins that may call the API and the uploads bucket."""
        return tuple(f"https://{host}" for host in self.hosts)


def read_settings(path: Path) -> Settings:
    """Read the target file at `path`; `SettingsError` names the first thing that is missing or odd."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"{path}: no such target file; give --target a path or the name of a file in checks/targets"
        raise SettingsError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: not readable as TOML: {error}"
        raise SettingsError(msg) from error
    return settings_from(document, stage=path.stem, source=path.name)


def settings_from(document: Mapping[str, Any], *, stage: str, source: str) -> Settings:
    """Judge an already parsed target file; `source` is how messages call it."""
    _expect(document.get("schema") == SCHEMA, source, "schema", f"must be {SCHEMA}", document.get("schema"))
    _refuse_strangers(document, source)
    stacks = _stacks(document, source)
    domain = _text(document, source, "site", "domain", _HOST)
    twin = document.get("twin", False)
    _expect(isinstance(twin, bool), source, "twin", "must be true or false", twin)
    return Settings(
        stage=stage,
        twin=twin,
        account=_text(document, source, "account", "id", _ACCOUNT),
        certificate=_certificate_place(stacks, source),
        main=_main_place(stacks, source),
        edge=_edge_place(stacks, source),
        domain=domain,
        aliases=tuple(alias for alias in _texts(document, source, "aliases", _HOST) if alias != domain),
        spa_paths=_texts(document, source, "spa_paths", re.compile(r"/\S*")),
        alarm_address=_text(document, source, "owners", "alarms", _ADDRESS),
        notice_address=_text(document, source, "owners", _notices(document), _ADDRESS),
        countries=_countries(document, source),
        carriers=_carriers(document, source),
        hidden=_hidden(document, source),
        canary=_canary_place(document, stacks, source),
    )


def _notices(document: Mapping[str, Any]) -> str:
    return "notices" if "notices" in document.get("owners", {}) else "alarms"


def _countries(document: Mapping[str, Any], source: str) -> tuple[str, ...]:
    deploy = _table(document, source, "deploy") if "deploy" in document else {}
    given = (_table(deploy, source, "settings") if "settings" in deploy else {}).get("countries", [])
    fits = isinstance(given, list) and all(isinstance(each, str) and _COUNTRY.fullmatch(each) for each in given)
    _expect(fits, source, "deploy.settings.countries", 'must be a list of countries, such as ["ZA", "NA"]', given)
    return tuple(given)


def _hidden(document: Mapping[str, Any], source: str) -> bool:
    given = _table(document, source, "site").get("hidden", False)
    _expect(isinstance(given, bool), source, "site.hidden", "must be true or false", given)
    return given is True


def _carriers(document: Mapping[str, Any], source: str) -> Carriers:
    deploy = _table(document, source, "deploy") if "deploy" in document else {}
    given = _table(deploy, source, "settings") if "settings" in deploy else {}
    known = {*_CARRIERS, "sms", "countries"}
    _expect(set(given) <= known, source, "deploy.settings", f"knows {sorted(known)} alone", sorted(set(given) - known))
    for key in _CARRIERS.keys() & given.keys():
        fits = isinstance(given[key], str) and _CARRIERS[key].fullmatch(given[key]) is not None
        _expect(fits, source, f"deploy.settings.{key}", f"must match {_CARRIERS[key].pattern}", given[key])
    _expect(
        isinstance(given.get("sms", True), bool),
        source,
        "deploy.settings.sms",
        "must be true or false",
        given.get("sms"),
    )
    whole = {key in given for key in _CARRIERS if key.startswith("whatsapp_")}
    _expect(
        len(whole) == 1,
        source,
        "deploy.settings",
        "must have all of whatsapp_url, whatsapp_template, whatsapp_key_name or none",
        sorted(given),
    )
    return Carriers(**{key: value for key, value in given.items() if key != "countries"})


def _refuse_strangers(document: Mapping[str, Any], source: str) -> None:
    tables: list[tuple[str, Any, Sequence[str]]] = [("", document, _TABLES)]
    tables += [(f"[{name}]: ", document[name], keys) for name, keys in _KNOWN.items() if name in document]
    for where, table, known in tables:
        unknown = sorted(set(table) - set(known)) if isinstance(table, dict) else []
        if unknown:
            msg = f"{source}: {where}unknown {unknown}; known are {sorted(known)}"
            raise SettingsError(msg)


def _stacks(document: Mapping[str, Any], source: str) -> tuple[StackPlace, ...]:
    tables = document.get("stack", [])
    _expect(isinstance(tables, list) and len(tables) > 0, source, "stack", "must list the stacks as [[stack]]", tables)
    return tuple(_place(table, source) for table in tables)


def _place(table: object, source: str) -> StackPlace:
    _expect(isinstance(table, dict), source, "stack", "must be a table", table)
    values = cast("dict[str, object]", table)
    name, region = values.get("name"), values.get("region")
    _expect(
        isinstance(name, str) and _STACK.fullmatch(name) is not None, source, "stack.name", "must name a stack", name
    )
    _expect(
        isinstance(region, str) and _REGION.fullmatch(region) is not None,
        source,
        "stack.region",
        "must be an AWS region",
        region,
    )
    return StackPlace(name=str(name), region=str(region))


def _certificate_place(stacks: tuple[StackPlace, ...], source: str) -> StackPlace:
    found = [place for place in stacks if place.name.endswith("Certificate")]
    names = [place.name for place in stacks]
    _expect(len(found) == 1, source, "stack", "must list exactly one stack named …Certificate", names)
    # CloudFront reads viewer certificates from this region and no other.
    region = found[0].region
    _expect(
        region == CERTIFICATE_REGION, source, "stack.region", f"of {found[0].name} must be {CERTIFICATE_REGION}", region
    )
    return found[0]


def _main_place(stacks: tuple[StackPlace, ...], source: str) -> StackPlace:
    found = [place for place in stacks if not place.name.endswith(("Certificate", "Edge", "Canary"))]
    names = [place.name for place in stacks]
    rule = "must list exactly one stack beside …Certificate, …Edge and …Canary"
    _expect(len(found) == 1, source, "stack", rule, names)
    return found[0]


def _edge_place(stacks: tuple[StackPlace, ...], source: str) -> StackPlace | None:
    found = [place for place in stacks if place.name.endswith("Edge")]
    names = [place.name for place in stacks]
    _expect(len(found) <= 1, source, "stack", "must list at most one stack named …Edge", names)
    # CloudFront sends its metrics and its logs there, wherever the rest of a deployment is.
    for place in found:
        rule = f"of {place.name} must be {CERTIFICATE_REGION}"
        _expect(place.region == CERTIFICATE_REGION, source, "stack.region", rule, place.region)
    return found[0] if found else None


def _canary_place(document: Mapping[str, Any], stacks: tuple[StackPlace, ...], source: str) -> StackPlace | None:
    if "canary" not in document:
        return None
    place = StackPlace(
        name=_text(document, source, "canary", "stack", _STACK),
        region=_text(document, source, "canary", "region", _REGION),
    )
    # What falls silent together is not missed by anybody.
    shared = [each.name for each in stacks if each.region == place.region]
    _expect(not shared, source, "canary.region", f"must be another than that of {', '.join(shared)}", place.region)
    return place


def _text(document: Mapping[str, Any], source: str, table: str, key: str, shape: re.Pattern[str]) -> str:
    value = _table(document, source, table).get(key, _NO_SUCH_KEY)
    _expect(value is not _NO_SUCH_KEY, source, f"{table}.{key}", "is missing; it must be set", None)
    fits = isinstance(value, str) and shape.fullmatch(value) is not None
    _expect(fits, source, f"{table}.{key}", f"must match {shape.pattern}", value)
    return str(value)


def _texts(document: Mapping[str, Any], source: str, key: str, shape: re.Pattern[str]) -> tuple[str, ...]:
    value = _table(document, source, "site").get(key, [])
    fits = isinstance(value, list) and all(isinstance(item, str) and shape.fullmatch(item) for item in value)
    _expect(fits, source, f"site.{key}", f"must be a list of texts that match {shape.pattern}", value)
    return tuple(value)


def _table(document: Mapping[str, Any], source: str, name: str) -> Mapping[str, Any]:
    value = document.get(name)
    _expect(isinstance(value, dict), source, name, f"must be a table [{name}]", value)
    return cast("Mapping[str, Any]", value)


def _expect(holds: bool, source: str, key: str, rule: str, actual: object) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        msg = f"{source}: {key} {rule}, but it is {actual!r}"
        raise SettingsError(msg)
