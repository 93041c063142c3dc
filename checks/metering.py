"""Which metrics services of AWS publish, and which name somebody may have meant.

Pure. The lists are those of the services' own pages ("Metrics and dimensions" of each). A service may publish more by
now, so that a name which was told lately is right whatever is written here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

AWS = "AWS/"
# From how like another a name is taken for a slip of the pen.
_ALIKE = 0.9
_NAMES: Mapping[str, str] = {
    "AWS/ApiGateway": (
        "4XXError 5XXError CacheHitCount CacheMissCount Count IntegrationLatency Latency 4xx 5xx "
        "DataProcessed ConnectCount MessageCount IntegrationError ClientError ExecutionError"
    ),
    "AWS/CloudFront": (
        "Requests BytesDownloaded BytesUploaded TotalErrorRate 4xxErrorRate 5xxErrorRate 401ErrorRate "
        "403ErrorRate 404ErrorRate 502ErrorRate 503ErrorRate 504ErrorRate CacheHitRate OriginLatency "
        "FunctionInvocations FunctionValidationErrors FunctionExecutionErrors FunctionComputeUtilization "
        "FunctionThrottles LambdaExecutionError LambdaValidationError LambdaLimitExceededErrors"
    ),
    "AWS/DynamoDB": (
        "Account(Max|Provisioned)\\w+ AgeOfOldestUnreplicatedRecord ConditionalCheckFailedRequests "
        "Consumed(ChangeDataCapture|ReadCapacity|WriteCapacity)Units FailedToReplicateRecordCount "
        "FaultInjection\\w+ MaxProvisionedTable(Read|Write)CapacityUtilization "
        "OnDemandMax(Read|Write)RequestUnits OnlineIndex\\w+ PendingReplicationCount "
        "Provisioned(Read|Write)CapacityUnits "
        "(Read|Write)(AccountLimit|KeyRangeThroughput|MaxOnDemandThroughput|ProvisionedThroughput)?ThrottleEvents "
        "ReplicationLatency Returned(Bytes|ItemCount|RecordsCount) SuccessfulRequestLatency SystemErrors "
        "ThrottledPutRecordCount ThrottledRequests TimeToLiveDeletedItemCount TransactionConflict UserErrors"
    ),
    "AWS/Events": (
        "DeadLetterInvocations Events FailedInvocations IngestionToInvocation\\w+Latency Invocations "
        "InvocationAttempts InvocationsCreated InvocationsFailedToBeSentToDlq InvocationsSentToDlq "
        "MatchedEvents Put(Partner)?Events\\w+ RetryInvocationAttempts SuccessfulInvocationAttempts "
        "ThrottledRules TriggeredRules"
    ),
    "AWS/Lambda": (
        "Invocations Errors DeadLetterErrors DestinationDeliveryFailures Throttles OversizedRecordCount "
        "ProvisionedConcurren\\w+ RecursiveInvocationsDropped Duration PostRuntimeExtensionsDuration "
        "IteratorAge OffsetLag AsyncEvent(Age|sReceived|sDropped) ConcurrentExecutions "
        "UnreservedConcurrentExecutions ClaimedAccountConcurrency "
        "(Polled|FilteredOut|Invoked|FailedInvoke|Dropped|OnFailureDestinationDelivered|Deleted)EventCount "
        "ProvisionedPollers EventPoller\\w+ SignatureValidationErrors"
    ),
    "AWS/SNS": (
        "NumberOfMessagesPublished NumberOfNotifications(Delivered|Failed|FailedToRedriveToDlq|RedrivenToDlq) "
        "NumberOfNotificationsFilteredOut(-\\w+)? PublishSize SMSMonthToDateSpentUSD SMSSuccessRate"
    ),
    "AWS/SQS": (
        "ApproximateAgeOfOldestMessage ApproximateNumberOf(GroupsWithInflightMessages|NoisyGroups) "
        "ApproximateNumberOfMessages(Delayed|NotVisible|Visible)\\w* "
        "NumberOf(EmptyReceives|DeduplicatedSentMessages) NumberOfMessages(Deleted|Received|Sent) "
        "SentMessageSize"
    ),
}
# Others that publish; which of their names are right is not written down here.
_MORE = (
    "AWS/ApplicationELB AWS/Backup AWS/Bedrock AWS/Billing AWS/CertificateManager AWS/CodeBuild "
    "AWS/Cognito AWS/EC2 AWS/ECS AWS/EFS AWS/ElastiCache AWS/Firehose AWS/KMS AWS/Kinesis AWS/Logs "
    "AWS/NetworkELB AWS/RDS AWS/Route53 AWS/S3 AWS/SES AWS/SSM-RunCommand AWS/Scheduler "
    "AWS/SecretsManager AWS/States AWS/Usage AWS/WAFV2 AWS/X-Ray"
)


def is_published(namespace: str, metric: str) -> bool | None:
    """Whether the service of *namespace* publishes *metric*; None for one whose metrics are not known here."""
    known = _NAMES.get(namespace)
    return None if known is None else any(re.fullmatch(each, metric) for each in known.split())


def meant_by(namespace: str) -> str:
    """The namespace of AWS's that *namespace* is a slip of; empty for one that is right, or like no other."""
    known = [*_NAMES, *_MORE.split()]
    return "" if namespace in known else nearest(namespace, known)


def nearest(name: str, others: Iterable[str]) -> str:
    """The one of *others* that *name* may be a slip of: nearly the same letters, and the very same digits."""
    alike = difflib.get_close_matches(name, sorted({*others} - {name}), n=3, cutoff=_ALIKE)
    return next((each for each in alike if re.findall(r"\d", each) == re.findall(r"\d", name)), "")
