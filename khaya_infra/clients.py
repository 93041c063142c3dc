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


def refusals() -> tuple[type[Exception], ...]:
    """What AWS, or the way there, raises; for an `except`, which asks for it when there is an error and not before."""
    from botocore import exceptions

    return exceptions.ClientError, exceptions.BotoCoreError


def complaint(error: Exception) -> tuple[str, int]:
    """One line about one of `refusals`, and the exit code."""
    from botocore import exceptions

    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return "there are no AWS credentials. Sign in to the target's account and try again", WAITING
    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        return f"AWS does not answer: {error}. Check the network, or start the twin with `make up`", NO_TOOLS
    return f"AWS refused: {error}. Check what these credentials may do and try again", BROKEN
