"""What must exist before the stacks: account, zone, delegation, bootstrap. AWS is a few dictionaries here."""

from __future__ import annotations

import io
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from botocore.exceptions import ClientError
from dns.resolver import Resolver

from khaya_infra import ground
from khaya_infra.settings import Settings, read_settings
from khaya_infra.stop import BROKEN, WAITING, Stop
from tests.infra.conftest import ROOT

SERVERS = ("ns-1.awsdns-00.org", "ns-2.awsdns-01.net")


@pytest.fixture
def settings() -> Settings:
    """The settings of production."""
    return read_settings(ROOT / "checks" / "targets" / "prod.toml")


@dataclass
class Zones:
    """Route 53 as far as zones go."""

    zones: list[dict[str, Any]] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    pending: int = 0

    def list_hosted_zones_by_name(self, **_: str) -> dict[str, Any]:
        """All there are: the real one also answers with what comes after in the order of names."""
        return {"HostedZones": self.zones}

    def create_hosted_zone(self, *, Name: str, **_: object) -> dict[str, Any]:  # noqa: N803
        """Make one."""
        self.made.append(Name)
        self.zones.append({"Id": "/hostedzone/ZNEW", "Name": f"{Name}."})
        return {"HostedZone": self.zones[-1], "ChangeInfo": {"Id": "/change/C1"}}

    def get_change(self, **_: str) -> dict[str, Any]:
        """INSYNC once it has been asked often enough."""
        self.pending -= 1
        return {"ChangeInfo": {"Status": "PENDING" if self.pending >= 0 else "INSYNC"}}

    def get_hosted_zone(self, **_: str) -> dict[str, Any]:
        """Its name servers, written as Route 53 may write them."""
        return {"DelegationSet": {"NameServers": ["NS-2.awsdns-01.net.", "ns-1.awsdns-00.org"]}}


def zone(name: str, identity: str = "Z1", *, private: bool = False) -> dict[str, Any]:
    """A hosted zone as listed."""
    return {"Id": f"/hostedzone/{identity}", "Name": name, "Config": {"PrivateZone": private}}


class Sts:
    """STS of some account."""

    def __init__(self, account: str) -> None:
        self.account = account

    def get_caller_identity(self) -> dict[str, str]:
        """Whose credentials these are."""
        return {"Account": self.account}


def test_the_right_account_may_go_on(settings: Settings) -> None:
    """The one that the target names."""
    assert "123456789012" == ground.check_account(Sts("123456789012"), settings)


def test_another_account_is_refused_before_anything_is_touched(settings: Settings) -> None:
    """E20: both accounts are named."""
    with pytest.raises(Stop, match="999999999999, but prod lives in 123456789012") as stopped:
        ground.check_account(Sts("999999999999"), settings)

    assert BROKEN == stopped.value.code


def test_the_zone_that_is_there_is_used() -> None:
    """B10: no second one beside it; neighbours in the order of names and private zones are somebody else's."""
    zones = Zones([zone("shop.example.", "Z1"), zone("shop.example.", "Z2", private=True), zone("shop.example.org.")])

    assert ("Z1", SERVERS) == ground.find_or_make_zone(zones, "shop.example")
    assert [] == zones.made


def test_a_zone_that_is_missing_is_made_once() -> None:
    """And found by the next deploy; the change is awaited."""
    zones, pauses = Zones(pending=2), list[float]()

    assert ("ZNEW", SERVERS) == ground.find_or_make_zone(zones, "shop.example", pause=pauses.append)
    assert 2 == len(pauses)
    assert ("ZNEW", SERVERS) == ground.find_or_make_zone(zones, "shop.example")
    assert ["shop.example"] == zones.made


def test_two_public_zones_of_one_name_are_refused() -> None:
    """Pitfall 24: records would be written to the one that nobody delegates to."""
    with pytest.raises(Stop, match=r"2 public hosted zones \(Z1, Z2\)"):
        ground.find_or_make_zone(Zones([zone("shop.example.", "Z1"), zone("shop.example.", "Z2")]), "shop.example")


@dataclass
class Parent:
    """A name server for `example.` on loopback, which refers `shop.example` to `handed`; `None` answers nothing."""

    handed: tuple[str, ...] | None
    port: int = 0

    def answer(self, wire: bytes) -> bytes:
        """One reply; a resolver's questions find the parent zone, everything below it is a referral."""
        query = dns.message.from_wire(wire)
        reply = dns.message.make_response(query)
        (asked,) = query.question
        records = {
            ("example.", dns.rdatatype.SOA): ("SOA", ["ns.example. who.example. 1 2 3 4 5"]),
            ("example.", dns.rdatatype.NS): ("NS", ["ns.example."]),
            ("ns.example.", dns.rdatatype.A): ("A", ["127.0.0.1"]),
        }
        found = records.get((str(asked.name), asked.rdtype))
        if found:
            reply.answer = [dns.rrset.from_text_list(asked.name, 60, "IN", found[0], found[1])]
        elif self.handed and str(asked.name) == "shop.example.":
            names = [f"{name}." for name in self.handed]
            reply.authority = [dns.rrset.from_text_list(asked.name, 60, "IN", "NS", names)]
        return reply.to_wire()


@contextmanager
def serving(parent: Parent) -> Iterator[Resolver]:
    """A resolver whose only server is `parent`, over UDP and TCP on one free port."""

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = int.from_bytes(self.rfile.read(2), "big")
            answer = parent.answer(self.rfile.read(length))
            self.wfile.write(len(answer).to_bytes(2, "big") + answer)

    class Udp(socketserver.DatagramRequestHandler):
        def handle(self) -> None:
            self.wfile.write(parent.answer(self.rfile.read()))

    tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tcp)
    udp = socketserver.ThreadingUDPServer(("127.0.0.1", tcp.server_address[1]), Udp)
    with tcp, udp:
        for server in (tcp, udp):
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], tcp.server_address[1], 2.0
        yield resolver
        for server in (tcp, udp):
            server.shutdown()


def test_a_right_delegation_lets_the_deploy_go_on() -> None:
    """Pitfall 23: the parent's own answer is compared, as a set, whatever the case."""
    with serving(Parent(handed=("ns-2.awsdns-01.net", "NS-1.awsdns-00.org"))) as resolver:
        ground.check_delegation("shop.example", SERVERS, resolver=resolver)


@pytest.mark.parametrize("handed", ((), SERVERS[:1], ("ns.elsewhere.example",)), ids=("none", "one", "other"))
def test_a_wrong_delegation_lists_what_to_enter(handed: tuple[str, ...]) -> None:
    """It is the registrar's turn: exit code 2, and all name servers are in the message."""
    with serving(Parent(handed=handed)) as resolver, pytest.raises(Stop, match="hands out") as stopped:
        ground.check_delegation("shop.example", SERVERS, resolver=resolver)

    assert WAITING == stopped.value.code
    assert ", ".join(SERVERS) in str(stopped.value)


def test_a_parent_that_cannot_be_asked_is_not_a_missing_delegation() -> None:
    """Nobody is told to change anything at a registrar because of our own network."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    resolver = Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], port, 0.5

    with pytest.raises(Stop, match="could not be asked") as stopped:
        ground.check_delegation("shop.example", SERVERS, resolver=resolver)

    assert WAITING == stopped.value.code


class Stacks:
    """CloudFormation with some stacks."""

    def __init__(self, **outputs: dict[str, str]) -> None:
        self.outputs = outputs

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        """The stack, or the error that AWS gives for one that is not there."""
        if StackName not in self.outputs:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        pairs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs[StackName].items()]
        return {"Stacks": [{"Outputs": pairs} if pairs else {}]}


class Denied:
    """CloudFormation for somebody who may not look."""

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        """Refused."""
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStacks")


def test_outputs_of_a_stack_that_is_not_there_are_none() -> None:
    """The first deploy finds nothing, and that is no error."""
    assert {"CertificateArn": "arn"} == ground.stack_outputs(Stacks(Shop={"CertificateArn": "arn"}), "Shop")
    assert {} == ground.stack_outputs(Stacks(), "Shop")


def test_not_being_allowed_to_look_is_not_absence() -> None:
    """Pitfall 43: otherwise a deploy would bootstrap an account it cannot read."""
    with pytest.raises(ClientError, match="AccessDenied"):
        ground.needs_bootstrap(Denied())


@dataclass
class Stuck:
    """A stack that shows one status after the other, and stays at the last."""

    statuses: list[str]
    meta: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(region_name="af-south-1"))

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        """The next status."""
        shown = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"Stacks": [{"StackStatus": shown}]}


@pytest.mark.parametrize(
    ("status", "verb"),
    (
        pytest.param("UPDATE_ROLLBACK_FAILED", "continue-update-rollback", id="an update that could not go back"),
        pytest.param("ROLLBACK_FAILED", "no-enable-termination-protection", id="protected"),
        pytest.param("ROLLBACK_FAILED", "delete-stack", id="a first deploy that could not go back"),
        pytest.param("DELETE_FAILED", "delete-stack", id="half deleted"),
        pytest.param("UPDATE_COMPLETE", "", id="whole"),
        pytest.param("UPDATE_ROLLBACK_COMPLETE", "", id="back"),
        pytest.param("ROLLBACK_COMPLETE", "", id="the CLI makes it anew"),
        pytest.param("REVIEW_IN_PROGRESS", "", id="never begun"),
    ),
)
def test_a_stack_that_no_deploy_can_change_is_told_with_the_way_out(status: str, verb: str) -> None:
    """Only an update can be rolled back further; what was never whole is deleted."""
    stack = Stuck(["UPDATE_IN_PROGRESS", status])
    if not verb:
        assert status == ground.await_stack(stack, "Shop", pause=lambda _: None)
        return
    with pytest.raises(Stop, match=f"{verb} --region af-south-1 --stack-name Shop"):
        ground.await_stack(stack, "Shop", pause=lambda _: None)


@pytest.mark.parametrize(
    ("status", "freed"),
    (
        pytest.param("ROLLBACK_COMPLETE", [("Shop", False)], id="never made"),
        pytest.param("UPDATE_ROLLBACK_COMPLETE", [], id="back"),
        pytest.param("CREATE_COMPLETE", [], id="whole"),
        pytest.param("", [], id="not there"),
    ),
)
def test_only_a_stack_that_was_never_made_loses_its_protection(status: str, freed: list[tuple[str, bool]]) -> None:
    """The CLI has to delete it before it can make it anew; all others hold what somebody needs."""
    asked: list[tuple[str, bool]] = []

    class Open:
        """A CloudFormation that is told of protections alone."""

        def update_termination_protection(self, *, StackName: str, EnableTerminationProtection: bool) -> None:  # noqa: N803 - AWS's own names
            """Remember it."""
            asked.append((StackName, EnableTerminationProtection))

    ground.let_go(Open(), "Shop", status)

    assert freed == asked


def test_a_stack_that_never_comes_to_rest_is_waited_for_by_somebody_else() -> None:
    """2, after the deadline; no sooner."""
    waits: list[float] = []
    with pytest.raises(Stop, match="still UPDATE_IN_PROGRESS") as stopped:
        ground.come_to_rest(Stuck(["UPDATE_IN_PROGRESS"]), "Shop", deadline_s=0, pause=waits.append)

    assert WAITING == stopped.value.code
    assert "DELETE_FAILED" == ground.come_to_rest(Stuck(["DELETE_FAILED"]), "Shop")


@pytest.mark.parametrize(
    ("version", "needed"),
    (pytest.param("5", True, id="too old"), pytest.param("6", False, id="enough"), pytest.param("33", False, id="new")),
)
def test_bootstrap_is_made_where_it_is_absent_or_too_old(version: str, needed: bool) -> None:  # noqa: FBT001
    """Both sides of the version that the templates ask for."""
    assert needed is ground.needs_bootstrap(Stacks(CDKToolkit={"BootstrapVersion": version}))
    assert ground.needs_bootstrap(Stacks()) is True


def test_environments_are_written_as_the_cli_takes_them(settings: Settings) -> None:
    """Account and region of each stack."""
    assert ["aws://123456789012/us-east-1", "aws://123456789012/af-south-1"] == ground.bootstrap_environments(
        settings, [settings.certificate, settings.main]
    )


class Functions:
    """Lambda with one function."""

    def __init__(self, **answer: object) -> None:
        self.answer = answer

    def invoke(self, **_: object) -> dict[str, Any]:
        """What it answers."""
        return {"Payload": io.BytesIO(b'{"errorType": "TaskFailed"}'), **self.answer}


def test_a_first_run_that_fails_fails_the_deploy() -> None:
    """C25: with what the function said."""
    ground.run_once(Functions(), "daily")

    with pytest.raises(Stop, match="TaskFailed"):
        ground.run_once(Functions(FunctionError="Unhandled"), "daily")


def test_the_twins_registrar_is_told_the_name_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a command of its own; what it refuses with is passed on."""
    interpreter = tmp_path / "python"
    refusal = '{ echo "no such zone" >&2; exit 64; }'
    interpreter.write_text(f'#!/bin/sh\necho "$@" > "$SEEN"\ntest "$4" = shop.example || {refusal}\n')
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    environ = {"SEEN": str(tmp_path / "seen"), "PATH": "/usr/bin:/bin"}

    ground.delegate_on_twin("shop.example", SERVERS, environ=environ)

    assert f"-m checks.twin delegate shop.example {' '.join(SERVERS)}\n" == (tmp_path / "seen").read_text()
    with pytest.raises(Stop, match="no such zone"):
        ground.delegate_on_twin("else.example", SERVERS, environ=environ)
