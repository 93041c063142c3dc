"""The deployed API against its model: CloudFront, the gateway and its authorizer, the function and the tables."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.api.events import Answer
from tests.api.machine import machine_on
from tests.api.model import Person
from tests.deployed.conftest import House
from tests.deployed.people import Answer as Given
from tests.deployed.people import Visitor, parts, pool_key, sign_in, signed, visitor

pytestmark = pytest.mark.twin

SEQUENCES, STEPS = 15, 10
# A minute has no more than twenty writes of one person; who is told to wait does.
MOST_WAITS = 3


@dataclass(slots=True)
class ThroughTheEdge:
    """Requests as a browser makes them, with tokens that the user pool gave; nobody can move the time."""

    visitor: Visitor
    mint: Callable[[str, str], str]
    requests: int = 0
    days_pass: Callable[[int], int] | None = None
    alone: bool = False

    def people(self, roles: Sequence[str]) -> list[Person]:
        """New ones for each sequence."""
        subs = [(str(uuid4()), role) for role in roles]
        return [Person(sub, role, self.mint(sub, role)) for sub, role in subs]

    def send(self, method: str, path: str, who: Person | None, **rest: Any) -> Answer:  # noqa: ANN401 - as the machine
        """One request; again after as long as a 429 says."""
        query = rest.get("query")
        where = f"{path}?{urlencode(query)}" if query else path
        given = self._ask(method, where, who, rest)
        for _ in range(MOST_WAITS):
            if given.status == 429:
                time.sleep(int(given.headers["Retry-After"]))
                given = self._ask(method, where, who, rest)
        # Names of headers have no case, and the edge writes them as it likes.
        headers = {name.title(): value for name, value in given.headers.items()}
        return Answer(given.status, headers, given.body.decode())

    def _ask(self, method: str, where: str, who: Person | None, rest: Mapping[str, Any]) -> Given:
        self.requests += 1
        token = who.key if who else None
        return self.visitor.ask(method, where, token=token, body=rest.get("body"), headers=rest.get("headers"))


@pytest.fixture
def edge(house: House) -> Iterator[ThroughTheEdge]:
    """The way in, for as long as a test lasts.

    One person signs in by a code. Of the many others that the machine needs, each has that person's token but for the
    id and the group, signed with the pool's own key: to the authorizer they are as real, and signing in takes longer
    than all that they do.
    """
    header, claims = parts(sign_in(house, "buyer").id_token)
    key = pool_key(house)

    def mint(sub: str, role: str) -> str:
        own = {"sub": sub, "cognito:username": sub, "cognito:groups": [role], "jti": str(uuid4())}
        return signed(header, {**claims, **own}, key)

    came = visitor(house)
    yield ThroughTheEdge(came, mint)
    came.leave()


def test_the_deployed_api_is_its_model(edge: ThroughTheEdge) -> None:
    """The same machine as without a deployment, always in the same sequences: a twin is no place for luck."""
    reached: Counter[str] = Counter()

    run_state_machine_as_test(
        machine_on(edge, reached),
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            # To look for a shorter way to a failure would take hours here; without a deployment it takes seconds.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert edge.requests > SEQUENCES * STEPS, json.dumps(reached)
    assert {"bid accepted", "job completed", "referral rewarded"} <= set(reached), json.dumps(reached)
