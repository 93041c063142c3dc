"""What is dropped from AWS's SDK to be quick is nothing that a call of ours would have run through."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from checks.world.aws.session import Access, Clients, Credentials
from khaya_infra.canary_models import asked

ACCESS = Access(
    endpoint="https://127.0.0.1:1",
    credentials=Credentials(access_key_id="AKIDEXAMPLE", secret_access_key="not a secret"),
)
REGION = "af-south-1"
# What a call tells of itself, in its order (botocore's client, endpoint, signers).
STEPS = (
    "provide-client-params",
    "before-parameter-build",
    "before-endpoint-resolution",
    "before-call",
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "response-received",
    "before-parse",
    "needs-retry",
    "after-call",
    "after-call-error",
)


@pytest.fixture(scope="module")
def clients() -> dict[str, tuple[Any, Any]]:
    """By service: the client as this package makes it, and as botocore does with its hundred older names."""
    light, heavy = Clients(ACCESS, REGION), botocore.session.Session()
    told = {
        "endpoint_url": ACCESS.endpoint,
        "aws_access_key_id": "AKIDEXAMPLE",
        "aws_secret_access_key": "not a secret",
        "config": light._config,
    }
    return {service: (light.make(service, REGION), heavy.create_client(service, REGION, **told)) for service in asked()}


def _handlers(client: Any, event: str) -> list[str]:  # noqa: ANN401 - a botocore client
    aliaser = client.meta.events
    found = aliaser._emitter._handlers.prefix_search(aliaser._alias_event_name(event))
    return [getattr(each, "__qualname__", type(each).__name__) for each in found]


def test_a_call_runs_through_the_handlers_that_it_would_have(clients: dict[str, tuple[Any, Any]]) -> None:
    """The same, in the same order, at every step of every operation that is asked."""
    events = [
        (service, f"{step}.{client.meta.service_model.service_id.hyphenize()}.{operation}")
        for service, operations in asked().items()
        for client in clients[service][:1]
        for operation in sorted(operations)
        for step in STEPS
    ]

    assert {each: _handlers(clients[each[0]][1], each[1]) for each in events} == {
        each: _handlers(clients[each[0]][0], each[1]) for each in events
    }
    assert any(_handlers(clients[service][0], event) for service, event in events)


def test_no_event_is_held_against_names_of_before(clients: dict[str, tuple[Any, Any]]) -> None:
    """A client as botocore makes it knows a hundred; those made here carry none."""
    light, heavy = ([pair[side].meta.events._event_aliases for pair in clients.values()] for side in (0, 1))

    assert not any(light)
    assert all(heavy)


def test_documentation_has_no_handlers(clients: dict[str, tuple[Any, Any]]) -> None:
    """Botocore's own client has them."""
    light, heavy = clients["s3"]

    assert [] == _handlers(light, "docs.title.s3")
    assert _handlers(heavy, "docs.request-params.s3.PutObject.complete-section")
