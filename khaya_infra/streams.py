"""Who hears of each change of a table: one function, fed by the streams of all tables that have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_sqs as sqs

    from khaya_infra.functions import ServiceFunction

BATCH = 100
# A record that fails this often fails for a reason of its own; those behind it have waited long enough.
RETRIES = 10
# What the service asks of whoever reads a stream (Lambda developer guide, "Process DynamoDB records").
_READING = ("DescribeStream", "GetRecords", "GetShardIterator")


class Streams(Construct):
    """One mapping for each streamed table. A stream goes on from the record that failed, and gives up on it at last."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        tables: Mapping[str, dynamodb.Table],
        consumer: ServiceFunction,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        # What is kept is where the record was, never the record: a stream holds it for a day.
        consumer.allow("sqs:SendMessage", on=[dead_letters.queue_arn])
        # AWS defines no resource for it, so that it is allowed on all or on nothing.
        consumer.allow("dynamodb:ListStreams", on=["*"])
        for noun, table in tables.items():
            if table.table_stream_arn is not None:
                consumer.allow(*(f"dynamodb:{action}" for action in _READING), on=[table.table_stream_arn])
                self._mapping(noun, table.table_stream_arn, consumer.live, dead_letters)

    def _mapping(self, noun: str, stream: str, function: lambda_.IFunction, dead_letters: sqs.IQueue) -> None:
        mapping = lambda_.CfnEventSourceMapping
        mapping(
            self,
            noun,
            function_name=function.function_arn,
            event_source_arn=stream,
            # From the oldest record there is: a change made while this was being deployed is a change.
            starting_position="TRIM_HORIZON",
            batch_size=BATCH,
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=RETRIES,
            function_response_types=["ReportBatchItemFailures"],
            destination_config=mapping.DestinationConfigProperty(
                on_failure=mapping.OnFailureProperty(destination=dead_letters.queue_arn)
            ),
        )
