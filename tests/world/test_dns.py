from __future__ import annotations

import time
from itertools import chain, count, repeat
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.evidence import DnsAnswer, Silence
from checks.model import CannotLook
from checks.world.names import Routes, addresses, ascii_name
from checks.world.network import resolver_address, system_resolvers
from tests.world.servers import HOST, Reply, closed_port, dns_server, record, zone
from tests.world.worlds import world_of

SITE = zone(
    "site.example. 60 IN A 192.0.2.2",
    "site.example. 60 IN A 192.0.2.1",
    "site.example. 60 IN AAAA 2001:db8::1",
    "www.site.example. 300 IN CNAME Edge.Site.Example.",
    "edge.site.example. 20 IN CNAME site.example.",
    "site.example. 900 IN NS NS2.site.example.",
    "site.example. 900 IN NS ns1.site.example.",
    "ns1.site.example. 900 IN A 127.0.0.7",
    "site.example. 900 IN SOA ns1.site.example. host.site.example. 7 7200 900 1209600 86400",
    'site.example. 60 IN CAA 0 issue "amazon.com"',
)  # fmt: skip


def _answers(name: str, kind: str, reply: Reply, *, seconds: float = 5.0) -> DnsAnswer | Silence:
    with dns_server(reply) as server:
        return world_of(resolver=server.resolver, seconds=seconds).dns.ask(name, kind)


def test_an_address_is_answered_with_its_facts() -> None:
    """Records are sorted texts; name, rcode, authority and lifetime come with them."""
    with dns_server(SITE) as server:
        answer = world_of(resolver=server.resolver).dns.ask("Site.Example.", "a")

    expected = DnsAnswer(
        name="site.example", type="A", server=server.resolver, rcode="NOERROR",
        records=("192.0.2.1", "192.0.2.2"), authoritative=True, ttl=60,
    )  # fmt: skip
    assert expected == answer


def test_the_question_carries_edns_and_asks_for_recursion() -> None:
    """1232 bytes cross every network unfragmented; the resolver is asked to do the work."""
    with dns_server(SITE) as server:
        world_of(resolver=server.resolver).dns.ask("site.example", "A")

    assert [("site.example", "A", True, 1232, "udp")] == server.questions


def test_aliases_are_followed_from_the_name_that_was_asked() -> None:
    """The chain holds each target, the lifetime is the shortest on the way."""
    answer = _answers("www.site.example", "A", SITE)

    assert isinstance(answer, DnsAnswer)
    assert ("edge.site.example", "site.example") == answer.chain
    assert (("192.0.2.1", "192.0.2.2"), 20) == (answer.records, answer.ttl)


def test_an_alias_to_nothing_has_a_chain_and_no_records() -> None:
    """A dangling alias must not look like an answer."""
    answer = _answers("old.example", "A", zone("old.example. 60 IN CNAME gone.example."))

    assert isinstance(answer, DnsAnswer)
    assert (("gone.example",), (), "NXDOMAIN") == (answer.chain, answer.records, answer.rcode)


def test_records_of_another_name_are_not_the_answer() -> None:
    """A resolver that adds what nobody asked for does not change what was asked."""

    def reply(query: dns.message.Message, _: str) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.answer.append(dns.rrset.from_text("other.example.", 60, "IN", "A", "192.0.2.9"))
        return answer

    answer = _answers("site.example", "A", reply)

    assert isinstance(answer, DnsAnswer)
    assert () == answer.records


def test_aliases_that_run_in_a_circle_end() -> None:
    """A loop is an answer without records, not a look without end."""
    both = ("a.example. 60 IN CNAME b.example.", "b.example. 60 IN CNAME a.example.")

    def reply(query: dns.message.Message, _: str) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.answer += [record(line) for line in both]
        return answer

    answer = _answers("a.example", "A", reply)

    assert isinstance(answer, DnsAnswer)
    assert () == answer.records


@pytest.mark.parametrize(
    ("kind", "expected"),
    (
        ("NS", ("ns1.site.example", "ns2.site.example")),
        ("SOA", ("ns1.site.example. host.site.example. 7 7200 900 1209600 86400",)),
        ("CAA", ('0 issue "amazon.com"',)),
    ),
)
def test_values_are_texts(kind: str, expected: tuple[str, ...]) -> None:
    """Host names are lower case without the final dot, everything else is as DNS writes it."""
    answer = _answers("site.example", kind, SITE)

    assert isinstance(answer, DnsAnswer)
    assert expected == answer.records


@pytest.mark.parametrize("rcode", ("NXDOMAIN", "REFUSED", "SERVFAIL", "NOTIMP"))
def test_what_the_resolver_says_is_evidence(rcode: str) -> None:
    """A response code is an answer: nobody turns it into an exception."""
    answer = _answers("site.example", "A", zone(rcode=rcode))

    assert isinstance(answer, DnsAnswer)
    assert (rcode, ()) == (answer.rcode, answer.records)


def test_a_single_servfail_is_asked_about_again() -> None:
    """One bad moment of a resolver is no finding."""
    replies = chain([zone(rcode="SERVFAIL")], repeat(SITE))

    def reply(query: dns.message.Message, transport: str) -> dns.message.Message | list[bytes] | None:
        return next(replies)(query, transport)

    answer = _answers("site.example", "A", reply)

    assert isinstance(answer, DnsAnswer)
    assert "NOERROR" == answer.rcode


def test_a_lost_packet_is_asked_about_again() -> None:
    """UDP loses packets; the second one counts."""
    number = count()

    def reply(query: dns.message.Message, transport: str) -> dns.message.Message | list[bytes] | None:
        return None if next(number) == 0 else SITE(query, transport)

    answer = _answers("site.example", "A", reply, seconds=0.6)

    assert isinstance(answer, DnsAnswer)
    assert ("192.0.2.1", "192.0.2.2") == answer.records


def test_a_silent_resolver_is_our_own_trouble() -> None:
    """Our instrument could not look: that says nothing about the target."""
    started = time.monotonic()

    with pytest.raises(CannotLook, match="does not answer: no answer in time"):
        _answers("site.example", "A", lambda *_: None, seconds=0.4)

    assert time.monotonic() - started < 1.0


def test_a_resolver_that_is_not_there_is_noticed_at_once() -> None:
    """A closed port needs no time-out."""
    started = time.monotonic()

    with pytest.raises(CannotLook, match="connection refused"):
        world_of(resolver=f"{HOST}:{closed_port()}").dns.ask("site.example", "A")

    assert time.monotonic() - started < 1.0


def test_without_a_resolver_nothing_is_asked(tmp_path: Path) -> None:
    """A machine that names no resolver is told to name one."""
    assert () == system_resolvers(tmp_path / "absent")


def test_resolv_conf_is_read_in_its_order(tmp_path: Path) -> None:
    """Comments, options and nonsense are passed over."""
    path = tmp_path / "resolv.conf"
    path.write_text(
        "# ours\nsearch example\nnameserver 192.0.2.1\nnameserver 2001:db8::1\nnameserver\nnameserver nonsense\n"
    )

    assert (("192.0.2.1", 53), ("2001:db8::1", 53)) == system_resolvers(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("127.0.0.1:5300", ("127.0.0.1", 5300)),
        ("127.0.0.1", ("127.0.0.1", 53)),
        ("localhost:53", ("127.0.0.1", 53)),
        ("[::1]:5300", ("::1", 5300)),
        ("::1", ("::1", 53)),
    ),
)
def test_a_resolver_is_an_address(text: str, expected: tuple[str, int]) -> None:
    """With a port or without one."""
    assert expected == resolver_address(text)


@pytest.mark.parametrize("text", ("dns.example:53", "127.0.0.1:http", "dns.example", ":53", ""))
def test_a_resolver_by_name_is_refused(text: str) -> None:
    """Nobody could resolve it."""
    with pytest.raises(CannotLook, match="is not an address"):
        resolver_address(text)


# --- strange answers ------------------------------------------------------------------------------


def test_a_truncated_answer_is_fetched_over_tcp() -> None:
    """Half an answer is none: the TC bit sends us to TCP, where all of it is."""
    many = zone(*(f"big.example. 60 IN TXT {'x' * 200}{number:03}" for number in range(40)))

    def reply(query: dns.message.Message, transport: str) -> dns.message.Message:
        answer = many(query, transport)
        assert isinstance(answer, dns.message.Message)
        if transport == "udp":
            answer.flags |= dns.flags.TC
            del answer.answer[1:]
        return answer

    with dns_server(reply) as server:
        answer = world_of(resolver=server.resolver).dns.ask("big.example", "TXT")

    assert ["udp", "tcp"] == [transport for *_, transport in server.questions]
    assert isinstance(answer, DnsAnswer)
    assert 40 == len(answer.records)


def test_a_packet_cut_in_the_middle_is_fetched_over_tcp() -> None:
    """Some servers cut the packet itself, not at a record."""
    long = zone(f"big.example. 60 IN TXT {'x' * 250}")

    def reply(query: dns.message.Message, transport: str) -> dns.message.Message | list[bytes] | None:
        answer = long(query, transport)
        assert isinstance(answer, dns.message.Message)
        answer.flags |= 0 if transport == "tcp" else dns.flags.TC
        return answer if transport == "tcp" else [answer.to_wire()[:100]]

    answer = _answers("big.example", "TXT", reply)

    assert isinstance(answer, DnsAnswer)
    assert 1 == len(answer.records)


def test_a_truncated_answer_without_tcp_is_no_answer() -> None:
    """What UDP cut off and TCP does not tell stays unknown."""

    def reply(query: dns.message.Message, transport: str) -> dns.message.Message | list[bytes]:
        answer = SITE(query, transport)
        assert isinstance(answer, dns.message.Message)
        answer.flags |= dns.flags.TC
        return [b""] if transport == "tcp" else answer

    with pytest.raises(CannotLook, match="over TCP"):
        _answers("site.example", "A", reply)


def test_an_answer_over_tcp_to_another_question_is_no_answer() -> None:
    """A stream can be answered wrongly as well."""

    def reply(query: dns.message.Message, transport: str) -> dns.message.Message:
        answer = SITE(query, transport)
        assert isinstance(answer, dns.message.Message)
        answer.flags |= dns.flags.TC
        answer.id = (query.id + (transport == "tcp")) % 65_536
        return answer

    with pytest.raises(CannotLook, match="belongs to another question"):
        _answers("site.example", "A", reply)


def _foreign(query: dns.message.Message) -> list[bytes]:
    """A packet with a wrong id, one for another question, and garbage; each says 192.0.2.66."""
    lie = zone("site.example. 60 IN A 192.0.2.66", "other.example. 60 IN A 192.0.2.66")
    wrong_id, wrong_name = (dns.message.make_query(name, "A") for name in ("site.example", "other.example"))
    wrong_id.id, wrong_name.id = (query.id + 1) % 65_536, query.id
    told = [lie(each, "udp") for each in (wrong_id, wrong_name)]
    return [*(each.to_wire() for each in told if isinstance(each, dns.message.Message)), b"", b"\0" * 5, b"\xff" * 40]


def test_packets_that_answer_another_question_are_passed_over() -> None:
    """A wrong id or name is somebody else's answer, or an attack."""

    def reply(query: dns.message.Message, transport: str) -> list[bytes]:
        answer = SITE(query, transport)
        assert isinstance(answer, dns.message.Message)
        return [*_foreign(query), answer.to_wire()]

    answer = _answers("site.example", "A", reply)

    assert isinstance(answer, DnsAnswer)
    assert ("192.0.2.1", "192.0.2.2") == answer.records


def test_strangers_packets_alone_are_silence() -> None:
    """Only lies came: the look ends at its deadline and says that nobody answered."""
    with pytest.raises(CannotLook, match="no answer in time"):
        _answers("site.example", "A", lambda query, _: _foreign(query), seconds=0.4)


def test_a_foreign_truncated_packet_does_not_send_us_to_tcp() -> None:
    """Anybody could set one bit; it counts only in an answer to our question."""

    def reply(query: dns.message.Message, transport: str) -> list[bytes]:
        foreign = dns.message.make_response(dns.message.make_query("site.example", "A"))
        foreign.id, foreign.flags = (query.id + 1) % 65_536, foreign.flags | dns.flags.TC
        answer = SITE(query, transport)
        assert isinstance(answer, dns.message.Message)
        return [foreign.to_wire(), answer.to_wire()]

    with dns_server(reply) as server:
        world_of(resolver=server.resolver).dns.ask("site.example", "A")

    assert ["udp"] == [transport for *_, transport in server.questions]


@pytest.mark.parametrize(("tcp", "transport"), ((False, "udp"), (True, "tcp")))
def test_a_server_older_than_edns_is_asked_without(*, tcp: bool, transport: str) -> None:
    """FORMERR to an extended question is an old server, not a broken zone; it is asked again in the same way."""

    def reply(query: dns.message.Message, transport: str) -> dns.message.Message | list[bytes] | None:
        return zone(rcode="FORMERR")(query, transport) if query.edns >= 0 else SITE(query, transport)

    with dns_server(reply) as server:
        answer = world_of(resolver=server.resolver).dns.ask("site.example", "A", tcp=tcp)

    assert isinstance(answer, DnsAnswer)
    assert "NOERROR" == answer.rcode
    assert [transport, transport] == [how for *_, how in server.questions]


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=80))
def test_no_packet_breaks_the_look(garbage: bytes) -> None:
    """Whatever follows the header, the true answer after it is found."""

    def reply(query: dns.message.Message, transport: str) -> list[bytes]:
        answer = SITE(query, transport)
        assert isinstance(answer, dns.message.Message)
        wire = answer.to_wire()
        return [wire[:12] + garbage, wire]

    answer = _answers("site.example", "A", reply)

    assert isinstance(answer, DnsAnswer)


# --- one server among many ------------------------------------------------------------------------


def test_a_resolver_of_others_is_asked_for_recursion() -> None:
    """Otherwise it would say what it happens to remember, and nothing else."""
    with dns_server(zone("shop.test. 60 IN A 192.0.2.7")) as server:
        connect = {("192.0.2.53", 53): (HOST, server.port)}
        seen = world_of(connect=connect).dns.ask("shop.test", "A", server="192.0.2.53", recursive=True)

    assert isinstance(seen, DnsAnswer)
    assert (("192.0.2.7",), True) == (seen.records, server.questions[0][2])


def test_a_server_is_asked_without_recursion_at_its_own_address() -> None:
    """Given by name, it is resolved first; its port is 53 wherever the connect map leads."""
    with dns_server(SITE) as resolver, dns_server(SITE) as authority:
        world = world_of(resolver=resolver.resolver, connect={("127.0.0.7", 53): (HOST, authority.port)})
        answer = world.dns.ask("site.example", "A", server="ns1.site.example")

    assert [("ns1.site.example", "A", True, 1232, "udp")] == resolver.questions
    assert [("site.example", "A", False, 1232, "udp")] == authority.questions
    assert isinstance(answer, DnsAnswer)
    assert "ns1.site.example" == answer.server


def test_a_referral_names_the_servers_of_the_child() -> None:
    """A parent answers with its child's servers in the authority section, and without authority."""

    def reply(query: dns.message.Message, _: str) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.authority.append(dns.rrset.from_text("site.example.", 900, "IN", "NS", "NS2.example.", "ns1.example."))
        return answer

    with dns_server(reply) as parent:
        world = world_of(connect={("127.0.0.7", 53): (HOST, parent.port)})
        answer = world.dns.ask("site.example", "NS", server="127.0.0.7")

    assert isinstance(answer, DnsAnswer)
    assert ((), ("ns1.example", "ns2.example"), False) == (answer.records, answer.referral, answer.authoritative)


def test_an_authority_section_of_the_zone_itself_is_no_referral() -> None:
    """An authoritative empty answer names its own servers; nobody is sent elsewhere."""

    def reply(query: dns.message.Message, _: str) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        answer.authority.append(dns.rrset.from_text("site.example.", 900, "IN", "NS", "ns1.example."))
        return answer

    answer = _answers("site.example", "NS", reply)

    assert isinstance(answer, DnsAnswer)
    assert () == answer.referral


def test_a_silent_server_is_evidence() -> None:
    """An authoritative server that says nothing is a fact about the target."""
    with dns_server(lambda *_: None) as authority:
        world = world_of(connect={("127.0.0.7", 53): (HOST, authority.port)}, seconds=0.4)
        answer = world.dns.ask("site.example", "A", server="127.0.0.7")

    assert Silence(where="127.0.0.7:53", reason="site.example A: no answer in time") == answer


def test_a_server_without_an_address_is_evidence() -> None:
    """A zone handed to a name that does not exist is lame, and the answer says which name."""
    with dns_server(SITE) as resolver:
        answer = world_of(resolver=resolver.resolver).dns.ask("site.example", "A", server="gone.example")

    assert isinstance(answer, Silence)
    assert "gone.example" == answer.where
    assert "NXDOMAIN" in answer.reason


def test_a_server_outside_a_twin_is_never_asked() -> None:
    """Nothing leaves the machine when the target is on it."""
    with pytest.raises(CannotLook, match=r"192\.0\.2\.53:53 is not on this machine"):
        world_of().dns.ask("site.example", "A", server="192.0.2.53")


def test_a_resolver_outside_a_twin_is_never_asked() -> None:
    """Not even for a name."""
    with pytest.raises(CannotLook, match="is not on this machine"):
        world_of(resolver="192.0.2.53:53").dns.ask("site.example", "A")


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    (
        ("Site.Example.", "site.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("_acme.site.example", "_acme.site.example"),
        (".", ""),
    ),
)
def test_a_name_has_one_spelling(name: str, expected: str) -> None:
    """Lower case, ASCII, without the final dot."""
    assert expected == ascii_name(name)


@pytest.mark.parametrize(
    "name", ("a..b", f"{'x' * 64}.example", ".".join(["x" * 60] * 5), "a b.example", "ü" * 70, "a\n.example")
)
def test_what_can_be_no_name_is_not_asked(name: str) -> None:
    """A misspelt name is our mistake, never the target's."""
    with pytest.raises(CannotLook, match="is not a DNS name"):
        world_of().dns.ask(name, "A")


def test_a_type_that_does_not_exist_is_not_asked() -> None:
    """A misspelt type is our mistake as well."""
    with pytest.raises(CannotLook, match="no DNS question"):
        world_of().dns.ask("site.example", "AAAAA")


def test_ipv4_comes_first_and_ipv6_only_where_there_is_any() -> None:
    """Without IPv6 here, AAAA records are nobody's business."""
    with dns_server(SITE) as server:
        both = world_of(resolver=server.resolver, ipv6=True).dns.addresses("site.example")
        four = world_of(resolver=server.resolver).dns.addresses("site.example")

    assert ("192.0.2.1", "192.0.2.2", "2001:db8::1") == both
    assert ("192.0.2.1", "192.0.2.2") == four


@pytest.mark.parametrize(
    ("host", "expected"),
    (
        ("192.0.2.1", ("192.0.2.1",)),
        ("2001:DB8:0::1", ("2001:db8::1",)),
        ("localhost", ("127.0.0.1",)),
        ("api.localhost", ("127.0.0.1",)),
    ),
)
def test_addresses_and_localhost_need_no_dns(host: str, expected: tuple[str, ...]) -> None:
    """RFC 6761: localhost is never asked of the DNS."""

    def nobody(name: str, kind: str) -> DnsAnswer:
        raise AssertionError(f"{name} {kind} was asked")

    assert expected == addresses(nobody, host, ipv6=True)


def test_a_name_that_leads_nowhere_says_which_way_it_led() -> None:
    """The dangling alias is in the reason."""
    with dns_server(zone("old.example. 60 IN CNAME gone.example.")) as server:
        seen = world_of(resolver=server.resolver).dns.addresses("old.example")

    assert isinstance(seen, Silence)
    assert "answered NXDOMAIN without A records (through gone.example)" in seen.reason


@pytest.mark.parametrize("address", ("127.0.0.1", "127.9.9.9", "::1"))
def test_loopback_is_on_this_machine(address: str) -> None:
    """All of 127/8 and ::1."""
    assert (address, 443) == Routes(loopback_only=True).to(address, 443)


@pytest.mark.parametrize("address", ("192.0.2.1", "10.0.0.1", "0.0.0.0", "::", "::ffff:192.0.2.1", "169.254.169.254"))
def test_everything_else_is_not(address: str) -> None:
    """What is not mapped and not loopback is refused, the metadata service included."""
    with pytest.raises(CannotLook, match="is not on this machine"):
        Routes(loopback_only=True).to(address, 443)


@pytest.mark.parametrize("routes", (Routes(), Routes(connect={("site.example", 443): ("other.example", 443)})))
def test_only_addresses_are_dialled(routes: Routes) -> None:
    """A name would be resolved by the system, which knows neither our resolver nor a deadline."""
    with pytest.raises(CannotLook, match=r"'(site|other)\.example' is not an address"):
        routes.to("site.example", 443)


def test_silence_about_a_name_is_passed_on() -> None:
    """Whoever is asked for names may be silent, and the reason is theirs."""
    silent = Silence(where="ns.example:53", reason="no answer in time")

    assert Silence(where="site.example", reason="no address: no answer in time") == addresses(
        lambda *_: silent, "site.example", ipv6=False
    )


def test_a_map_that_leads_outside_is_refused_too() -> None:
    """The map may not be the hole in the wall."""
    routes = Routes(connect={("192.0.2.1", 443): ("198.51.100.1", 443)}, loopback_only=True)

    with pytest.raises(CannotLook, match=r"198\.51\.100\.1:443 is not on this machine"):
        routes.to("192.0.2.1", 443)


def test_a_public_target_is_dialled_as_it_is() -> None:
    """Without a map and without the wall, an address is an address."""
    assert ("192.0.2.1", 443) == Routes().to("192.0.2.1", 443)


# --- asking once ----------------------------------------------------------------------------------


def test_equal_questions_are_asked_once_within_an_attempt() -> None:
    """However it is spelt, the same question costs one packet; the next attempt asks afresh."""
    with dns_server(SITE) as server:
        world = world_of(resolver=server.resolver)
        first, second = world.dns.ask("site.example", "A"), world.dns.ask("SITE.example.", "a")
        asked_once = len(server.questions)
        world.again().dns.ask("site.example", "A")

    assert first is second
    assert (1, 2) == (asked_once, len(server.questions))


def test_over_tcp_alone_no_packet_is_sent() -> None:
    """Whoever answers over UDP alone is seen not to answer."""
    with dns_server(SITE) as server:
        found = world_of(resolver=server.resolver).dns.ask("site.example", "A", tcp=True)

    assert isinstance(found, DnsAnswer)
    assert ["tcp"] == [transport for *_, transport in server.questions]


def test_a_name_in_mixed_case_is_asked_for_as_it_is_spelt() -> None:
    """The answer is that of the name; a server that spells it otherwise has not answered."""

    def flattened(query: dns.message.Message, transport: str) -> dns.message.Message:
        answer = SITE(query, transport)
        assert isinstance(answer, dns.message.Message)
        answer.question = [
            dns.rrset.RRset(each.name.canonicalize(), each.rdclass, each.rdtype) for each in answer.question
        ]
        return answer

    with dns_server(SITE) as server, dns_server(flattened) as other:
        found = world_of(resolver=server.resolver).dns.ask("site.example", "A", mixed=True)
        with pytest.raises(CannotLook, match="it spells the question"):
            world_of(resolver=other.resolver).dns.ask("site.example", "A", mixed=True)

    assert isinstance(found, DnsAnswer)
    assert ("site.example", ("192.0.2.1", "192.0.2.2")) == (found.name.lower(), found.records)
    assert "SiTe.eXaMpLe" == server.questions[0][0]


def test_a_refusal_without_its_question_is_an_answer() -> None:
    """Some servers repeat nothing when they refuse; that spells nothing otherwise, and is no defect of ours."""

    def refuses(query: dns.message.Message, _transport: str) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.set_rcode(dns.rcode.REFUSED)
        answer.question = []
        return answer

    with dns_server(refuses) as server:
        found = world_of(resolver=server.resolver).dns.ask("site.example", "A", mixed=True)

    assert isinstance(found, DnsAnswer)
    assert ("REFUSED", ()) == (found.rcode, found.records)


def test_each_way_of_asking_is_a_question_of_its_own() -> None:
    """What was answered over UDP says nothing of TCP."""
    with dns_server(SITE) as server:
        names = world_of(resolver=server.resolver).dns
        for _ in range(2):
            names.ask("site.example", "A")
            names.ask("site.example", "A", tcp=True)
            names.ask("site.example", "A", mixed=True)

    assert 3 == len(server.questions)
