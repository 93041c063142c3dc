"""The gate within a deployment."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from checks.doors import hooks
from checks.doors.canary import look_through
from checks.report.json import document
from checks.target import read
from checks.world.aws.session import Clients
from tests.doors.test_canary import Invocation

CREATE = {
    "RequestType": "Create",
    "RequestId": "r-1",
    "StackId": "arn:aws:cloudformation:af-south-1:1:stack/S/1",
    "LogicalResourceId": "Gate",
    "ResourceProperties": {"Release": ""},
}


@pytest.fixture
def desk() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Where CloudFormation waits for its answer, and what was put there."""
    put: list[dict[str, Any]] = []

    class Slot(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            put.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200 if "query" in self.path else 403)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = HTTPServer(("127.0.0.1", 0), Slot)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/answer?query=1", put
    server.shutdown()
    server.server_close()


@pytest.fixture
def gate(enter: Callable[[str], None], here: object, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets the hooks look at one of the scenes."""
    monkeypatch.setenv("CHECKS_TARGET", "here.toml")
    monkeypatch.setenv("AWS_REGION", "af-south-1")
    assert here
    return enter


@pytest.mark.parametrize(
    ("scene", "status", "action"),
    (
        ("kept", "SUCCESS", "open"),
        ("broken", "FAILED", "roll_back"),
        ("blind", "FAILED", "hold"),
        ("void", "FAILED", "hold"),
    ),
)
def test_a_stack_fails_by_itself_when_the_gate_is_shut(
    gate: Callable[[str], None], desk: tuple[str, list[dict[str, Any]]], scene: str, status: str, action: str
) -> None:
    """CloudFormation rolls everything back that the resource stands behind."""
    gate(scene)
    hooks.custom_resource({**CREATE, "ResponseURL": desk[0]}, Invocation())

    assert [(status, {"Action": action})] == [(each["Status"], each["Data"]) for each in desk[1]]
    assert {key: CREATE[key] for key in ("StackId", "RequestId", "LogicalResourceId")} == {
        key: desk[1][0][key] for key in ("StackId", "RequestId", "LogicalResourceId")
    }


@pytest.mark.parametrize(
    ("scene", "stack", "said"),
    (
        pytest.param("updating", "Main", ("SUCCESS", "open"), id="its own update is no reason to wait"),
        pytest.param("updating", "Other", ("FAILED", "hold"), id="another stack is to have come to rest"),
        pytest.param("updated badly", "Main", ("FAILED", "roll_back"), id="what is broken is broken meanwhile"),
    ),
)
def test_a_gate_within_a_stack_does_not_wait_for_the_end_of_its_own_update(
    gate: Callable[[str], None], desk: tuple[str, list[dict[str, Any]]], scene: str, stack: str, said: tuple[str, str]
) -> None:
    """Until then CloudFormation tells of an update that goes on, and no outputs of a stack that is new."""
    gate(scene)
    event = {**CREATE, "ResponseURL": desk[0], "StackId": f"arn:aws:cloudformation:af-south-1:1:stack/{stack}/1"}
    hooks.custom_resource(event, Invocation())

    assert [said] == [(each["Status"], each["Data"]["Action"]) for each in desk[1]]


def test_what_a_gate_within_a_stack_cannot_see_is_listed(enter: Callable[[str], None], here: Path) -> None:
    """Whoever looks when it has come to rest sees it."""
    enter("updating")
    look = partial(hooks._under_way, within="Main")
    told = document(look_through(read(here / "here.toml"), {}, Invocation(), door="gate", beyond=look))

    assert [("stack.status[Main]", "stack-at-rest"), ("stack.outputs[Main]", "stack-at-rest")] == [
        (each["name"], each["needs"]) for each in told["not_from_here"]
    ]
    assert not {"stack.status[Main]", "stack.outputs[Main]"} & {each["name"] for each in told["results"]}
    assert "kept" == told["verdict"]


def test_deleting_asks_nothing(gate: Callable[[str], None], desk: tuple[str, list[dict[str, Any]]]) -> None:
    """A broken target must not keep its own stack alive."""
    gate("broken")
    event = {**CREATE, "RequestType": "Delete", "PhysicalResourceId": "gate-Gate", "ResponseURL": desk[0]}
    hooks.custom_resource(event, Invocation())

    assert ["SUCCESS"] == [each["Status"] for each in desk[1]]


@pytest.mark.parametrize(
    ("scene", "asked", "status"),
    (
        pytest.param("going back", ("Update", "Main"), "SUCCESS", id="an update that is undone"),
        pytest.param("updated badly", ("Update", "Main"), "FAILED", id="an update"),
        pytest.param("going back", ("Update", "Other"), "FAILED", id="one of a stack that nobody may ask about"),
        pytest.param("going back", ("Create", "Main"), "FAILED", id="what is undone creates nothing"),
    ),
)
def test_going_back_asks_nothing(
    gate: Callable[[str], None],
    desk: tuple[str, list[dict[str, Any]]],
    scene: str,
    asked: tuple[str, str],
    status: str,
) -> None:
    """CloudFormation updates the gate again when it undoes what the gate refused, before all the rest is undone."""
    gate(scene)
    kind, stack = asked
    arn = f"arn:aws:cloudformation:af-south-1:1:stack/{stack}/1"
    hooks.custom_resource({**CREATE, "RequestType": kind, "StackId": arn, "ResponseURL": desk[0]}, Invocation())

    assert [status] == [each["Status"] for each in desk[1]]


def test_a_defect_of_ours_is_told_as_a_failure(
    gate: Callable[[str], None], desk: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack that waits for an hour is worse than one that is taken back."""
    gate("kept")
    monkeypatch.setenv("CHECKS_TARGET", "nowhere")
    hooks.custom_resource({**CREATE, "ResponseURL": desk[0]}, Invocation())

    assert "FAILED" == desk[1][0]["Status"]
    assert "harness error" in desk[1][0]["Reason"]


@pytest.mark.parametrize(
    ("scene", "succeeded"),
    (("kept", True), ("broken", False), ("blind", False), ("updating", True), ("updated badly", False)),
)
def test_codedeploy_is_told_by_its_recorded_contract(
    gate: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    scene: str,
    succeeded: bool,  # noqa: FBT001 - a table's column
) -> None:
    """The request as CodeDeploy's model validates it, and its answer as its documentation records it."""
    from botocore.stub import Stubber

    gate(scene)
    asked: list[Mapping[str, Any]] = []
    make = Clients.make

    def recorded(self: Any, service: str, region: str) -> Any:  # noqa: ANN401 - botocore's client
        client = make(self, service, region)
        stub = Stubber(client)
        expected = {
            "deploymentId": "d-1",
            "lifecycleEventHookExecutionId": "hook-1",
            "status": "Succeeded" if succeeded else "Failed",
        }
        name = "put_lifecycle_event_hook_execution_status"
        stub.add_response(name, {"lifecycleEventHookExecutionId": "hook-1"}, expected)
        stub.activate()
        asked.append(expected)
        return client

    monkeypatch.setattr(Clients, "make", recorded)
    monkeypatch.setenv("CHECKS_WITHIN", "Main")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    event = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "hook-1"}
    told = hooks.after_allow_traffic(event, Invocation())

    assert 1 == len(asked)
    assert succeeded is (told["exit_code"] == 0)
