"""What the canary's package tells AWS's SDK of the services: enough for every question, and little more."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.regions import EndpointResolver

from checks.world import aws
from checks.world.aws import session
from checks.world.aws.known import MODELS, known_loader
from checks.world.aws.wire import Ask
from khaya_infra.canary_models import BESIDES, asked, cut, edition, write_models
from tests.infra.conftest import ROOT

SOURCES = "".join(file.read_text("utf-8") for file in sorted((ROOT / "checks" / "world" / "aws").glob("*.py")))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cut descriptions, of the SDK that is installed here."""
    folder = tmp_path_factory.mktemp("models")
    write_models(folder)
    return folder


def test_every_operation_that_the_sources_name_is_there() -> None:
    """One that is not would be an attribute that does not exist, in the middle of a night."""
    named = set(re.findall(r'operation="(\w+)"', SOURCES))

    assert named
    assert named <= set().union(*asked().values())


def test_what_is_read_from_the_sources_is_what_the_harness_holds() -> None:
    """Each `Ask` that a module has, wherever it was made; nothing is missing because it was written otherwise."""
    modules = [importlib.import_module(each.name) for each in pkgutil.iter_modules(aws.__path__, "checks.world.aws.")]
    held = {(each.service, each.operation) for module in modules for each in vars(module).values() if type(each) is Ask}

    assert held
    assert held <= {(service, name) for service, names in asked().items() for name in names}


def test_what_is_called_on_a_client_itself_is_there() -> None:
    """By the ledger, the objects of a fleet, the hooks, and whoever takes a role."""
    called = set(re.findall(r"(?:self\._(?:s3|table|sns)|client|sts|cloudformation)\.([a-z_0-9]+)\(", SOURCES))
    paged = set(re.findall(r'get_paginator\("(\w+)"\)', SOURCES))
    known = {re.sub(r"(?<!^)(?=[A-Z])", "_", each).lower() for names in BESIDES.values() for each in names}

    assert (called - {"close", "get_paginator"}) | paged <= known


def test_a_cut_service_asks_and_reads_as_a_whole_one(models: Path) -> None:
    """Each operation with the same members, and each of its errors with the same code."""
    whole, own = botocore.session.Session(), botocore.session.Session()
    own.get_component("data_loader").search_paths.insert(0, str(models))
    for service, operations in asked().items():
        ours, theirs = own.get_service_model(service), whole.get_service_model(service)
        assert operations == set(ours.operation_names)
        assert theirs.metadata == ours.metadata
        for name in operations:
            mine, full = ours.operation_model(name), theirs.operation_model(name)
            assert _members(full.input_shape) == _members(mine.input_shape)
            assert _members(full.output_shape) == _members(mine.output_shape)
            assert [each.name for each in full.error_shapes] == [each.name for each in mine.error_shapes]


def test_it_is_a_tenth_of_what_it_is_cut_from(models: Path) -> None:
    """And all of it together is far below the package's limit."""
    size = sum(file.stat().st_size for file in models.rglob("*.json"))

    assert size < 700_000
    assert not [file for file in models.rglob("*.json") if re.search('"documentation":"[^"]', file.read_text("utf-8"))]
    assert edition()


def test_what_a_service_lacks_is_refused() -> None:
    """A misspelt operation is found when the package is made."""
    model = {"operations": {"Get": {"input": {"shape": "In"}}}, "shapes": {"In": {"type": "structure"}, "Out": {}}}

    assert {"operations": {"Get": {"input": {"shape": "In"}}}, "shapes": {"In": {"type": "structure"}}} == cut(
        model, {"Get"}
    )
    with pytest.raises(KeyError, match="Got"):
        cut(model, {"Got"})


def test_a_member_that_is_called_documentation_stays() -> None:
    """Only texts go, and what asks for one finds it empty."""
    shape = {"type": "structure", "documentation": "<p>…</p>", "members": {"documentation": {"shape": "Text"}}}
    model = {"operations": {"Get": {"input": {"shape": "In"}}}, "shapes": {"In": shape, "Text": {"type": "string"}}}

    assert {**shape, "documentation": ""} == cut(model, {"Get"})["shapes"]["In"]


def test_the_sources_hold_what_is_cut_from_the_installed_sdk(models: Path) -> None:
    """After an update of botocore, or with a new question, `python -m khaya_infra.canary_models` makes them anew."""
    kept = {file.relative_to(MODELS): file.read_text("utf-8") for file in sorted(MODELS.rglob("*.json"))}
    made = {file.relative_to(models): file.read_text("utf-8") for file in sorted(models.rglob("*.json"))}

    assert sorted(made) == sorted(kept)
    assert [] == [str(name) for name, text in made.items() if text != kept[name]]


def test_what_is_asked_has_the_address_that_botocore_knows(models: Path) -> None:
    """Each service in each region of each partition, those that people sign in with included."""
    whole = botocore.session.Session().get_component("data_loader").load_data("endpoints")
    ours, theirs = EndpointResolver(json.loads((models / "endpoints.json").read_text("utf-8"))), EndpointResolver(whole)
    prefixes = {botocore.session.Session().get_service_model(each).endpoint_prefix for each in (*asked(), "sso")}
    places = [
        (prefix, region)
        for partition in whole["partitions"]
        for prefix in prefixes
        for region in (*partition["regions"], f"{partition['partition']}-global")
    ]

    assert len(places) > 1000
    assert [] == [each for each in places if theirs.construct_endpoint(*each) != ours.construct_endpoint(*each)]


def test_a_client_asks_where_botocores_own_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of each client by botocore's rules, and none of the developer's settings."""
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    keys = session.Credentials(access_key_id="AKIA", secret_access_key="none")
    places = {"af-south-1": asked(), "us-gov-west-1": ("s3", "sts"), "cn-north-1": ("s3", "dynamodb")}
    found = [
        {
            (service, region): clients.make(service, region).meta.endpoint_url
            for region, services in places.items()
            for service in services
        }
        for clients in (
            session.Clients(session.Access(credentials=keys), "us-east-1", whole=each) for each in (False, True)
        )
    ]
    assert found[1] == found[0]


def test_what_is_not_described_here_comes_from_botocore() -> None:
    """A service that people sign in with; and one that nobody knows is still refused by name."""
    loader = known_loader("")

    assert "GetRoleCredentials" in loader.load_service_model("sso", "service-2")["operations"]
    with pytest.raises(UnknownServiceError, match="no-such-service"):
        loader.load_service_model("no-such-service", "service-2")
    assert "s3" in list(loader.list_available_services("service-2"))


def test_a_session_looks_where_the_package_has_them_and_then_into_the_sdk(tmp_path: Path) -> None:
    """In a process of its own: with the descriptions, without them, and for who needs every operation."""
    code = """
import json, sys
from pathlib import Path
from checks.world.aws import known, session
known.MODELS = Path(sys.argv[1])
access, whole = session.Access(endpoint="https://127.0.0.1:1"), sys.argv[2] == "whole"
client = session.Clients(access, "af-south-1", whole=whole).make("s3", "af-south-1")
handlers = client.meta.events._emitter._handlers._root["children"]
asked = [hasattr(client, "get_object"), hasattr(client, "create_bucket")]
print(json.dumps([*asked, "docs" in handlers, "before-call" in handlers]))
"""

    def told(folder: Path, how: str) -> list[bool]:
        command = [sys.executable, "-c", code, str(folder), how]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found: list[bool] = json.loads(done.stdout)
        return found

    assert [True, False, False, True] == told(MODELS, "known")
    assert [True, True, False, True] == told(MODELS, "whole")
    assert [True, True, False, True] == told(tmp_path / "none", "known")


def _members(shape: object) -> list[str]:
    return sorted(getattr(shape, "members", {}))
