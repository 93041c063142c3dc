"""The API against a model of it in plain Python: whatever people do in whatever order, both say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from khaya_api import tasks
from tests.api.conftest import NOW, Stage, tidy
from tests.api.events import Answer, Client, claims, event
from tests.api.machine import machine_on
from tests.api.model import Person

# In parts, so that as many workers share them: two cores have two minutes for it, a whole run has time for more.
PARTS, SEQUENCES, STEPS = 2, 130, 14
MORE_PARTS, MORE_SEQUENCES = 4, 1000
# What must have come about in any so many sequences, or they prove nothing about it.
STATES = {
    *(f"job {state}" for state in ("open", "in_progress", "completed", "cancelled", "expired")),
    *(f"bid {state}" for state in ("pending", "accepted", "rejected", "withdrawn")),
    *(f"story {state}" for state in ("waiting", "shown")),
    *(f"referral {state}" for state in ("pending", "rewarded")),
    *("listing shown", "listing hidden", "review", "like", "verified"),
}


@dataclass(slots=True)
class InProcess:
    """The handler itself, on a stage whose tables each cast finds empty, and a clock that moves with each request."""

    stage: Stage
    moment: datetime
    client: Client
    alone: bool = True

    def people(self, roles: Sequence[str]) -> list[Person]:
        """Always the same ones: nothing of them is left."""
        tidy(self.stage.kit.connect)
        subs = [f"{role}-{number}" for number, role in enumerate(roles)]
        return [Person(sub, role, claims(sub, role)) for sub, role in zip(subs, roles, strict=True)]

    def send(self, method: str, path: str, who: Person | None, **rest: Any) -> Answer:  # noqa: ANN401 - as the machine
        """One request, a second after the last."""
        self.moment += timedelta(seconds=1)
        body = rest.pop("body", None)
        speaker = who.key if who else None
        if body is None:
            return self.client.send(event(method, path, claims=speaker, **rest))
        return self.client.change(method, path, body, claims=speaker, **rest)

    @property
    def days_pass(self) -> Callable[[int], int]:
        """The clock goes on, and the daily function runs each day at most once; once is enough."""
        return self._days_pass

    def _days_pass(self, days: int) -> int:
        self.moment += timedelta(days=days)
        return tasks.build(self.stage.kit)({}, None)["expired"]


def in_process(stage: Stage) -> InProcess:
    """The transport that needs no deployment."""
    made = InProcess(stage, NOW, stage.client)
    stage.follow(lambda: made.moment)
    made.client = stage.client
    return made


@pytest.mark.parametrize("part", range(PARTS))
def test_the_api_is_its_model(stage: Stage, part: int) -> None:
    """No sequence of requests makes the two differ."""
    assert part < PARTS
    _play(stage, SEQUENCES, STEPS)


@pytest.mark.long
@pytest.mark.parametrize("part", range(MORE_PARTS))
def test_the_api_is_its_model_for_longer(stage: Stage, part: int) -> None:
    """More of them, and each of them longer."""
    assert part < MORE_PARTS
    _play(stage, MORE_SEQUENCES, STEPS * 3)


def _play(stage: Stage, sequences: int, steps: int) -> None:
    reached: Counter[str] = Counter()
    run_state_machine_as_test(
        machine_on(in_process(stage), reached),
        settings=settings(
            max_examples=sequences,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert set() == STATES - set(reached)
