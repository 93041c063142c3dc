"""What cdk-nag and cfn-lint say of the templates and is meant, each with its reason; the page about it is made from it.

`python -m tests.infra.opinions > docs/second-opinions.md`; a test compares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

Finding = tuple[str, str]
CHECKOV = "3.3.30"

_HEAD = """# Second opinions

What other people's rules say of the templates. `tests/infra/test_second_opinions.py` asks cdk-nag (its AwsSolutions
pack) and cfn-lint about all three stacks: a finding that is not in this list fails, and so does a line of this list
that no longer matches a finding. The page is made from `tests/infra/opinions.py` by `python -m tests.infra.opinions`.

| rule | where | why it is meant |
| --- | --- | --- |
"""


_CHECKOV = f"""
## Checkov

Checkov {CHECKOV} asks for a boto3 that the emulator does not go with, so it is run from an environment of its own:
`pytest -m long tests/infra/test_second_opinions.py` (it has to be downloaded once).

| rule | where | why it is meant |
| --- | --- | --- |"""


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
        rule="AwsSolutions-IAM5[Resource::arn:aws:ssm:",
        where="*/SignIn/CreateAuthChallenge/Role/DefaultPolicy/Resource",
        why="A star for the name of one synthetic user; codes of nobody else are ever put there.",
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


OWN_KEYS = (
    "AWS's own keys encrypt it; a key of ours would cost by the month and by the call, and guard against nobody new."
)
MEANT_TO_CHECKOV: tuple[Meant, ...] = (
    Meant(
        rule="CKV_AWS_111",
        where="*/Auth/Pool/smsRole/Resource",
        why="As AwsSolutions-IAM5: a text message has no resource.",
    ),
    Meant(
        rule="CKV_AWS_115",
        where="*/Function/Resource",
        why="A reserve is a ceiling, and a new account has none to give "
        "(`test_no_concurrency_is_taken_out_of_the_account`).",
    ),
    Meant(
        rule="CKV_AWS_116",
        where="*/Function/Resource",
        why="Those that are called asynchronously have a destination for what fails, which tells more than a queue "
        "(`test_failed_work_is_kept`).",
    ),
    Meant(
        rule="CKV_AWS_117",
        where="*/Function/Resource",
        why="There is nothing in a private network to reach; AWS is reached over TLS, with a role.",
    ),
    Meant(rule="CKV_AWS_119", where="*/Data/*Table/Resource", why=OWN_KEYS),
    Meant(
        rule="CKV_AWS_120",
        where="*/Api/Rest/DeploymentStage.prod/Resource",
        why="An answer is one caller's; what may be shared, the edge keeps.",
    ),
    Meant(rule="CKV_AWS_149", where="*/SigningKey/Secret/Resource", why=OWN_KEYS),
    Meant(rule="CKV_AWS_158", where="*/Resource", why=OWN_KEYS),
    Meant(rule="CKV_AWS_166", where="*/Backup/Vault/Resource", why=OWN_KEYS),
    Meant(rule="CKV_AWS_173", where="*/Function/Resource", why="Variables name things; no secret is among them."),
    Meant(
        rule="CKV_AWS_18",
        where="KhayaEdge/Visits/Bucket/Resource",
        why="As AwsSolutions-S1: it holds nothing but a log itself.",
    ),
    Meant(
        rule="CKV_AWS_18",
        where="*/Keeping/AccessLogs/Resource",
        why="It is where access is logged; each entry about itself would be a reason for another one.",
    ),
    Meant(
        rule="CKV_AWS_26",
        where="*/Alarms/*/Resource",
        why="An alarm's name and number; under AWS's own key CloudWatch could not publish at all.",
    ),
    Meant(rule="CKV_AWS_27", where="*/DeadLetters/Queue/Resource", why="SQS encrypts it with keys of its own."),
    Meant(rule="CKV_AWS_59", where="*/Api/Rest/*", why="As AwsSolutions-APIG4."),
    Meant(rule="CKV_AWS_68", where="*/Site/Distribution/Resource", why="As AwsSolutions-CFR2."),
    Meant(rule="CKV_AWS_86", where="*/Site/Distribution/Resource", why="As AwsSolutions-CFR3."),
)


def unexplained(findings: Iterable[Finding], lines: Sequence[Meant] = MEANT) -> list[Finding]:
    """Findings that no line is about."""
    return [finding for finding in findings if not any(meant.covers(finding) for meant in lines)]


def idle(findings: Iterable[Finding], lines: Sequence[Meant] = MEANT) -> list[Meant]:
    """Lines that are about no finding any more."""
    found = list(findings)
    return [meant for meant in lines if not any(meant.covers(finding) for finding in found)]


def page() -> str:
    """The page, as Markdown."""
    return _HEAD + "".join(f"{line}\n" for line in (*_lines(MEANT), _CHECKOV, *_lines(MEANT_TO_CHECKOV)))


def _lines(lines: Sequence[Meant]) -> Iterator[str]:
    for meant in lines:
        rule = meant.rule.replace("[Policy::arn:<AWS::Partition>:iam::aws:policy/", " ").replace("[Resource::", " ")
        yield f"| `{rule.removesuffix(']')}` | `{meant.where}` | {meant.why} |"


if __name__ == "__main__":
    sys.stdout.write(page())
