"""How the deployer reaches AWS, and what it says when AWS, or the way there, does not do as asked."""

from __future__ import annotations

from typing import Any

from khaya_infra.stop import BROKEN, NO_TOOLS, WAITING

# The methods of a boto3 client are made at run time from AWS's service models, so no type describes it.
Client = Any
Session = Any


def connect(region: str) -> Session:
    """A session whose clients look at `region` unless told otherwise; imported late, since `--help` needs none."""
    import boto3

    return boto3.Session(region_name=region)


def complaint(error: Exception) -> tuple[str, int] | None:
    """One line about an error of AWS or of the way there, and the exit code; `None` for any other error."""
    from botocore import exceptions

    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return "there are no AWS credentials. Sign in to the target's account and try again", WAITING
    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        return f"AWS does not answer: {error}. Check the network, or start the twin with `make up`", NO_TOOLS
    if isinstance(error, exceptions.ClientError | exceptions.BotoCoreError):
        return f"AWS refused: {error}. Check what these credentials may do and try again", BROKEN
    return None
