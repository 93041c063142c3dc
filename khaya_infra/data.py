"""The nine tables: their keys, their indexes, and the promise that nothing in them can be lost by one call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

# DynamoDB keeps at most 35 days of point-in-time history.
RECOVERY_DAYS = 35
# Records that a verification run writes carry this attribute, so that none outlives its run by much.
EXPIRY_ATTRIBUTE = "expiresAt"

_NUMBERS = frozenset({"trustScore", "amount"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Keys and indexes of one table; `indexes` maps an index's name to its partition and sort key."""

    noun: str
    partition: str = "id"
    sort: str | None = None
    indexes: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    streamed: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that tells a function this table's name."""
        return f"{self.noun.upper()}_TABLE"


SHAPES: tuple[Shape, ...] = (
    Shape(noun="Users", indexes={"EmailIndex": ("email", None), "PhoneIndex": ("phone", None)}, streamed=True),
    Shape(
        noun="Profiles",
        partition="userId",
        indexes={"LocationIndex": ("location", "trustScore")},
        streamed=True,
    ),
    Shape(
        noun="Jobs",
        sort="createdAt",
        indexes={"StatusIndex": ("status", "createdAt"), "BuyerIndex": ("buyerId", "createdAt")},
        streamed=True,
    ),
    Shape(
        noun="Bids",
        sort="jobId",
        indexes={"JobIndex": ("jobId", "amount"), "WorkerIndex": ("workerId", "createdAt")},
        streamed=True,
    ),
    Shape(
        noun="Listings",
        indexes={"CategoryIndex": ("category", "createdAt"), "SellerIndex": ("sellerId", "createdAt")},
    ),
    Shape(noun="Reviews", sort="reviewedId", indexes={"ReviewedIndex": ("reviewedId", "createdAt")}),
    Shape(noun="Credits", sort="userId", indexes={"UserIndex": ("userId", "createdAt")}, streamed=True),
    Shape(
        noun="Referrals",
        indexes={"CodeIndex": ("referralCode", None), "ReferrerIndex": ("referrerId", "createdAt")},
    ),
    Shape(
        noun="Stories",
        sort="createdAt",
        indexes={"PublicIndex": ("publicState", "createdAt"), "UserIndex": ("userId", "createdAt")},
    ),
)


class Data(Construct):
    """The tables by noun (`tables["Jobs"]`): on demand, recoverable for 35 days, protected from deletion, kept."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.tables: dict[str, dynamodb.Table] = {shape.noun: self._table(shape) for shape in SHAPES}

    @property
    def environment(self) -> dict[str, str]:
        """One variable for each table, for functions."""
        return {shape.variable: self.tables[shape.noun].table_name for shape in SHAPES}

    def _table(self, shape: Shape) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            f"{shape.noun}Table",
            partition_key=_attribute(shape.partition),
            sort_key=_attribute(shape.sort) if shape.sort else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=RECOVERY_DAYS
            ),
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES if shape.streamed else None,
            time_to_live_attribute=EXPIRY_ATTRIBUTE,
        )
        for name, (partition, sort) in shape.indexes.items():
            table.add_global_secondary_index(
                index_name=name,
                partition_key=_attribute(partition),
                sort_key=_attribute(sort) if sort else None,
                projection_type=dynamodb.ProjectionType.ALL,
            )
        return table


def _attribute(name: str) -> dynamodb.Attribute:
    kind = dynamodb.AttributeType.NUMBER if name in _NUMBERS else dynamodb.AttributeType.STRING
    return dynamodb.Attribute(name=name, type=kind)
