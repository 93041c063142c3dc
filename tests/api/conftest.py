"""The nine tables and the bucket on a local double, and the API standing on them with a clock that stands still."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aws_lambda_powertools import Logger
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends

from khaya_api.aws import Connect, connect_to
from khaya_api.handler import build
from khaya_api.keyring import key_ring
from khaya_api.kit import Kit
from khaya_api.rows import INDEXES, KEYS
from khaya_api.settings import TABLES, read_settings, table_variable
from khaya_api.store import Store
from tests.api.events import SITE, WWW, Client

REGION = "af-south-1"
NOW = datetime(2026, 11, 22, 12, 0, 0, 123000, tzinfo=UTC)
BUCKET = "khaya-storage"
TRAIL = "khaya-trail"
ENVIRON: Mapping[str, str] = {
    **{table_variable(noun): f"Khaya-{noun}" for noun in TABLES},
    "STORAGE_BUCKET": BUCKET,
    "TRAIL_BUCKET": TRAIL,
    "USER_POOL_ID": "af-south-1_pool",
    "USER_POOL_CLIENT_ID": "client",
    "ALLOWED_ORIGINS": f"{SITE},{WWW}",
    "SIGNING_KEY": "Zk3v9QmT7xWb2LrN8cYp5HdJ6sFgA4eU",
    "WRITES_PER_MINUTE": "1000000",
    "VERSION": "1.2.3",
    "GIT_SHA": "0123456789abcdef0123456789abcdef01234567",
    "STAGE": "test",
    "AWS_REGION": REGION,
}
NUMBERS = {"trustScore", "amount"}
_READ, _WRITE = TypeDeserializer().deserialize, TypeSerializer().serialize


@dataclass(slots=True)
class UserPools:
    """What the API asks of Cognito, with an answer that a test may replace by an error."""

    error: Exception | None = None

    def describe_user_pool_client(self, **_named: str) -> dict[str, object]:
        """The client exists, unless told otherwise."""
        if self.error:
            raise self.error
        return {"UserPoolClient": {}}


@dataclass(slots=True)
class Stage:
    """A test's own kit, with everything that it wrote and counted in plain sight."""

    kit: Kit
    log: io.StringIO
    user_pools: UserPools
    counted: list[Mapping[str, int]] = field(default_factory=list)

    @property
    def client(self) -> Client:
        """The API on this stage."""
        return Client(build(self.kit))

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log, a dictionary for each line."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def at(self, moment: datetime) -> None:
        """Set the clock."""
        self.kit = replace(self.kit, clock=lambda: moment)

    def with_environ(self, **changes: str | None) -> None:
        """Put the kit together again from a changed environment; None takes a variable away."""
        environ = {name: value for name, value in {**ENVIRON, **changes}.items() if value is not None}
        self.kit = kit_for(environ, self.kit.connect, self.kit.log, self.counted)

    def connected_by(self, connect: Connect, **changes: str) -> None:
        """Put the kit together again with another way to AWS; the clock stays."""
        made = kit_for({**ENVIRON, **changes}, connect, self.kit.log, self.counted)
        self.kit = replace(made, clock=self.kit.clock)

    def rows(self, noun: str) -> list[dict[str, Any]]:
        """All that is in a table, by primary key."""
        answer = self.kit.connect("dynamodb").scan(TableName=f"Khaya-{noun}")
        rows = [{name: _READ(value) for name, value in item.items()} for item in answer["Items"]]
        return sorted(rows, key=lambda row: tuple(str(row[name]) for name in KEYS[noun]))

    def put(self, noun: str, **row: object) -> None:
        """Put a row behind the API's back."""
        item = {name: _WRITE(value) for name, value in row.items()}
        self.kit.connect("dynamodb").put_item(TableName=f"Khaya-{noun}", Item=item)

    def objects(self, bucket: str) -> dict[str, str]:
        """All that is in a bucket, texts by key."""
        s3 = self.kit.connect("s3")
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}

    def delete_objects(self, bucket: str) -> None:
        """Empty a bucket."""
        for key in self.objects(bucket):
            self.kit.connect("s3").delete_object(Bucket=bucket, Key=key)

    def delete_table(self, noun: str) -> None:
        """Take a table away."""
        self.kit.connect("dynamodb").delete_table(TableName=f"Khaya-{noun}")


def kit_for(environ: Mapping[str, str], connect: Connect, log: Logger, counted: list[Mapping[str, int]]) -> Kit:
    """The kit that `kit_from` makes, but for clock, log and counts."""
    settings = read_settings(environ)
    return Kit(
        settings=settings,
        connect=connect,
        store=Store(settings.tables, connect),
        keys=key_ring(settings, connect),
        clock=lambda: NOW,
        log=log,
        count=counted.append,
    )


def make_tables(connect: Connect, *, but: Container[str] = ()) -> None:
    """The nine tables with the keys and indexes of the deployment, except those that are there."""
    client = connect("dynamodb")
    for noun, keys in KEYS.items():
        if f"Khaya-{noun}" in but:
            continue
        indexes = INDEXES[noun]
        names = sorted({*keys, *(name for key in indexes.values() for name in key)})
        client.create_table(
            TableName=f"Khaya-{noun}",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "N" if name in NUMBERS else "S"} for name in names
            ],
            KeySchema=_schema(keys),
            GlobalSecondaryIndexes=[
                {"IndexName": name, "KeySchema": _schema(key), "Projection": {"ProjectionType": "ALL"}}
                for name, key in indexes.items()
            ],
        )


def _schema(keys: tuple[str, ...]) -> Any:  # noqa: ANN401 - botocore's own dictionaries
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


@pytest.fixture(scope="module")
def aws() -> Iterator[Connect]:
    """The local double and clients to it; one for a module, since making them takes longer than most tests."""
    with mock_aws():
        connect = connect_to(REGION)
        make_tables(connect)
        yield connect


@pytest.fixture
def stage(aws: Connect) -> Stage:
    """Everything is up, nothing is in it, and it is noon."""
    tidy(aws)
    log, user_pools = io.StringIO(), UserPools()
    counted: list[Mapping[str, int]] = []
    # A logger is one for each name; a name of its own gives each test a stream of its own.
    logger = Logger(service=f"test-{uuid4()}", stream=log)
    return Stage(kit_for(ENVIRON, _with_user_pools(aws, user_pools), logger, counted), log, user_pools, counted)


@pytest.fixture
def client(stage: Stage) -> Client:
    """The API with everything up."""
    return stage.client


def one_at_a_time(connect: Connect) -> Connect:
    """Clients whose calls exclude each other; between two calls of one thread, others still come in."""
    lock = threading.Lock()
    return lambda service: _Locked(connect(service), lock)


class _Locked:
    def __init__(self, client: Any, lock: threading.Lock) -> None:  # noqa: ANN401 - a boto3 client has no type
        self._client, self._lock = client, lock

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def locked(**named: object) -> Any:  # noqa: ANN401 - whatever it answers
            with self._lock:
                return method(**named)

        return locked


def tidy(connect: Connect) -> None:
    """Empty what a test before has filled, and make again what it deleted."""
    tables = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables
    for table in tables.values():
        table.items.clear()
    make_tables(connect, but=tables)
    buckets = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets
    for name in (BUCKET, TRAIL):
        if name not in buckets:
            connect("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def _with_user_pools(connect: Connect, user_pools: UserPools) -> Callable[[str], Any]:
    return lambda service: user_pools if service == "cognito-idp" else connect(service)
