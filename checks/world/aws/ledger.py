"""The ledger on AWS: documents in a versioned and locked bucket, an index in a table, two topics."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from checks.model import CannotLook
from checks.world.aws.session import Access, Clients
from checks.world.ledger import Claim, Row

# DynamoDB: a row goes by itself when history no longer shows it; the document stays as long as its lock says.
_INDEXED = timedelta(days=400)
_STATE = "told"
_RUN = "run#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The names of what the canary's stack made. A topic's ARN is empty where nobody is called."""

    bucket: str
    table: str
    page: str = ""
    notice: str = ""


def shelf_of(access: Access, *, stack: str, region: str) -> Shelf:
    """What the outputs of the canary's stack name (cloudformation:DescribeStacks). Raises CannotLook."""
    cloudformation = Clients(access, region).make("cloudformation", region)
    with _in_our_words(f"the canary's stack {stack} in {region}"):
        outputs = cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    named = {each["OutputKey"]: each["OutputValue"] for each in outputs}
    lacking = [key for key in ("EvidenceBucket", "IndexTable", "PageTopic", "NoticeTopic") if key not in named]
    if lacking:
        raise CannotLook(f"the stack {stack} in {region} has no output {', '.join(lacking)}; deploy it", final=True)
    return Shelf(
        bucket=named["EvidenceBucket"],
        table=named["IndexTable"],
        page=named["PageTopic"],
        notice=named["NoticeTopic"],
    )


class AwsLedger:
    """``ledger.Ledger`` over S3, DynamoDB and SNS of one region. *puts* and *writes* count what was paid for."""

    def __init__(self, access: Access, shelf: Shelf, *, region: str) -> None:
        clients = Clients(access, region)
        self._shelf = shelf
        self._region = region
        self._s3, self._table, self._sns = (clients.make(each, region) for each in ("s3", "dynamodb", "sns"))
        self.puts = 0
        self.writes = 0

    def claim(self, row: Row, *, holder: str, now: datetime) -> Claim:
        """As ``Ledger.claim``: one conditional write."""
        free = "attribute_not_exists(pk) OR (attribute_not_exists(finished) AND (holder = :holder OR #until <= :now))"
        item = self._item({**row, "holder": holder}, _RUN + row["run_id"], now)
        values = {":holder": {"S": holder}, ":now": {"S": _text(now)}}
        if self._put(item, free, values, names={"#until": "until"}):
            return "ours"
        with self._asking("GetItem"):
            key = {name: item[name] for name in ("pk", "sk")}
            there = self._table.get_item(TableName=self._shelf.table, Key=key, ConsistentRead=True).get("Item", {})
        return "done" if there.get("finished") else "busy"

    def enter(self, row: Row) -> bool:
        """As ``Ledger.enter``: one conditional write."""
        started = datetime.fromisoformat(row["started"])
        item = self._item(row, _RUN + row["run_id"], started)
        return self._put(item, "attribute_not_exists(finished)", {})

    def rows(self, target: str) -> Sequence[Row]:
        """As ``Ledger.rows``."""
        values = {":target": {"S": target}, ":runs": {"S": _RUN}}
        found: list[Row] = []
        start: dict[str, Any] = {}
        with self._asking("Query"):
            while True:
                page = self._table.query(
                    TableName=self._shelf.table,
                    KeyConditionExpression="pk = :target AND begins_with(sk, :runs)",
                    ExpressionAttributeValues=values,
                    **start,
                )
                found += [json.loads(each["row"]["S"]) for each in page["Items"]]
                if not page.get("LastEvaluatedKey"):
                    return found
                start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def keep(self, key: str, text: str) -> str:
        """As ``Ledger.keep``; the bucket's own lock keeps it. The link opens the object in the console."""
        self._store(key, text, IfNoneMatch="*")
        shown = quote(key, safe="/")
        return f"https://{self._region}.console.aws.amazon.com/s3/object/{self._shelf.bucket}?prefix={shown}"

    def checkpoint(self, key: str, text: str) -> None:
        """As ``Ledger.checkpoint``."""
        self._store(key, text)

    def read(self, key: str) -> str:
        """As ``Ledger.read``."""
        with self._asking("GetObject"):
            body = self._s3.get_object(Bucket=self._shelf.bucket, Key=key)["Body"].read()
        return gzip.decompress(body).decode()

    def told(self, target: str) -> tuple[Mapping[str, Any], int]:
        """As ``Ledger.told``, read consistently."""
        key = {"pk": {"S": target}, "sk": {"S": _STATE}}
        with self._asking("GetItem"):
            item = self._table.get_item(TableName=self._shelf.table, Key=key, ConsistentRead=True).get("Item")
        return (json.loads(item["row"]["S"]), int(item["edition"]["N"])) if item else ({}, 0)

    def tell(self, target: str, state: Mapping[str, Any], *, edition: int) -> bool:
        """As ``Ledger.tell``: one conditional write."""
        item = {
            "pk": {"S": target},
            "sk": {"S": _STATE},
            "row": {"S": json.dumps(state)},
            "edition": {"N": str(edition + 1)},
        }
        free = "attribute_not_exists(pk)" if edition == 0 else "edition = :edition"
        return self._put(item, free, {":edition": {"N": str(edition)}} if edition else {})

    def ring(self, topic: str, subject: str, text: str) -> None:
        """As ``Ledger.ring``: plain text for mail, a custom notification for chat clients behind HTTPS."""
        arn = {"page": self._shelf.page, "notice": self._shelf.notice}[topic]
        if not arn:
            raise CannotLook(f"there is no topic {topic} to call anybody with", final=True)
        told = {"default": text, "email": text, "https": json.dumps(_for_chat(subject, text))}
        with self._asking("Publish"):
            self._sns.publish(TopicArn=arn, Subject=subject, Message=json.dumps(told), MessageStructure="json")

    def _item(self, row: Row, sort: str, when: datetime) -> dict[str, Any]:
        """The row as JSON, with beside it what conditions and people in the console look at."""
        shown = {key: row.get(key) for key in ("holder", "until", "finished", "verdict", "release", "door")}
        numbers = {key: row[key] for key in ("seconds", "aws_calls", "planned") if key in row}
        return {
            "pk": {"S": row["target"]},
            "sk": {"S": sort},
            "row": {"S": json.dumps(row)},
            "expires": {"N": str(int((when + _INDEXED).timestamp()))},
            **{key: {"S": str(value)} for key, value in shown.items() if value},
            **{key: {"N": str(Decimal(str(value)))} for key, value in numbers.items()},
        }

    def _put(
        self,
        item: Mapping[str, Any],
        condition: str,
        values: Mapping[str, Any],
        *,
        names: Mapping[str, str] | None = None,
    ) -> bool:
        from botocore.exceptions import ClientError

        given = {"ExpressionAttributeValues": values} if values else {}
        given.update({"ExpressionAttributeNames": names} if names else {})
        self.writes += 1 + len(json.dumps(item)) // 1024
        with self._asking("PutItem"):
            try:
                self._table.put_item(TableName=self._shelf.table, Item=item, ConditionExpression=condition, **given)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                    return False
                raise
        return True

    def _store(self, key: str, text: str, **how: str) -> None:
        from botocore.exceptions import ClientError

        # The same text is the same object: without a time in its header.
        body = gzip.compress(text.encode(), mtime=0)
        self.puts += 1
        with self._asking("PutObject"):
            try:
                self._s3.put_object(
                    Bucket=self._shelf.bucket,
                    Key=key,
                    Body=body,
                    ContentType="application/json",
                    ContentEncoding="gzip",
                    ChecksumAlgorithm="SHA256",
                    **how,
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "PreconditionFailed":
                    raise

    def _asking(self, operation: str) -> AbstractContextManager[None]:
        return _in_our_words(f"the canary's evidence ({operation}, {self._region})")


@contextmanager
def _in_our_words(what: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise CannotLook(f"{what}: {error}") from error


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _for_chat(subject: str, text: str) -> Mapping[str, Any]:
    """A custom notification (Amazon Q Developer in chat applications, "Custom notifications", version 1.0)."""
    return {
        "version": "1.0",
        "source": "custom",
        "content": {"textType": "client-markdown", "title": subject, "description": f"```\n{text}\n```"},
    }
