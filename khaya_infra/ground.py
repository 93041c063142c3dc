"""What must exist before the stacks: the right account, one hosted zone that the parent delegates to, the bootstrap."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

from khaya_infra.clients import Client
from khaya_infra.stop import WAITING, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dns.resolver import Resolver

    from khaya_infra.settings import Settings, StackPlace

BOOTSTRAP_STACK = "CDKToolkit"
# What the templates' synthesizer asks for (`requiresBootstrapStackVersion` of the assembly).
BOOTSTRAP_VERSION = 6
_ZONE_DEADLINE_S = 180
_DNS_PATIENCE_S = 5.0
# A distribution alone may take a quarter of an hour.
_STACK_DEADLINE_S = 45 * 60
_STACK_PAUSE_S = 2.0


def check_account(sts: Client, settings: Settings) -> str:
    """The caller's account, which must be the target's: nothing is touched in another one."""
    seen = str(sts.get_caller_identity()["Account"])
    if seen != settings.account:
        raise Stop(
            f"these credentials belong to account {seen}, but {settings.stage} lives in {settings.account}",
            "Use the target's credentials",
        )
    return seen


def find_or_make_zone(
    route53: Client, domain: str, *, pause: Callable[[float], None] = time.sleep
) -> tuple[str, tuple[str, ...]]:
    """Id and name servers of the one public zone of `domain`, made if there is none."""
    found = public_zones(route53, domain)
    if len(found) > 1:
        raise Stop(
            f"{domain} has {len(found)} public hosted zones ({', '.join(found)})",
            "Delete all but the one that the parent delegates to",
        )
    zone = found[0] if found else _make_zone(route53, domain, pause)
    return zone, name_servers(route53, zone)


def name_servers(route53: Client, zone: str) -> tuple[str, ...]:
    """The name servers of a zone, in order."""
    servers = route53.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]
    return tuple(sorted(server.rstrip(".").lower() for server in servers))


def public_zones(route53: Client, domain: str) -> list[str]:
    """Ids of all public hosted zones of exactly this name; more than one is one too many."""
    answer = route53.list_hosted_zones_by_name(DNSName=domain, MaxItems="100")
    return [
        str(zone["Id"]).rsplit("/", 1)[-1]
        for zone in answer["HostedZones"]
        if zone["Name"].rstrip(".") == domain and not zone.get("Config", {}).get("PrivateZone", False)
    ]


def _make_zone(route53: Client, domain: str, pause: Callable[[float], None]) -> str:
    answer = route53.create_hosted_zone(
        Name=domain,
        CallerReference=f"khaya-{uuid.uuid4()}",
        HostedZoneConfig={"Comment": "Made by the deployer, outside of every stack, so that no stack can delete it"},
    )
    change = str(answer["ChangeInfo"]["Id"]).rsplit("/", 1)[-1]
    deadline = time.monotonic() + _ZONE_DEADLINE_S
    while route53.get_change(Id=change)["ChangeInfo"]["Status"] != "INSYNC":
        if time.monotonic() > deadline:
            raise Stop(
                f"Route 53 has not published the new zone of {domain}", "Deploy again in a few minutes", code=WAITING
            )
        pause(2.0)
    return str(answer["HostedZone"]["Id"]).rsplit("/", 1)[-1]


def delegate_on_twin(domain: str, servers: Iterable[str], *, environ: Mapping[str, str]) -> None:
    """Tell the twin's registrar which name servers the parent zone is to hand out."""
    command = [sys.executable, "-m", "checks.twin", "delegate", domain, *servers]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(environ))
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Stop(f"the twin's registrar refused {domain}: {said[-1] if said else 'no reason given'}", "Run `make up`")


def check_delegation(domain: str, servers: tuple[str, ...], *, resolver: Resolver | None = None) -> None:
    """The parent zone's own servers must hand out exactly `servers`; otherwise `Stop` (2) lists what to enter there."""
    seen = delegated_servers(domain, resolver)
    if seen != servers:
        raise Stop(
            f"the parent of {domain} hands out {', '.join(seen) or 'no name servers'}",
            f"Enter these at the registrar and deploy again: {', '.join(servers)}",
            code=WAITING,
        )


def delegated_servers(domain: str, resolver: Resolver | None = None) -> tuple[str, ...]:
    """The name servers that the parent zone's own servers hand out for `domain`; `Stop` (2) when none can be asked."""
    import dns.exception
    import dns.name
    import dns.resolver

    asked = resolver or dns.resolver.Resolver()
    why = "it has no name servers"
    try:
        parent = dns.resolver.zone_for_name(dns.name.from_text(domain).parent(), resolver=asked)
        hosts = sorted(str(record) for record in asked.resolve(parent, "NS"))
    except (dns.exception.DNSException, OSError) as error:
        hosts, why = [], str(error)
    for host in hosts:
        try:
            return _referral(domain, str(asked.resolve(host, "A")[0]), asked.port)
        except (dns.exception.DNSException, OSError) as error:
            why = f"{host} {error}"
    raise Stop(f"the parent zone of {domain} could not be asked: {why}", "Deploy again in a while", code=WAITING)


def _referral(domain: str, address: str, port: int) -> tuple[str, ...]:
    import dns.flags
    import dns.message
    import dns.query
    import dns.rdatatype

    # Not recursive: the parent's own word is asked for, which for a child's name is a referral in the authority part.
    question = dns.message.make_query(domain, dns.rdatatype.NS, flags=dns.flags.Flag(0))
    reply = dns.query.tcp(question, address, port=port, timeout=_DNS_PATIENCE_S)
    wanted = [rrset for rrset in (*reply.answer, *reply.authority) if rrset.rdtype == dns.rdatatype.NS]
    records = [record for rrset in wanted if rrset.name == question.question[0].name for record in rrset]
    return tuple(sorted(str(record.target).rstrip(".").lower() for record in records))


def stack_outputs(cloudformation: Client, name: str) -> dict[str, str]:
    """The outputs of a stack that finished well at least once; empty when there is no such stack."""
    return {output["OutputKey"]: output["OutputValue"] for output in _stack(cloudformation, name).get("Outputs", [])}


def await_stack(
    cloudformation: Client,
    name: str,
    *,
    deadline_s: float = _STACK_DEADLINE_S,
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """Wait until a stack can be changed; its status then, empty when there is no such stack.

    `Stop` (2) at the deadline, `Stop` (1) where only a person can help.
    """
    status = come_to_rest(cloudformation, name, deadline_s=deadline_s, pause=pause)
    if cure := way_out(status, name, cloudformation.meta.region_name):
        raise Stop(f"{name} is {status}: CloudFormation could neither finish nor go back", cure)
    return status


def come_to_rest(
    cloudformation: Client,
    name: str,
    *,
    deadline_s: float = _STACK_DEADLINE_S,
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """Wait until nothing is under way at a stack; its status then, empty when there is no such stack.

    Somebody else's deploy may still be at it, or CloudFormation itself after a deployer that was killed. `Stop` (2) at
    the deadline.
    """
    limit = time.monotonic() + deadline_s
    while (status := status_of(cloudformation, name)).endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        if time.monotonic() > limit:
            raise Stop(f"{name} is still {status}", "Deploy again when it has come to rest", code=WAITING)
        pause(_STACK_PAUSE_S)
    return status


def way_out(status: str, name: str, region: str) -> str:
    """What a person has to do about a stack that no deploy can change; empty where one can.

    Only an update can be rolled back further; what was never made whole can only be deleted (CloudFormation User Guide,
    stack status codes), and what is protected cannot.
    """
    if status == "UPDATE_ROLLBACK_FAILED":
        calls: tuple[str, ...] = ("continue-update-rollback",)
    elif status in {"ROLLBACK_FAILED", "DELETE_FAILED"}:
        calls = ("update-termination-protection --no-enable-termination-protection", "delete-stack")
    else:
        return ""
    told = " and ".join(f"`aws cloudformation {call} --region {region} --stack-name {name}`" for call in calls)
    return f"Repair what its events name, then {told}"


def let_go(cloudformation: Client, name: str, status: str) -> None:
    """Take the protection off a stack that was never made: the CLI deletes it before it makes it anew.

    The protection is set before the first resource is, and holds nothing after a first deploy that was rolled back.
    """
    if status == "ROLLBACK_COMPLETE":
        cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)


def status_of(cloudformation: Client, name: str) -> str:
    """The status of a stack; empty when there is none."""
    return str(_stack(cloudformation, name).get("StackStatus", ""))


def _stack(cloudformation: Client, name: str) -> Mapping[str, Any]:
    """What CloudFormation says of a stack; nothing when there is none. Not being allowed to ask is an error."""
    from botocore.exceptions import ClientError

    try:
        return dict(cloudformation.describe_stacks(StackName=name)["Stacks"][0])
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            return {}
        raise


def needs_bootstrap(cloudformation: Client) -> bool:
    """Whether a region's bootstrap stack is absent or older than what our templates ask for."""
    version = stack_outputs(cloudformation, BOOTSTRAP_STACK).get("BootstrapVersion", "0")
    return int(version) < BOOTSTRAP_VERSION


def bootstrap_environments(settings: Settings, places: Iterable[StackPlace]) -> list[str]:
    """How the CDK CLI calls the environments of `places`."""
    return [f"aws://{settings.account}/{place.region}" for place in places]


def run_once(functions: Client, name: str) -> None:
    """Run a scheduled function now and wait for it; `Stop` when it fails."""
    answer = functions.invoke(FunctionName=name, Payload=json.dumps({"source": "deploy"}).encode())
    if "FunctionError" in answer:
        raise Stop(
            f"{name} failed on its first run: {answer['Payload'].read()[:300]!r}", "Read its log and deploy again"
        )
