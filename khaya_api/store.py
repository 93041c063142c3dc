"""Where things are kept: the only module that knows DynamoDB.

Every read is keyed, every write that depends on what is there says so in its condition, nothing scans. What goes
wrong leaves here as `PartOut`, named after the table's noun.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from khaya_api import attributes
from khaya_api.aws import Connect, asking, cancellations, code_of
from khaya_api.errors import PartOut
from khaya_api.rows import INDEXES, KEYS, Change, Key, Position, Row, Rows, Slice

# Seconds to wait after each try of a transaction that met another one, at most.
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.4, 0.4, 0.0)
# A list that keeps some of its rows looks at twice as many with each question, until the page is full: so many at
# most, so many times.
_CHUNK = 1000
_CHUNKS = 8

_CONDITION_FAILED = "ConditionalCheckFailedException"
_TRANSACTION_CANCELLED = "TransactionCanceledException"


class Store:
    """The nine tables. `tables` maps nouns to names; one that is not among them is `PartOut`, not configured."""

    def __init__(self, tables: Mapping[str, str], connect: Connect) -> None:
        self._tables = tables
        self._connect = connect

    def touch(self, noun: str) -> None:
        """Read a key that never exists: it proves the name, the keys, the permission and the service at once."""
        with asking(noun):
            self._client(noun).get_item(
                TableName=self._name(noun),
                Key=_item(dict.fromkeys(KEYS[noun], "health#probe")),
                ProjectionExpression="#key",
                ExpressionAttributeNames={"#key": KEYS[noun][0]},
            )

    def get(self, noun: str, key: Key) -> Row | None:
        """The row with this key, as it is now."""
        with asking(noun):
            answer = self._client(noun).get_item(TableName=self._name(noun), Key=_item(key), ConsistentRead=True)
        return _plain(answer["Item"]) if answer.get("Item") else None

    def find(self, noun: str, row_id: str) -> Row | None:
        """The row with this id in a table whose sort key the caller does not know, as it is now."""
        question = {"KeyConditionExpression": "#id = :id", "ExpressionAttributeNames": {"#id": KEYS[noun][0]}}
        values = {"ExpressionAttributeValues": _item({":id": row_id})}
        rows = self._query(noun, ConsistentRead=True, Limit=1, **question, **values)["Items"]
        return _plain(rows[0]) if rows else None

    def together(self, keys: Sequence[tuple[str, Key]]) -> list[Row | None]:
        """Up to 100 rows by their keys, all as they were at one moment."""
        if not keys:
            return []
        gets = [{"Get": {"TableName": self._name(noun), "Key": _item(key)}} for noun, key in keys]
        answer = self._take_turns(keys[0][0], "transact_get_items", TransactItems=gets)
        return [_plain(found["Item"]) if found.get("Item") else None for found in answer["Responses"]]

    def page(self, part: Slice, *, limit: int, after: Position | None = None) -> Rows:
        """Up to `limit` rows from the row after `after` on. Fewer, with `after`, where the table stopped earlier."""
        rows: list[Row] = []
        names = (*KEYS[part.noun], *INDEXES[part.noun][part.index][1:])
        for turn in range(_CHUNKS if part.having else 1):
            # One more than asked for tells whether there is a next page, so that no page is ever empty.
            answer = self._query(part.noun, **_question(part, min((limit + 1) << turn, _CHUNK), after))
            rows += map(_plain, answer["Items"])
            last = _plain(answer.get("LastEvaluatedKey") or {})
            after = {name: _exact(last[name]) for name in names} if last else None
            if len(rows) > limit:
                after = {name: _exact(rows[limit - 1][name]) for name in names}
            if len(rows) > limit or not after:
                break
        return Rows(rows=rows[:limit], after=dict(after) if after else None)

    def every(self, part: Slice) -> list[Row]:
        """Every row of a part, however many questions it takes."""
        rows: list[Row] = []
        after: Position | None = None
        while True:
            page = self.page(part, limit=1000, after=after)
            rows += page.rows
            after = page.after
            if after is None:
                return rows

    def write(self, changes: Sequence[Change]) -> dict[int, Row]:
        """Make all changes or none: {} when made, else the rows (or {}) at which a condition did not hold, by place."""
        if len(changes) == 1:
            return self._write_one(changes[0])
        items = [self._written(change) for change in changes]
        try:
            self._take_turns(changes[0].noun, "transact_write_items", TransactItems=items)
        except _Unmet as unmet:
            return unmet.rows
        return {}

    def _write_one(self, change: Change) -> dict[int, Row]:
        ((kind, request),) = self._written(change).items()
        call = {"Put": "put_item", "Update": "update_item"}[kind]
        with asking(change.noun):
            try:
                getattr(self._client(change.noun), call)(**request)
            except ClientError as error:
                if code_of(error) != _CONDITION_FAILED:
                    raise
                item: Any = error.response.get("Item") or {}
                return {0: _plain(item)}
        return {}

    def _written(self, change: Change) -> Row:
        request: Row = {"TableName": self._name(change.noun), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        words = _Words()
        if change.put is not None:
            kind, request["Item"] = "Put", _item({**change.put, **change.key})
        else:
            kind, request["Key"] = "Update", _item(change.key)
            request["UpdateExpression"] = _update(change, words)
        if condition := _condition(change, words):
            request["ConditionExpression"] = condition
        return {kind: {**request, **words.spoken()}}

    def _take_turns(self, noun: str, call: str, **request: object) -> Row:
        """Make a call; when it meets another one at the same row, make it again. `_Unmet` for conditions."""
        with asking(noun):
            for pause in _PAUSES:
                try:
                    answer: Row = getattr(self._client(noun), call)(**request)
                    return answer
                except ClientError as error:
                    reasons = cancellations(error)
                    if code_of(error) == _TRANSACTION_CANCELLED and "ConditionalCheckFailed" in reasons:
                        raise _Unmet(error) from error
                    if "TransactionConflict" not in reasons:
                        raise
                # Of many that met, each waits for a different while; else they would meet again.
                time.sleep(pause * random.random())  # noqa: S311 - nobody gains by guessing it
        raise PartOut(noun, "busy", "TransactionConflict")

    def _query(self, noun: str, **question: Any) -> Row:  # noqa: ANN401 - DynamoDB's own parameters
        with asking(noun):
            answer: Row = self._client(noun).query(TableName=self._name(noun), **question)
            return answer

    def _client(self, noun: str) -> Any:  # noqa: ANN401 - a boto3 client has no type
        # Asked first, so that a lost variable is called that also where nothing else is configured.
        self._name(noun)
        return self._connect("dynamodb")

    def _name(self, noun: str) -> str:
        try:
            return self._tables[noun]
        except KeyError as error:
            raise PartOut(noun, "not configured") from error


class _Unmet(Exception):
    """A transaction some of whose conditions did not hold, with the rows that were there instead."""

    def __init__(self, error: ClientError) -> None:
        reasons: Any = error.response.get("CancellationReasons") or []
        super().__init__(code_of(error))
        self.rows = {
            place: _plain(reason.get("Item") or {})
            for place, reason in enumerate(reasons)
            if reason.get("Code") == "ConditionalCheckFailed"
        }


class _Words:
    """Stand-ins for the names and values of one expression: a name may be a word that DynamoDB keeps for itself."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        return self._names.setdefault(attribute, f"#n{len(self._names)}")

    def value(self, value: object) -> str:
        word = f":v{len(self._values)}"
        self._values[word] = attributes.spelt(value)
        return word

    def spoken(self) -> Row:
        names = {"ExpressionAttributeNames": {word: name for name, word in self._names.items()}}
        return (names if self._names else {}) | ({"ExpressionAttributeValues": self._values} if self._values else {})


def _update(change: Change, words: _Words) -> str:
    name, value = words.name, words.value
    sets = [f"{name(key)} = {value(given)}" for key, given in change.sets.items()]
    sets += [f"{name(key)} = if_not_exists({name(key)}, {value(given)})" for key, given in change.firsts.items()]
    adds = [f"{name(key)} {value(given)}" for key, given in change.adds.items()]
    clauses = {"SET": sets, "ADD": adds, "REMOVE": [name(key) for key in change.drops]}
    return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)


def _condition(change: Change, words: _Words) -> str:
    name, value = words.name, words.value
    key = KEYS[change.noun][0]
    parts = [f"attribute_exists({name(key)})"] if change.exists else []
    parts += [
        f"attribute_not_exists({name(word)})" if given is None else f"{name(word)} = {value(given)}"
        for word, given in change.equal.items()
    ]
    parts += [
        f"(attribute_not_exists({name(word)}) OR {name(word)} < {value(bound)})" for word, bound in change.below.items()
    ]
    if change.new:
        others = [f"{name(word)} = {value(given)}" for word, given in change.or_equal.items()]
        others += [f"attribute_not_exists({name(word)})" for word in change.or_absent]
        others += [] if change.or_before is None else [f"{name('expiresAt')} < {value(change.or_before)}"]
        parts.append(f"({' OR '.join([f'attribute_not_exists({name(key)})', *others])})")
    return " AND ".join(parts)


def _question(part: Slice, limit: int, after: Position | None) -> Row:
    partition, *sort = INDEXES[part.noun][part.index]
    words = _Words()
    conditions = [f"{words.name(partition)} = {words.value(part.of)}"]
    if part.before is not None:
        conditions.append(f"{words.name(sort[0])} < {words.value(part.before)}")
    question: Row = {
        "IndexName": part.index,
        "KeyConditionExpression": " AND ".join(conditions),
        "ScanIndexForward": not part.descending,
        "Limit": limit,
    }
    if part.having:
        attribute, wanted = part.having
        question["FilterExpression"] = f"contains({words.name(attribute)}, {words.value(wanted)})"
    if after:
        question["ExclusiveStartKey"] = _item({**after, partition: part.of})
    return {**question, **words.spoken()}


def _exact(value: Any) -> str | int:  # noqa: ANN401 - what a key can hold
    return int(value) if isinstance(value, Decimal) else str(value)


def _item(values: Mapping[str, Any]) -> Row:
    return {name: attributes.spelt(value) for name, value in values.items()}


def _plain(item: Mapping[str, Any]) -> Row:
    return {name: attributes.read(value) for name, value in item.items()}
