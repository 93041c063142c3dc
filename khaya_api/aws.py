"""How AWS is called and what its errors mean: the one place that makes clients and reads what they raise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader

from khaya_api.errors import PartOut

# A client's methods are made at run time from service models, so its type is Any.
Connect = Callable[[str], Any]

# The gateway gives up after 29 s and a person long before: two tries of at most 3 s each.
_PATIENCE = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=16,
)
# The older signature of addresses would leave a file's type and length unsigned.
_SIGNED = _PATIENCE.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))

# Every service that a function of ours calls.
_SERVICES = ("cognito-idp", "dynamodb", "s3", "secretsmanager", "sesv2", "sns", "ssm")

_REASONS = {
    "ResourceNotFoundException": "missing",
    "NoSuchBucket": "missing",
    "404": "missing",
    "AccessDeniedException": "refused",
    "AccessDenied": "refused",
    "UnrecognizedClientException": "refused",
    "ExpiredTokenException": "refused",
    "403": "refused",
    "ProvisionedThroughputExceededException": "busy",
    "RequestLimitExceeded": "busy",
    "ThrottlingException": "busy",
    "TooManyRequestsException": "busy",
    "TransactionConflict": "busy",
    "TransactionConflictException": "busy",
    "TransactionInProgressException": "busy",
    "InternalServerError": "no answer",
    "InternalServiceErrorException": "no answer",
    "ServiceUnavailable": "no answer",
    "SlowDown": "busy",
}


class _Models(Loader):
    """The descriptions of AWS's services, less a look at all four hundred of them before the one that is asked for."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - the library's signature
        return list(_SERVICES)


def connect_to(region: str) -> Connect:
    """A maker of clients in `region`, one for each service, each made once; not to be called from threads.

    They are botocore's own: what boto3 adds to them is not used here, and takes a third of the time of a cold start.
    """
    made: dict[str, Any] = {}
    session = botocore.session.Session()
    session.register_component("data_loader", _Models())

    def connect(service: str) -> Any:  # noqa: ANN401 - a client has no type
        if service not in made:
            config = _SIGNED if service == "s3" else _PATIENCE
            made[service] = session.create_client(service, region_name=region or None, config=config)
        return made[service]

    return connect


@contextmanager
def asking(part: str) -> Iterator[None]:
    """Within this, what AWS raises becomes `PartOut` of `part`."""
    try:
        yield
    except ClientError as error:
        words = [code_of(error), *cancellations(error)]
        reason = next((_REASONS[word] for word in words if word in _REASONS), "error")
        raise PartOut(part, reason, " ".join(words)) from error
    except BotoCoreError as error:
        raise PartOut(part, "no answer", type(error).__name__) from error


def code_of(error: ClientError) -> str:
    """AWS's own word for an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def cancellations(error: ClientError) -> list[str]:
    """Why a transaction was cancelled, a word for each of its items; empty for anything else."""
    reasons = error.response.get("CancellationReasons") or []
    return [reason.get("Code", "None") for reason in reasons]
