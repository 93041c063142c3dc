"""AWS's words in ours, one for one."""

from __future__ import annotations

import re
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError, ReadTimeoutError

import khaya_api
from khaya_api.aws import _SERVICES, asking, connect_to
from khaya_api.errors import PartOut


@pytest.mark.parametrize(
    ("code", "reason"),
    (
        pytest.param("ResourceNotFoundException", "missing", id="table, pool, secret"),
        pytest.param("404", "missing", id="bucket, by HEAD"),
        pytest.param("NoSuchBucket", "missing", id="bucket"),
        pytest.param("AccessDeniedException", "refused", id="most services"),
        pytest.param("AccessDenied", "refused", id="s3"),
        pytest.param("403", "refused", id="s3, by HEAD"),
        pytest.param("ExpiredTokenException", "refused", id="credentials too old"),
        pytest.param("ThrottlingException", "busy", id="throttled"),
        pytest.param("SlowDown", "busy", id="s3, throttled"),
        pytest.param("InternalServerError", "no answer", id="their error"),
        pytest.param("SomethingNew", "error", id="never heard of"),
        pytest.param("", "error", id="without a word"),
    ),
)
def test_a_refusal_has_a_reason(code: str, reason: str) -> None:
    """What to do about it differs, so it must not be one and the same."""
    with pytest.raises(PartOut) as raised, asking("storage"):
        raise ClientError({"Error": {"Code": code, "Message": "arn:secret"}}, "HeadBucket")

    assert ("storage", reason, code) == (raised.value.part, raised.value.reason, raised.value.cause)


@pytest.mark.parametrize("error", (NoCredentialsError(), NoRegionError(), ReadTimeoutError(endpoint_url="x")))
def test_silence_is_no_answer(error: Exception) -> None:
    """Nobody was reached, whatever the cause."""
    with pytest.raises(PartOut, match="storage: no answer"), asking("storage"):
        raise error


def test_what_is_not_aws_s_goes_through() -> None:
    """A mistake of ours is not somebody's outage."""
    with pytest.raises(ZeroDivisionError), asking("storage"):
        _ = 1 / 0


def test_a_client_is_made_once_and_is_not_patient() -> None:
    """The gateway gives up after 29 seconds; two tries of 3 are well within."""
    connect = connect_to("af-south-1")
    client = connect("dynamodb")

    assert client is connect("dynamodb")
    config = client.meta.config
    assert (1, 2, 2) == (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"])


def test_every_service_that_is_asked_for_can_be() -> None:
    """The list of those stands for AWS's own, which has four hundred names and takes long to read."""
    sources = [path.read_text("utf-8") for path in Path(khaya_api.__file__).parent.glob("*.py")]
    asked = {name for source in sources for name in re.findall(r"connect\(\"([a-z0-9-]+)\"\)", source)}

    assert sorted(asked) == list(_SERVICES)
    assert set(_SERVICES) <= set(botocore.session.Session().get_available_services())


@pytest.mark.parametrize("service", _SERVICES)
def test_a_client_knows_its_service(service: str) -> None:
    """The same description as if AWS's own list had been read."""
    ours = connect_to("af-south-1")(service)
    theirs = botocore.session.Session().create_client(service, region_name="af-south-1")

    assert theirs.meta.service_model.api_version == ours.meta.service_model.api_version
    assert theirs.meta.endpoint_url == ours.meta.endpoint_url
