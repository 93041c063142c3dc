"""A small made-up deployment in which everything is right, and doors that look at it instead of at a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks import evidence as seen
from checks.controls import controls
from checks.doors import assembly
from checks.model import CannotLook, Control, Target
from checks.target import Settings
from checks.world.ports import World
from checks.world.pretend import PretendClock, Question, RecordingWorld, Script, asked, pretend_world

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ACCOUNT = "111122223333"
REGION = "af-south-1"
ANCHOR = "https://anchor.test/"
SETTINGS = f"""\
schema = 1

[account]
id = "{ACCOUNT}"

[[stack]]
name = "Main"
region = "{REGION}"
"""
CHECKS = (
    "identity.caller[111122223333]",
    "identity.region[Main]",
    "stack.status[Main]",
    "stack.outputs[Main]",
    "stack.protected[Main]",
    "stack.drift[Main]",
    "stack.discreet[Main]",
    "tables.present[Users]",
    "tables.keys[Users]",
    "tables.pitr[Users]",
    "tables.protected[Users]",
    "tables.billing[Users]",
    "tables.encrypted[Users]",
    "tables.ceiling[Users]",
    "tables.private[Users]",
    "backups.restorable[Users]",
    "backups.lag[Users]",
    "backups.plan[Daily]",
    "backups.selection[Daily]",
    "backups.covered[Users]",
    "backups.recent[Users]",
    "backups.jobs[Users]",
    "backups.size[Users]",
    "backups.tried[Daily]",
    "stack.recovered[here]",
)
# Those that ask scripted questions; the others serve on loopback, and have tests of their own.
CONTROLS = ("dns.zone_above", "tls.anchor", "http.anchor", "aws.caller", "aws.forged_key")

_TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/main-users"
_TEMPLATE = {
    "Resources": {
        "Users": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        },
        "Daily": {
            "Type": "AWS::Backup::BackupPlan",
            "Properties": {
                "BackupPlan": {
                    "BackupPlanName": "daily",
                    "BackupPlanRule": [
                        {
                            "RuleName": "daily",
                            "TargetBackupVault": "vault",
                            "ScheduleExpression": "cron(0 3 * * ? *)",
                            "Lifecycle": {"DeleteAfterDays": 35},
                        }
                    ],
                }
            },
        },
        "All": {
            "Type": "AWS::Backup::BackupSelection",
            "Properties": {
                "BackupPlanId": {"Ref": "Daily"},
                "BackupSelection": {
                    "SelectionName": "all",
                    "IamRoleArn": f"arn:aws:iam::{ACCOUNT}:role/backup",
                    "Resources": [{"Fn::GetAtt": ["Users", "Arn"]}],
                },
            },
        },
    },
    "Outputs": {"Table": {"Value": {"Ref": "Users"}}},
}

STACK = asked("aws.stack", REGION, "Main")
TEMPLATE = asked("aws.stack_template", REGION, "Main")
RESOURCES = asked("aws.stack_resources", REGION, "Main")
CALLER = asked("aws.caller", REGION)
TABLE = asked("aws.table", REGION, "main-users")
RECOVERY = asked("aws.continuous_backups", REGION, "main-users")
ANCHOR_ANSWER = asked("http.fetch", ANCHOR)
FORGED = asked("aws.refuses_forged_key", REGION)

_LEAF = seen.Leaf(names=("anchor.test",), issuer="A", serial="1", not_before=NOON, not_after=NOON + timedelta(days=90))
STACK_SEEN = seen.StackSeen(
    name="Main",
    arn=f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Main/1",
    status="UPDATE_COMPLETE",
    reason="",
    updated=NOON - timedelta(hours=1),
    outputs=(("Table", "main-users"),),
    protected=True,
)
TABLE_SEEN = seen.TableSeen(
    name="main-users",
    arn=_TABLE_ARN,
    id="1",
    status="ACTIVE",
    created=NOON - timedelta(hours=1),
    keys=(("id", "HASH", "S"),),
    indexes=(),
    billing="PAY_PER_REQUEST",
    stream="",
    deletion_protection=True,
    items=0,
)
RECOVERY_SEEN = seen.ContinuousBackups(
    table="main-users",
    status="ENABLED",
    days=35,
    earliest=NOON - timedelta(hours=1),
    latest=NOON - timedelta(minutes=5),
)

KEPT: Mapping[Question, object] = {
    CALLER: seen.Caller(account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:role/checks"),
    STACK: STACK_SEEN,
    TEMPLATE: json.dumps(_TEMPLATE),
    RESOURCES: (
        ("Users", "AWS::DynamoDB::Table", "main-users"),
        ("Daily", "AWS::Backup::BackupPlan", "plan-1"),
        ("All", "AWS::Backup::BackupSelection", "selection-1"),
    ),
    TABLE: TABLE_SEEN,
    RECOVERY: RECOVERY_SEEN,
    asked("aws.backup_plan", REGION, "plan-1"): seen.BackupPlanSeen(
        id="plan-1",
        name="daily",
        rules=(seen.BackupRule(name="daily", vault="vault", schedule="cron(0 3 * * ? *)", delete_after=35),),
        made=NOON - timedelta(days=9),
    ),
    asked("aws.backup_selections", REGION, "plan-1"): seen.BackupSelections(
        plan="plan-1",
        selections=(seen.BackupSelection(name="all", role="r", resources=(_TABLE_ARN,), excluded=(), by_tag=False),),
    ),
    asked("aws.recovery_points", REGION, _TABLE_ARN): (),
    asked("aws.table_policy", REGION, _TABLE_ARN): seen.ResourcePolicy(resource=_TABLE_ARN, text=""),
    asked("aws.described", "AWS::Backup::BackupJob", REGION, "last of each"): seen.Described(
        kind="AWS::Backup::BackupJob", name="last of each", state="there", words=()
    ),
    asked("aws.described", "AWS::Backup::RestoreJob", REGION, "last of each"): seen.Described(
        kind="AWS::Backup::RestoreJob", name="last of each", state="there", words=()
    ),
    FORGED: (True, "InvalidClientTokenId"),
    asked("dns.ask", ".", "SOA"): seen.DnsAnswer(
        name=".", type="SOA", server="192.0.2.53", rcode="NOERROR", records=("a. b. 1 2 3 4 5",)
    ),
    asked("tls.handshake", "anchor.test", port=443): seen.Accepted(
        host="anchor.test", address="192.0.2.1", version="TLSv1.3", cipher="C", leaf=_LEAF
    ),
    ANCHOR_ANSWER: seen.Response(url=ANCHOR, method="GET", address="192.0.2.1", status=200, headers=(), body="healthy"),
}
REFUSED = CannotLook("AccessDenied", final=True)
# What is otherwise in each, by a name that another process can be told.
SCENES: Mapping[str, Script] = {
    "kept": {},
    "broken": {RECOVERY: replace(RECOVERY_SEEN, status="DISABLED")},
    "warned": {TABLE: replace(TABLE_SEEN, billing="PROVISIONED")},
    "blind": {TABLE: REFUSED},
    "settling": {TABLE: replace(TABLE_SEEN, status="CREATING", created=NOON)},
    "void": {FORGED: (False, "it was let in")},
    "unproven": {ANCHOR_ANSWER: CannotLook("no route")},
    "unread": {TEMPLATE: REFUSED},
    "silent": {TEMPLATE: json.dumps({**_TEMPLATE, "Outputs": {}})},
    "updating": {STACK: replace(STACK_SEEN, status="UPDATE_IN_PROGRESS", outputs=())},
    "going back": {
        STACK: replace(STACK_SEEN, status="UPDATE_ROLLBACK_IN_PROGRESS"),
        RECOVERY: replace(RECOVERY_SEEN, status="DISABLED"),
    },
    "updated badly": {
        STACK: replace(STACK_SEEN, status="UPDATE_IN_PROGRESS", outputs=()),
        RECOVERY: replace(RECOVERY_SEEN, status="DISABLED"),
    },
    "gone": {STACK: seen.Absent(what="stack Main")},
    "interrupted": {TABLE: KeyboardInterrupt()},
}


def script(scene: str = "kept") -> dict[Question, object]:
    """What is answered in that scene."""
    return {**KEPT, **SCENES[scene]}


def world(scene: str = "kept") -> World:
    """That scene at noon."""
    return pretend_world(script(scene), clock=PretendClock(NOON), anchor=ANCHOR)


def proofs(target: Target) -> tuple[Control, ...]:
    """The real controls, as far as they can be scripted."""
    return tuple(each for each in controls(target) if each.name in CONTROLS)


class Heard(list[tuple[Question, object]]):
    """Everything that any process was answered, by its name in a file that they share."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    def append(self, told: tuple[Question, object]) -> None:
        """Write down which question it was."""
        with self.file.open("a", encoding="utf-8") as lines:
            lines.write(f"{told[0][0]}\n")


def enter(patch: pytest.MonkeyPatch, scene: str | World = "kept", *, heard: Path | None = None) -> None:
    """From now on every door of this process leads to that scene; questions are written down in *heard*."""

    def connect(_: Settings, **_door: str) -> assembly.Reach:
        here = world(scene) if isinstance(scene, str) else scene
        return assembly.Reach(world=RecordingWorld(world=here, heard=Heard(heard)) if heard else here)

    patch.setattr(assembly, "connect", connect)
    patch.setattr(assembly, "controls", proofs)
    patch.setattr(assembly, "THREADS", 8)


def write_settings(folder: Path, more: str = "", *, name: str = "here") -> Path:
    """The settings of the deployment, as a file; *more* comes first."""
    file = folder / f"{name}.toml"
    file.write_text(f"{more}\n{SETTINGS}" if more else SETTINGS, encoding="utf-8")
    return file
