"""Faults of names: what Route 53 holds, what the parent says, and how servers answer."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from checks.model import Check
from checks.twin import life
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.names import Answer, Onward, Question, Twice, Twist
from checks.twin.faults.staging import Undo, broken, harmless, resolved
from checks.twin.faults.words import Fault, Stage, Unfit, View

_FAMILY = "DNS / Route 53"
_GLOBAL = "us-east-1"


def _sets(bench: Bench) -> tuple[Any, str, list[dict[str, Any]]]:
    zone = bench.param("dns.zone", "zone_id")
    names = bench.aws("route53", _GLOBAL)
    return names, zone, list(names.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"])


def _apply(names: Any, zone: str, *changes: tuple[str, Mapping[str, Any]]) -> None:  # noqa: ANN401 - a botocore client
    batch = [{"Action": action, "ResourceRecordSet": dict(record)} for action, record in changes]
    names.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": batch})


def _found(records: list[dict[str, Any]], host: str, kind: str) -> dict[str, Any]:
    wanted = (f"{host}.", kind)
    found = next((each for each in records if (each["Name"], each["Type"]) == wanted), None)
    if found is None:
        raise Unfit(f"the zone has no {kind} record of {host}")
    return found


def record_gone(kind: str, *, alias: bool = False) -> Callable[[Bench, Check], Undo]:
    """The host's record of this kind is deleted."""

    def change(bench: Bench, check: Check) -> Undo:
        names, zone, records = _sets(bench)
        host = str(check.params["host"])
        if alias and host == bench.apex:
            raise Unfit("the site has one name alone")
        record = _found(records, host, kind)
        _apply(names, zone, ("DELETE", record))
        return lambda: _apply(names, zone, ("CREATE", record))

    return change


def record_instead(
    kind: str, made: Callable[[dict[str, Any], Bench], dict[str, Any]]
) -> Callable[[Bench, Check], Undo]:
    """The host's record of this kind is another one."""

    def change(bench: Bench, check: Check) -> Undo:
        names, zone, records = _sets(bench)
        record = _found(records, str(check.params["host"]), kind)
        other = made(json.loads(json.dumps(record)), bench)
        _apply(names, zone, ("DELETE", record), ("CREATE", other))
        return lambda: _apply(names, zone, ("DELETE", other), ("CREATE", record))

    return change


def record_added(*made: dict[str, Any]) -> Callable[[Bench, Check], Undo]:
    """These records, in place of those of the same name and type; ``@`` stands for the zone's name."""

    def change(bench: Bench, _check: Check) -> Undo:
        names, zone, there = _sets(bench)
        records = [{**each, "Name": each["Name"].replace("@", bench.apex).rstrip(".") + "."} for each in made]
        taken = {(each["Name"], each["Type"]) for each in records}
        before = [each for each in there if (each["Name"].replace("\\052", "*"), each["Type"]) in taken]
        _apply(names, zone, *(("DELETE", each) for each in before), *(("CREATE", each) for each in records))
        return lambda: _apply(
            names, zone, *(("DELETE", each) for each in records), *(("CREATE", each) for each in before)
        )

    return change


def _plain(kind: str, name: str, *values: str, ttl: int = 300) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": each} for each in values]}


_another_authority_for_all = record_added(_plain("CAA", "@.", '0 issue "letsencrypt.org"'))


def _another_authority(bench: Bench, check: Check) -> Undo:
    """For one host beside the site's own name, where there is one: the set nearest to a host counts (RFC 8659 3)."""
    hosts = check.params["hosts"]
    names = [str(each) for each in hosts] if isinstance(hosts, tuple) else []
    host = next((each for each in names if each != bench.apex), bench.apex)
    return record_added(_plain("CAA", host, '0 issue "letsencrypt.org"'))(bench, check)


def _to(*values: str) -> Callable[[dict[str, Any], Bench], dict[str, Any]]:
    return lambda record, _: _plain(record["Type"], record["Name"], *values)


def _other_distribution(record: dict[str, Any], _bench: Bench) -> dict[str, Any]:
    target = record["AliasTarget"]["DNSName"]
    record["AliasTarget"]["DNSName"] = "d0000000000000." + target.partition(".")[2]
    return record


def wrong_delegation(bench: Bench, _check: Check) -> Undo:
    """The parent names the servers of a zone that is gone."""
    names, zone, _ = _sets(bench)
    servers = names.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]
    life.delegate(bench.twin, bench.apex, ["ns-1.awsdns-99.org", "ns-2.awsdns-99.net"])
    return lambda: life.delegate(bench.twin, bench.apex, servers)


def partial_delegation(bench: Bench, _check: Check) -> Undo:
    """The parent forgets one of four."""
    names, zone, _ = _sets(bench)
    servers = names.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]
    life.delegate(bench.twin, bench.apex, servers[:-1])
    return lambda: life.delegate(bench.twin, bench.apex, servers)


def second_zone(bench: Bench, _check: Check) -> Undo:
    """Another zone of the same name, as after a stack was made twice."""
    names = bench.aws("route53", _GLOBAL)
    made = names.create_hosted_zone(Name=bench.apex, CallerReference="a second one")["HostedZone"]["Id"]
    return lambda: names.delete_hosted_zone(Id=made.rpartition("/")[2])


def unlocked(bench: Bench, check: Check) -> Undo:
    """Whoever has the code may move the domain to a registrar of his own."""
    registrar, domain = bench.aws("route53domains", _GLOBAL), str(check.params["domain"])
    registrar.disable_domain_transfer_lock(DomainName=domain)
    return lambda: registrar.enable_domain_transfer_lock(DomainName=domain)


def _coded(question: Question, code: dns.rcode.Rcode) -> dns.message.Message:
    response = dns.message.make_response(question.message)
    response.set_rcode(code)
    return response


def _emptied(question: Question, onward: Onward, kinds: frozenset[str], host: str) -> Answer:
    response = onward()
    if question.name == host and question.type in kinds:
        response.answer = []
    return response


def emptied(*kinds: str) -> Callable[[Bench], Twist]:
    """The apex is there, without records of these kinds."""
    return lambda bench: lambda question, onward: _emptied(question, onward, frozenset(kinds), bench.apex)


def at_servers(says: Callable[[Question, Onward], Answer], *, which: frozenset[int] = frozenset({0, 1, 2, 3})) -> Twist:
    """*which* of the zone's own servers say something else."""
    return lambda question, onward: says(question, onward) if question.authority in which else onward()


def everywhere(bench: Bench, says: Callable[[Question, Onward], Answer]) -> Twist:
    """The resolver and the zone's servers, asked about the site's names; the parent goes on as it was."""

    def twist(question: Question, onward: Onward) -> Answer:
        ours = question.name == bench.apex or question.name.endswith(f".{bench.apex}")
        return says(question, onward) if ours and (question.recursive or question.authority is not None) else onward()

    return twist


def _failing(question: Question, _onward: Onward) -> Answer:
    return _coded(question, dns.rcode.SERVFAIL)


def _refusing(question: Question, _onward: Onward) -> Answer:
    return _coded(question, dns.rcode.REFUSED)


def _silent(_question: Question, _onward: Onward) -> Answer:
    return None


def looped(bench: Bench) -> Twist:
    """The resolver is led round in a circle by the apex."""

    def twist(question: Question, onward: Onward) -> Answer:
        if not question.recursive or question.name != bench.apex or question.type not in {"A", "AAAA"}:
            return onward()
        response = dns.message.make_response(question.message)
        name = question.message.question[0].name
        response.answer = [dns.rrset.from_text(name, 60, "IN", "CNAME", name.to_text())]
        return response

    return twist


def _without_address(question: Question, onward: Onward) -> Answer:
    response = onward()
    if question.type == "A":
        response.answer = []
    return response


def shuffled(_bench: Bench) -> Twist:
    """Another order, and sometimes fewer addresses."""
    turns = {"n": 0}

    def twist(question: Question, onward: Onward) -> Answer:
        response = onward()
        if question.type == "A" and response.answer and question.recursive:
            turns["n"] += 1
            values = [each.to_text() for each in response.answer[0]]
            at = turns["n"] % len(values)
            turned = (values[at:] + values[:at])[: 1 + turns["n"] % len(values)]
            response.answer = [dns.rrset.from_text(response.answer[0].name, 60, "IN", "A", *turned)]
        return response

    return twist


def chained(bench: Bench) -> Twist:
    """The same addresses behind three aliases."""

    def twist(question: Question, onward: Onward) -> Answer:
        response = onward()
        if question.recursive and question.type == "A" and question.name == bench.apex and response.answer:
            last, names = (
                response.answer[-1],
                [f"{bench.apex}.", "one.example.net.", "two.example.net.", "three.example.net."],
            )
            links = [dns.rrset.from_text(a, 60, "IN", "CNAME", b) for a, b in itertools.pairwise(names)]
            response.answer = [
                *links,
                dns.rrset.from_text(names[-1], 60, "IN", "A", *(each.to_text() for each in last)),
            ]
        return response

    return twist


def truncated(_bench: Bench) -> Twist:
    """UDP answers are cut short; TCP has them whole."""

    def twist(question: Question, onward: Onward) -> Answer:
        response = onward()
        if question.udp:
            response.answer, response.authority, response.additional = [], [], []
            response.flags |= dns.flags.TC
        return response

    return twist


def first_time(says: Callable[[Question, Onward], Answer]) -> Callable[[Bench], Twist]:
    """The first time that a question is asked."""

    def made(_bench: Bench) -> Twist:
        heard: set[tuple[str, str]] = set()

        def twist(question: Question, onward: Onward) -> Answer:
            key = (question.name, question.type)
            if not question.recursive or key in heard:
                return onward()
            heard.add(key)
            return says(question, onward)

        return twist

    return made


def every(nth: int, says: Callable[[Question, Onward], Answer]) -> Callable[[Bench], Twist]:
    """Each *nth* question to the resolver."""

    def made(_bench: Bench) -> Twist:
        count = {"n": 0}

        def twist(question: Question, onward: Onward) -> Answer:
            if not question.recursive:
                return onward()
            count["n"] += 1
            return says(question, onward) if count["n"] % nth == 0 else onward()

        return twist

    return made


def embellished(_bench: Bench) -> Twist:
    """Without AA, with AD, as a resolver that validates answers."""

    def twist(question: Question, onward: Onward) -> Answer:
        response = onward()
        if question.recursive:
            response.flags &= ~dns.flags.AA
            response.flags |= dns.flags.AD
        return response

    return twist


def _local(question: Question, onward: Onward, host: str) -> Answer:
    response = onward()
    if question.type == "A" and question.name == host:
        response.answer = [dns.rrset.from_text(question.message.question[0].name, 60, "IN", "A", "127.0.0.1")]
    return response


def _forged_first(question: Question, onward: Onward) -> Answer:
    """Over UDP two packets go out as one answer would: the stranger's cannot be told apart by its sender."""
    response = onward()
    return response if not question.udp else Twice(first=_of_another(response), then=response)


def _of_another(response: dns.message.Message) -> bytes:
    wire = bytearray(response.to_wire())
    wire[0] ^= 0x55
    return bytes(wire)


def _unnoticed(twist: Callable[[Bench], Twist]) -> Stage:
    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        bench.check("dns.address")
        yield View(names=twist(bench))

    return stage


# What each of the zone's servers is asked for in some other way, and so says the same of.
_EACH_SERVER = ("dns.tcp[*]", "dns.case[*]", "dns.lifetime[*]")

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="X-DNS-01",
        family=_FAMILY,
        breaks="the apex has no A record",
        stage=broken("dns.alias", record_gone("A")),
        promise="dns.alias",
        behind=_EACH_SERVER,
    ),
    Fault(
        id="X-DNS-02",
        family=_FAMILY,
        breaks="the parent names other servers",
        stage=broken("dns.delegation", wrong_delegation),
        promise="dns.delegation",
    ),
    Fault(
        id="X-DNS-03",
        family=_FAMILY,
        breaks="the parent names three of four servers",
        stage=broken("dns.delegation", partial_delegation),
        promise="dns.delegation",
    ),
    Fault(
        id="DNS-33",
        family=_FAMILY,
        breaks="the domain may be transferred by anybody",
        stage=broken("dns.registration", unlocked),
        promise="dns.registration",
    ),
    Fault(
        id="X-DNS-04",
        family=_FAMILY,
        breaks="there are two zones of the name",
        stage=broken("dns.zone", second_zone),
        promise="dns.zone",
    ),
    Fault(
        id="DNS-02",
        family=_FAMILY,
        breaks="the name is there without an address",
        stage=resolved("dns.address", emptied("A")),
        promise="dns.address",
        behind=("tls.*", "cdn.*", "site.*", "release.*", "api.*", *_EACH_SERVER),
    ),
    Fault(
        id="DNS-03",
        family=_FAMILY,
        breaks="every server answers SERVFAIL",
        stage=resolved("dns.authorities", lambda bench: everywhere(bench, _failing)),
        promise="dns.authorities",
        behind=("dns.*", "tls.*"),
    ),
    Fault(
        id="DNS-05",
        family=_FAMILY,
        breaks="all of the zone's servers are silent",
        stage=resolved("dns.authorities", lambda _: at_servers(_silent)),
        promise="dns.authorities",
        behind=("dns.*", "tls.validation[*]"),
    ),
    Fault(
        id="DNS-06",
        family=_FAMILY,
        breaks="one of four name servers is dead",
        stage=resolved("dns.authorities", lambda _: at_servers(_silent, which=frozenset({2}))),
        promise="dns.authorities",
        behind=_EACH_SERVER,
    ),
    Fault(
        id="DNS-07",
        family=_FAMILY,
        breaks="one of four name servers is lame",
        stage=resolved("dns.authorities", lambda _: at_servers(_refusing, which=frozenset({1}))),
        promise="dns.authorities",
        behind=_EACH_SERVER,
    ),
    Fault(
        id="DNS-10",
        family=_FAMILY,
        breaks="the alias leads to another distribution",
        stage=broken("dns.alias", record_instead("A", _other_distribution)),
        promise="dns.alias",
        behind=("dns.address[*]", *_EACH_SERVER),
    ),
    Fault(
        id="DNS-13",
        family=_FAMILY,
        breaks="the name is an alias of itself",
        stage=resolved("dns.address", looped),
        promise="dns.address",
        behind=("dns.address_v6[*]",),
    ),
    Fault(
        id="DNS-14",
        family=_FAMILY,
        breaks="the address is a private one",
        stage=broken("dns.alias", record_instead("A", _to("10.0.0.7"))),
        promise="dns.alias",
        behind=("dns.address[*]", *_EACH_SERVER),
    ),
    Fault(
        id="X-DNS-05",
        family=_FAMILY,
        breaks="resolvers give 127.0.0.1",
        stage=resolved("dns.address", lambda bench: everywhere(bench, lambda q, on: _local(q, on, bench.apex))),
        promise="dns.address",
        behind=("tls.*", "cdn.*", "site.*", "release.*", "api.*", *_EACH_SERVER),
    ),
    Fault(
        id="DNS-18",
        family=_FAMILY,
        breaks="www has no A record",
        stage=broken("dns.alias", record_gone("A", alias=True), containing="[www."),
        promise="dns.alias",
    ),
    Fault(
        id="X-DNS-06",
        family=_FAMILY,
        breaks="the apex has no AAAA record",
        stage=broken("dns.alias", record_gone("AAAA")),
        promise="dns.alias",
        behind=("dns.address_v6[*]",),
    ),
    Fault(
        id="DNS-24",
        family=_FAMILY,
        breaks="one name server knows no address yet",
        stage=resolved("dns.authorities", lambda _: at_servers(_without_address, which=frozenset({1}))),
        promise="dns.authorities",
        note="an older address is no sign: Route 53 turns those of an alias over from question to question",
        behind=_EACH_SERVER,
    ),
    Fault(
        id="DNS-30",
        family=_FAMILY,
        breaks="a catch-all answers for every name",
        stage=broken("dns.negative", record_added(_plain("A", "*.@", "192.0.2.77"))),
        promise="dns.negative",
    ),
    Fault(
        id="ACM-09",
        family="ACM certificate life-cycle",
        breaks="a CAA record lets another authority issue alone",
        stage=broken("dns.caa", _another_authority),
        promise="dns.caa",
    ),
    Fault(
        id="X-ACM-02",
        family="ACM certificate life-cycle",
        breaks="the CAA record of the template lets another authority issue alone",
        stage=broken("dns.record", _another_authority_for_all, containing="Caa"),
        promise="dns.record",
        behind=("dns.caa[*]",),
    ),
    Fault(
        id="B-DNS-01",
        family=_FAMILY,
        kind="benign",
        breaks="addresses change in number and order",
        fidelity="live",
        stage=_unnoticed(shuffled),
    ),
    Fault(
        id="B-DNS-03",
        family=_FAMILY,
        kind="benign",
        breaks="the addresses stand behind three aliases",
        stage=_unnoticed(chained),
    ),
    Fault(
        id="B-DNS-05",
        family=_FAMILY,
        kind="benign",
        breaks="UDP is cut short, TCP is whole",
        stage=_unnoticed(truncated),
    ),
    Fault(
        id="B-DNS-06",
        family=_FAMILY,
        kind="benign",
        breaks="the first answer is SERVFAIL",
        stage=_unnoticed(first_time(_failing)),
    ),
    Fault(
        id="B-DNS-07",
        family=_FAMILY,
        kind="benign",
        breaks="a packet with another id comes first",
        stage=_unnoticed(lambda _: _forged_first),
    ),
    Fault(
        id="B-DNS-08",
        family=_FAMILY,
        kind="benign",
        breaks="there are unrelated records",
        stage=harmless(
            "dns.alias",
            record_added(
                _plain("TXT", "note.@", '"a proof of something"'), _plain("CAA", "@.", '0 issue "amazon.com"')
            ),
        ),
    ),
    Fault(
        id="B-DNS-09",
        family=_FAMILY,
        kind="benign",
        breaks="answers come without AA and with AD",
        stage=_unnoticed(embellished),
    ),
    Fault(
        id="B-DNS-10",
        family=_FAMILY,
        kind="benign",
        breaks="the resolver drops each fifth question",
        stage=_unnoticed(every(5, _silent)),
    ),
)
