"""Every operation of the API's own description, asked by Schemathesis through the edge, with all of its checks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from khaya_api.access import OPERATIONS
from tests.deployed.conftest import ROOT, House
from tests.deployed.fuzzing import EXEMPTIONS, PASSED_ON
from tests.deployed.people import APEX, Person, sign_in, visitor

pytestmark = pytest.mark.twin

# The exemptions of the table, and the methods that the edge keeps to itself.
MOST_EXEMPTIONS = 5
# All but the description itself, which Schemathesis has read before it begins.
ASKED = len(OPERATIONS) - 1


@pytest.fixture
def tireless(house: House) -> Iterator[Person]:
    """Somebody of every role, with a profile, who may write as often as they like."""
    functions, name = house.aws("lambda"), house.resource("AWS::Lambda::Function", "ApiFunction")
    given = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    unlimited = {**given, "WRITES_PER_MINUTE": "1000000"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": unlimited})
    person, site = sign_in(house, "buyer", "worker", "seller", "admin"), visitor(house)
    described = {"location": "Cape Town"}
    assert 200 == site.ask("PUT", f"/profiles/{person.sub}", token=person.id_token, body=described).status
    site.leave()
    yield person
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": given})


def fuzz(house: House, person: Person, folder: Path, *more: str) -> str:
    """What Schemathesis says when it has found nothing; else the test has failed with it."""
    place, port = house.twin.edge
    command = [sys.executable, "-m", "tests.deployed.fuzzing", "run", f"https://{APEX}/api/openapi.json"]
    command += ["--header", f"Authorization: Bearer {person.id_token}", "--tls-verify", str(house.twin.ca_bundle)]
    # One worker: several that parse sources at once end in a SystemError of CPython 3.11, in Hypothesis.
    command += ["--checks", "all", "--workers", "1", "--continue-on-failure", "--seed", "1", *more]
    environ = {"TWIN_EDGE": f"{place}:{port}", "PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(folder)}
    done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def counted(said: str) -> tuple[int, int]:
    """How many operations were asked, and how many there are."""
    [(selected, every)], [asked] = re.findall(r"Selected: (\d+)/(\d+)", said), re.findall(r"Tested: (\d+)", said)
    assert selected == every
    return int(asked), int(every)


def test_no_operation_breaks_its_own_description(house: House, tireless: Person, tmp_path: Path) -> None:
    """Good and bad requests to each operation, and the ids of answers fed to those that take them."""
    said = fuzz(house, tireless, tmp_path, "--phases", "fuzzing,stateful", "--max-examples", "4")

    assert (ASKED, ASKED) == counted(said)


@pytest.mark.long
def test_no_operation_breaks_at_any_edge_of_its_description(house: House, tireless: Person, tmp_path: Path) -> None:
    """Each boundary of each field and each method of each path, and many more of both kinds; 10 to 15 minutes."""
    said = fuzz(house, tireless, tmp_path, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "40")

    assert (ASKED, ASKED) == counted(said)


def test_what_is_asked_otherwise_is_little_and_has_a_reason() -> None:
    """Five lines at most, each with a check, operations and a reason; no check is off."""
    assert len(EXEMPTIONS) + 1 <= MOST_EXEMPTIONS
    assert all(each.check and each.operations and len(each.reason) > len(each.check) for each in EXEMPTIONS)
    assert PASSED_ON.isdisjoint({"TRACE", "CONNECT", "QUERY"})


def test_links_lead_to_operations_that_take_the_id(house: House) -> None:
    """The description's links: every one of them names an operation that there is, and a parameter that it has."""
    site = visitor(house)
    document = site.ask("GET", "/openapi.json").json
    site.leave()
    operations = {each["operationId"]: each for path in document["paths"].values() for each in path.values()}
    links = [
        link
        for each in operations.values()
        for response in each["responses"].values()
        for link in response.get("links", {}).values()
    ]

    assert len(OPERATIONS) == len(operations)
    assert "/api" == document["servers"][0]["url"]
    assert links
    for link in links:
        named = {parameter["name"] for parameter in operations[link["operationId"]]["parameters"]}
        assert link["parameters"].keys() <= named, json.dumps(link)
