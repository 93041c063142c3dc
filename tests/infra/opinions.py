"""What cdk-nag and cfn-lint say of the templates and is meant, each with its reason; the page about it is made from it.

`python -m tests.infra.opinions > docs/second-opinions.md`; a test compares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

Finding = tuple[str, str]

_HEAD = """# Second opinions

What other people's rules say of the templates. `tests/infra/test_second_opinions.py` asks cdk-nag (its AwsSolutions
pack) and cfn-lint about all three stacks: a finding that is not in this list fails, and so does a line of this list
that no longer matches a finding. The page is made from `tests/infra/opinions.py` by `python -m tests.infra.opinions`.

| rule | where | why it is meant |
| --- | --- | --- |
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Findings of rules that begin with `rule`, at construct paths that match `where`, and the reason."""

    rule: str
    where: str
    why: str

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is one of these."""
        return finding[0].startswith(self.rule) and fnmatchcase(finding[1], self.where)


MEANT: tuple[Meant, ...] = (
    Meant(
        rule="AwsSolutions-APIG2",
        where="*/Api/Rest/Resource",
        why="Bodies are validated, operation by operation. Parameters are the code's, whose refusal names them.",
    ),
    Meant(
        rule="AwsSolutions-APIG3",
        where="*/Api/Rest/DeploymentStage.prod/Resource",
        why="A web ACL costs more a month than all the rest. The stage throttles; each user's writes are counted.",
    ),
    Meant(
        rule="AwsSolutions-APIG4",
        where="*/Api/Rest/*",
        why="Browsing is public, and so are preflights and the 404 of the catch-all. Which routes ask for a token is "
        "the API's own table of access (`test_protected_routes_ask_for_a_token_and_the_others_do_not`).",
    ),
    Meant(
        rule="AwsSolutions-COG4",
        where="*/Api/Rest/*",
        why="As APIG4: the same methods, for the same reason.",
    ),
    Meant(
        rule="AwsSolutions-CFR1",
        where="*/Site/Distribution/Resource",
        why="Everybody is served unless settings name countries: `[deploy.settings] countries`.",
    ),
    Meant(
        rule="AwsSolutions-CFR2",
        where="*/Site/Distribution/Resource",
        why="As APIG3: a web ACL is not within the budget.",
    ),
    Meant(
        rule="AwsSolutions-CFR3",
        where="*/Site/Distribution/Resource",
        why="Visits are logged by a delivery in the edge's stack, which the rule does not know "
        "(`test_visits_are_logged_where_the_edge_can_write`).",
    ),
    Meant(
        rule="AwsSolutions-COG1",
        where="*/Auth/Pool/Resource",
        why="Length and three kinds of characters; a demand for symbols makes passwords shorter (NIST SP 800-63B).",
    ),
    Meant(
        rule="AwsSolutions-COG2",
        where="*/Auth/Pool/Resource",
        why="People sign in by a code that is sent to them; a second factor would be the same phone.",
    ),
    Meant(
        rule="AwsSolutions-COG8",
        where="*/Auth/Pool/Resource",
        why="The Plus tier is paid for by active user. Tries and sends of codes are counted by our own functions.",
    ),
    Meant(
        rule="AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPush",
        where="*/Api/Rest/CloudWatchRole/Resource",
        why="API Gateway takes no narrower role: it writes the logs of all APIs of the account.",
    ),
    Meant(
        rule="AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackup",
        where="*/Backup/Role/Resource",
        why="AWS keeps these in step with what its Backup service calls; no code of ours has this role.",
    ),
    Meant(
        rule="AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AWSBackup",
        where="*/Backup/Role/Resource",
        why="Likewise, for buckets.",
    ),
    Meant(
        rule="AwsSolutions-IAM5[Resource::*]",
        where="*/Role/DefaultPolicy/Resource",
        why="X-Ray's actions, for which AWS defines no resource (`test_a_bare_star_is_for_what_has_no_resource`).",
    ),
    Meant(
        rule="AwsSolutions-IAM5[Resource::*]",
        where="*/Auth/Pool/smsRole/Resource",
        why="A text message has no resource. Only Cognito takes this role, with the external id of this pool.",
    ),
    Meant(
        rule="AwsSolutions-IAM5[Resource::<StorageBucket",
        where="*/ApiFunction/Role/DefaultPolicy/Resource",
        why="A star for the name of one upload, in the folders that the code names.",
    ),
    Meant(
        rule="AwsSolutions-IAM5[Resource::<KeepingTrail",
        where="*/AuditFunction/Role/DefaultPolicy/Resource",
        why="A star for the name of one batch of changes; what is there can be neither read nor removed by this role.",
    ),
    Meant(
        rule="AwsSolutions-L1",
        where="*/Function/Resource",
        why="Python 3.13 is supported until June 2029. The next one comes with a release of its own.",
    ),
    Meant(
        rule="AwsSolutions-S1",
        where="*/Visits/Bucket/Resource",
        why="It holds nothing but a log itself, and buckets can log only into their own region.",
    ),
    Meant(
        rule="AwsSolutions-SMG4",
        where="*/SigningKey/Secret/Resource",
        why="A new key is one `put-secret-value`: functions read it within minutes, and the one before still verifies.",
    ),
    Meant(
        rule="AwsSolutions-SQS3",
        where="*/DeadLetters/Queue/Resource",
        why="It is the queue of dead letters.",
    ),
    Meant(
        rule="W3005",
        where="*/Function/Resource",
        why="The CDK's own: a function waits for its role and for the role's policy, and says the role twice.",
    ),
)


def unexplained(findings: Iterable[Finding]) -> list[Finding]:
    """Findings that no line is about."""
    return [finding for finding in findings if not any(meant.covers(finding) for meant in MEANT)]


def idle(findings: Iterable[Finding]) -> list[Meant]:
    """Lines that are about no finding any more."""
    found = list(findings)
    return [meant for meant in MEANT if not any(meant.covers(finding) for finding in found)]


def page() -> str:
    """The page, as Markdown."""
    return _HEAD + "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    for meant in MEANT:
        rule = meant.rule.replace("[Policy::arn:<AWS::Partition>:iam::aws:policy/", " ").replace("[Resource::", " ")
        yield f"| `{rule.removesuffix(']')}` | `{meant.where}` | {meant.why} |"


if __name__ == "__main__":
    sys.stdout.write(page())
