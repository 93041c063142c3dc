"""How a deployment is told whether it may go on: CodeDeploy's hooks, and CloudFormation's custom resources."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from checks.model import CannotLook
from checks.world.aws.session import Access, Clients

_PATIENCE_S = 20


def tell_codedeploy(access: Access, region: str, *, deployment: str, hook: str, succeeded: bool) -> None:
    """codedeploy:PutLifecycleEventHookExecutionStatus. Raises CannotLook when it did not take it."""
    from botocore.exceptions import BotoCoreError, ClientError

    client = Clients(access, region).make("codedeploy", region)
    status = "Succeeded" if succeeded else "Failed"
    try:
        client.put_lifecycle_event_hook_execution_status(
            deploymentId=deployment, lifecycleEventHookExecutionId=hook, status=status
        )
    except (ClientError, BotoCoreError) as error:
        raise CannotLook(f"CodeDeploy did not take the status of {deployment}: {error}") from error


def tell_cloudformation(url: str, answer: Mapping[str, Any]) -> None:
    """PUT *answer* to the address that a custom resource's event named. Raises CannotLook when it was not taken.

    The address is signed for a request without a content type (CloudFormation, "Custom resource response objects").
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=_PATIENCE_S)
    try:
        connection.request("PUT", f"{parts.path}?{parts.query}", json.dumps(answer).encode(), {"Content-Type": ""})
        response = connection.getresponse()
        if response.status >= http.client.BAD_REQUEST:
            raise CannotLook(f"CloudFormation did not take the answer: {response.status}")
    except OSError as error:
        raise CannotLook(f"CloudFormation could not be told: {error}") from error
    finally:
        connection.close()
