"""What Route 53 hands out, and the count of changes that edge and name servers watch."""

from __future__ import annotations

import contextvars
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from checks.twin.gaps.patching import Function, Grounds, Untyped, handlers, replace, service, store, wrap_handler

_TYPE = "AWS::Route53::HostedZone"
# The four groups of Route 53's name servers: where their numbers begin, and their top-level domain.
_GROUPS = ((0, "com"), (512, "net"), (1024, "org"), (1536, "co.uk"))
_GROUP_SIZE = 512
_WATCHED = ("AWS::CloudFront::", "AWS::CertificateManager::", "AWS::Route53::")

_zone_at_hand: contextvars.ContextVar[str] = contextvars.ContextVar("zone_at_hand", default="")


def name_servers(zone_id: str) -> tuple[str, ...]:
    """The delegation set of a zone: four names, the same for ever, that look like Route 53's."""
    digest = hashlib.sha256(zone_id.encode()).digest()
    numbers = [int.from_bytes(digest[at : at + 2]) % _GROUP_SIZE for at in (0, 2, 4, 6)]
    return tuple(
        f"ns-{start + number}.awsdns-{number // 8:02d}.{top}"
        for number, (start, top) in zip(numbers, _GROUPS, strict=True)
    )


def give_each_zone_its_own_name_servers(_: Grounds) -> None:
    """Every hosted zone has a delegation set of its own, told alike by API, NS record and CloudFormation.

    MiniStack gives all zones the same four names, and CloudFormation two others, so that a parent that delegates to
    the wrong zone of two could not be told from a right one.
    """
    route53 = service("services.route53")
    zones = store(route53, "_zones")

    def distinct(original: Function) -> Function:
        def new_id() -> str:
            zone_id = original()
            while _meets(zone_id, zones.keys()):
                zone_id = original()
            _zone_at_hand.set(zone_id)
            return str(zone_id)

        return new_id

    def own_records(original: Function) -> Function:
        def default_records(zone_name: str) -> list[dict[str, Any]]:
            records: list[dict[str, Any]] = original(zone_name)
            return [_renamed(record, name_servers(_zone_at_hand.get())) for record in records]

        return default_records

    replace(route53, "_zone_id", (), distinct)
    replace(route53, "_default_records", ("zone_name",), own_records)
    replace(route53, "_build_delegation_set_el", ("parent", "zone_name"), lambda _: _build_own_set(route53))
    replace(route53, "_build_zone_location_el", ("parent", "zone"), _with_zone(lambda args: args[1]["id"]))
    replace(route53, "_get_hosted_zone", ("zone_id",), _with_zone(lambda args: args[0]))
    for action in ("create", "update"):
        wrap_handler(_TYPE, action, _with_own_attribute)


def count_what_stacks_change(grounds: Grounds) -> None:
    """A change that CloudFormation makes in process is counted like one made through the API.

    The edge and the name servers must show it on their very next answer.
    """
    for resource_type, known in handlers().items():
        if resource_type.startswith(_WATCHED):
            for action in ("create", "update", "delete"):
                if action in known:
                    wrap_handler(resource_type, action, _counted(grounds))


def _counted(grounds: Grounds) -> Callable[[Function], Function]:
    def make(original: Function) -> Function:
        def handle(*args: Untyped, **kwargs: Untyped) -> Untyped:
            try:
                return original(*args, **kwargs)
            finally:
                grounds.move()

        return handle

    return make


def _meets(zone_id: str, others: Iterable[str]) -> bool:
    taken = {name for other in others for name in name_servers(other)}
    return not taken.isdisjoint(name_servers(zone_id))


def _renamed(record: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    if record["Type"] == "NS":
        return {**record, "ResourceRecords": [f"{name}." for name in names]}
    _, _, rest = record["ResourceRecords"][0].partition(" ")
    return {**record, "ResourceRecords": [f"{names[0]}. {rest}"]}


def _build_own_set(route53: Untyped) -> Function:
    def build(parent: Untyped, _zone_name: str) -> None:
        element = route53.SubElement(route53.SubElement(parent, "DelegationSet"), "NameServers")
        for name in name_servers(_zone_at_hand.get()):
            route53.SubElement(element, "NameServer").text = name

    return build


def _with_zone(zone_of: Callable[[Untyped], str]) -> Callable[[Function], Function]:
    def make(original: Function) -> Function:
        def handle(*args: Untyped) -> Untyped:
            before = _zone_at_hand.set(zone_of(args))
            try:
                return original(*args)
            finally:
                _zone_at_hand.reset(before)

        return handle

    return make


def _with_own_attribute(original: Function) -> Function:
    def handle(*args: Untyped, **kwargs: Untyped) -> Untyped:
        zone_id, attributes = original(*args, **kwargs)
        return zone_id, {**attributes, "NameServers": list(name_servers(zone_id))}

    return handle
