"""Before anything is touched: every look is made, all that is missing is named, and whose turn it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from khaya_infra import ground, preflight
from khaya_infra.preflight import Finding, demand, look
from khaya_infra.settings import read_settings
from khaya_infra.stop import BROKEN, NO_TOOLS, WAITING, Stop
from khaya_infra.toolchain import Tools, node_version
from tests.infra.conftest import ROOT

LOCAL = read_settings(ROOT / "checks" / "targets" / "local.toml")
PROD = read_settings(ROOT / "checks" / "targets" / "prod.toml")
SERVERS = ("ns1.example", "ns2.example")


def denied(operation: str) -> ClientError:
    """What AWS says to who may not ask."""
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)


@dataclass
class Account:
    """An account that a deploy can be begun in, told what to lack; stands for each of its clients."""

    number: str = LOCAL.account
    regions: dict[str, str] = field(default_factory=dict)
    zones: tuple[str, ...] = ("Z1",)
    bootstrap: str | None = "33"
    status: str = "UPDATE_COMPLETE"
    unreserved: int = 1000
    sandbox: bool = False
    limit: str = "50"
    refuses: str = ""

    def client(self, *_: str, **__: str) -> Account:
        """Itself."""
        return self

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - any operation
        if name == object.__getattribute__(self, "refuses"):
            raise denied(name)
        return object.__getattribute__(self, name)

    def get_caller_identity(self) -> dict[str, str]:
        """Who asks."""
        return {"Account": self.number}

    def get_region_opt_status(self, *, RegionName: str) -> dict[str, str]:  # noqa: N803 - AWS's word
        """Whether a region is open."""
        return {"RegionOptStatus": self.regions.get(RegionName, "ENABLED")}

    def list_hosted_zones_by_name(self, **_: str) -> dict[str, Any]:
        """The zones of the domain."""
        return {"HostedZones": [{"Name": f"{LOCAL.domain}.", "Id": f"/hostedzone/{each}"} for each in self.zones]}

    def get_hosted_zone(self, **_: str) -> dict[str, Any]:
        """The name servers of one."""
        return {"DelegationSet": {"NameServers": list(SERVERS)}}

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's word
        """The bootstrap's, and the project's own."""
        if StackName != "CDKToolkit":
            return {"Stacks": [{"StackStatus": self.status}]}
        if self.bootstrap is None:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "no such stack"}}, "DescribeStacks")
        return {"Stacks": [{"Outputs": [{"OutputKey": "BootstrapVersion", "OutputValue": self.bootstrap}]}]}

    def get_account_settings(self) -> dict[str, Any]:
        """Lambda's limits."""
        return {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": self.unreserved}}

    def get_sms_sandbox_account_status(self) -> dict[str, bool]:
        """Whether text messages reach anybody."""
        return {"IsInSandbox": self.sandbox}

    def get_sms_attributes(self) -> dict[str, Any]:
        """What they may cost."""
        return {"attributes": {"MonthlySpendLimit": self.limit}}


def states(account: Account) -> dict[str, str]:
    """What each look came to."""
    return {each.name: each.state for each in look(LOCAL, account)}


def test_where_nothing_is_missing_all_is_well() -> None:
    """Ten looks and more, nothing in the way; on the twin the registrar is asked by the deploy itself."""
    found = look(LOCAL, Account())

    demand(found)
    assert {"delegation"} == {each.name for each in found if each.state != "ok"}
    assert len(found) > 10


@pytest.mark.parametrize(
    ("account", "name", "state", "code", "cure"),
    (
        pytest.param(
            Account(regions={"af-south-1": "DISABLED"}), "region af-south-1", "missing", BROKEN,
            "`aws account enable-region --region-name af-south-1`, then wait until it is ENABLED", id="closed",
        ),
        pytest.param(
            Account(regions={"af-south-1": "ENABLING"}), "region af-south-1", "missing", WAITING,
            "Wait until it is done, which can take hours", id="opening",
        ),
        pytest.param(
            Account(zones=("Z1", "Z2")), "hosted zone", "missing", BROKEN,
            "Delete all but the one that the parent delegates to", id="two zones",
        ),
        pytest.param(
            Account(unreserved=99), "concurrency", "missing", BROKEN,
            "Ask for 100 or more in Service Quotas, Lambda, L-B99A9384", id="a new account",
        ),
        pytest.param(
            Account(status="UPDATE_ROLLBACK_FAILED"), "stack KhayaStack", "missing", BROKEN,
            "aws cloudformation continue-update-rollback --region af-south-1 --stack-name KhayaStack", id="stuck",
        ),
        pytest.param(
            Account(status="DELETE_FAILED"), "stack KhayaCertificate", "missing", BROKEN,
            "aws cloudformation delete-stack --region us-east-1 --stack-name KhayaCertificate", id="half deleted",
        ),
        *(
            pytest.param(
                Account(refuses=asked), name, "unseen", BROKEN, "Check what these credentials may do", id=f"no {asked}"
            )
            for asked, name in (
                ("get_account_settings", "concurrency"),
                ("list_hosted_zones_by_name", "hosted zone"),
                ("get_region_opt_status", "region"),
                ("get_caller_identity", "account"),
            )
        ),
        pytest.param(
            Account(number="210987654321"), "account", "missing", BROKEN,
            "Use the target's credentials", id="somebody else's account",
        ),
    ),
)  # fmt: skip
def test_what_is_missing_stands_in_the_way(account: Account, name: str, state: str, code: int, cure: str) -> None:
    """With the code of whose turn it is and what to do; what could not be looked at is missing too."""
    (finding,) = [each for each in look(LOCAL, account) if each.name == name]

    assert (state, code) == (finding.state, finding.code)
    assert cure in finding.line()
    with pytest.raises(Stop, match="nothing was touched") as stopped:
        demand(look(LOCAL, account))
    assert code == stopped.value.code


def test_a_tool_that_is_missing_or_too_old_stands_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """69, before anybody is asked for credentials; the account is looked at all the same."""
    monkeypatch.setattr(preflight, "node_version", lambda _: (21, 9, 9))
    old = look(LOCAL, Account())[0]
    monkeypatch.setattr(preflight, "node_version", lambda _: (22, 0, 0))
    enough = look(LOCAL, Account())[0]

    def nowhere() -> Tools:
        raise Stop("there is no CDK CLI", "Run `make deploy`", code=NO_TOOLS)

    monkeypatch.setattr(preflight, "find_tools", nowhere)
    gone = look(LOCAL, Account())[0]

    assert ("missing", NO_TOOLS) == (old.state, old.code)
    assert "The CDK CLI needs 22 or newer: remove .venv and run make again" in old.line()
    assert "ok" == enough.state
    assert ("missing", NO_TOOLS) == (gone.state, gone.code)
    assert "Run `make deploy`" in gone.line()


def test_every_finding_that_stands_in_the_way_says_what_to_do() -> None:
    """All of them at once: a sentence that is a cure follows the fact."""
    account = Account(
        regions={"af-south-1": "DISABLED", "eu-west-1": "ENABLING"}, zones=("Z1", "Z2"), status="ROLLBACK_FAILED",
        unreserved=1, refuses="get_sms_attributes",
    )  # fmt: skip
    found = [each for each in look(LOCAL, account) if each.stands_in_the_way]

    assert len(found) >= 7
    assert [] == [each.name for each in found if not each.cure and "Check what" not in each.seen]


def test_a_zone_that_can_only_be_made_asks_whether_the_domain_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a dollar a month for the zone of a name that nobody has registered: a person decides."""
    handed: tuple[str, ...] = ()
    monkeypatch.setattr(ground, "delegated_servers", lambda _: handed)
    made, unknown = preflight._zone(PROD, Account(zones=()))
    handed = ("ns.registrar.example",)
    known = preflight._zone(PROD, Account(zones=()))[1]

    assert ("will be made", "note", "ok") == (made.state, unknown.state, known.state)
    assert "Register it before you go on" in unknown.line()
    assert "ns.registrar.example" in known.seen
    assert 1 == len(preflight._zone(LOCAL, Account(zones=())))


@pytest.mark.parametrize(
    ("account", "name", "state"),
    (
        pytest.param(Account(zones=()), "hosted zone", "will be made", id="no zone"),
        pytest.param(Account(bootstrap=None), "bootstrap af-south-1", "will be made", id="no bootstrap"),
        pytest.param(Account(bootstrap="5"), "bootstrap us-east-1", "will be made", id="an old bootstrap"),
        pytest.param(Account(bootstrap="6"), "bootstrap us-east-1", "ok", id="just new enough"),
        pytest.param(Account(unreserved=100), "concurrency", "ok", id="just enough"),
        pytest.param(Account(sandbox=True), "SMS sandbox", "note", id="sandbox"),
        pytest.param(Account(limit="1"), "SMS spend limit", "note", id="a dollar"),
        pytest.param(Account(limit="1.5"), "SMS spend limit", "ok", id="more than a dollar"),
        pytest.param(Account(refuses="get_sms_attributes"), "text messages", "note", id="SMS not to be seen"),
    ),
)
def test_what_is_made_or_only_told_does_not(account: Account, name: str, state: str) -> None:
    """A person weighs it; the deploy goes on."""
    assert state == states(account)[name]
    demand(look(LOCAL, account))


def test_all_that_is_missing_is_named_at_once() -> None:
    """Nobody should have to come back for each."""
    account = Account(regions={"af-south-1": "DISABLED"}, zones=("Z1", "Z2"), unreserved=1)

    with pytest.raises(Stop, match="region af-south-1, hosted zone, concurrency must be settled first"):
        demand(look(LOCAL, account))


def test_a_wrong_account_is_the_only_finding() -> None:
    """Nothing else is asked of an account that is not ours."""
    found = look(LOCAL, Account(number="210987654321"))

    assert ["Node and CDK CLI", "account"] == [each.name for each in found]
    assert "belong to account 210987654321" in found[-1].seen


def test_a_zone_that_nobody_leads_to_waits_for_the_registrar(monkeypatch: pytest.MonkeyPatch) -> None:
    """2, and what to enter there."""
    monkeypatch.setattr(ground, "delegated_servers", lambda _: ("ns.elsewhere.example",))
    finding = preflight._delegation(PROD, SERVERS)

    assert ("missing", WAITING) == (finding.state, finding.code)
    assert "Enter these at the registrar: ns1.example, ns2.example" in finding.line()
    monkeypatch.setattr(ground, "delegated_servers", lambda _: SERVERS)
    assert "ok" == preflight._delegation(PROD, SERVERS).state


def test_tools_come_before_people_and_people_before_waiting() -> None:
    """The code of several is that of what has to be done first."""

    def finding(code: int) -> Finding:
        return Finding(name="x", state="missing", seen="", code=code)

    for codes, expected in (
        ((WAITING, BROKEN), BROKEN),
        ((WAITING, BROKEN, NO_TOOLS), NO_TOOLS),
        ((WAITING,), WAITING),
    ):
        with pytest.raises(Stop) as stopped:
            demand(tuple(map(finding, codes)))
        assert expected == stopped.value.code


@pytest.mark.parametrize(
    ("script", "version"),
    (pytest.param("echo v24.19.0", (24, 19, 0), id="a version"), pytest.param("echo what; exit 1", None, id="broken")),
)
def test_the_node_is_asked_for_its_version(tmp_path: Path, script: str, version: tuple[int, ...] | None) -> None:
    """One that does not run is a missing tool."""
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\n{script}\n")
    node.chmod(0o755)
    tools = Tools(node=node, cdk=node, cache=tmp_path)

    if version:
        assert version == node_version(tools)
        return
    with pytest.raises(Stop) as stopped:
        node_version(tools)
    assert NO_TOOLS == stopped.value.code
