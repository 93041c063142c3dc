"""The deploy step of the canary: what it takes along, its package, its stack, and a first run by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from khaya_infra import ground, live, rollback
from khaya_infra.canary_package import build_canary, runtime
from khaya_infra.clients import complaint, refusals
from khaya_infra.stop import BROKEN, Stop
from khaya_infra.toolchain import ROOT

if TYPE_CHECKING:
    from khaya_infra.clients import Client, Session
    from khaya_infra.settings import StackPlace

# Longer than the function itself may take, so that its own answer is waited for.
_PATIENCE_S = 150
_TAKEN = "canary.json"
Deploy = Callable[[list[str], Mapping[str, str]], Mapping[str, Mapping[str, str]]]


def deploy_canary(
    *, place: StackPlace, target: Path, release: str, room: Path, session: Session, deploy: Deploy
) -> str:
    """Put the canary of `target` in its place and let it look once; gives one line about that first run.

    `room` is a folder for what it takes along, `deploy` runs the CDK CLI. One that takes along what the last one took
    was deployed with the other stacks (`as_it_was`), and is not called: its nights are on. `Stop` when the canary
    cannot be made, or when it looked and nothing valid came of it: a dead canary is worse than none, and the one
    before takes its place again.
    """
    told, before = room / "canary", as_it_was(room)
    _provide(target, told)
    context = {"told": str(told), "canaryPackage": str(build_canary(told)), "runtime": runtime()}
    if context == before:
        return f"{place.name} is as it was"
    (room / _TAKEN).unlink(missing_ok=True)
    stacks = session.client("cloudformation", region_name=place.region)
    living = _template_of(stacks, place.name)
    outputs = deploy([place.name], {"only": "canary", **context})
    functions = session.client("lambda", region_name=place.region, config=_patient())
    try:
        said = look_once(functions, outputs[place.name], release)
    except Stop as dead:
        buckets = session.client("s3", region_name=place.region)
        left = _bring_back(stacks, buckets, place.name, living)
        raise Stop(f"{dead.cause}; {left}", "Repair and deploy again", code=dead.code) from dead
    (room / _TAKEN).write_text(json.dumps(context), encoding="utf-8")
    return said


def as_it_was(room: Path) -> dict[str, str]:
    """The context that the canary was last made from, once it had looked; empty when there was none, or it is gone."""
    try:
        taken = dict(json.loads((room / _TAKEN).read_text("utf-8")))
    except FileNotFoundError:
        return {}
    return taken if Path(taken["told"]).is_dir() and Path(taken["canaryPackage"]).is_file() else {}


def look_once(functions: Client, outputs: Mapping[str, str], release: str) -> str:
    """Call the canary by hand; one line about what it saw. `Stop` when nothing valid came of it."""
    called = functions.invoke(
        FunctionName=outputs["CanaryFunction"], Payload=json.dumps({"release": release, "by": "deploy"}).encode()
    )
    answer = json.loads(called["Payload"].read())
    if called.get("FunctionError") or answer.get("verdict") not in {"kept", "broken", "unseen"}:
        said = answer.get("errorMessage") or "; ".join(answer.get("void") or []) or str(answer)
        raise Stop(
            f"the canary looked, and nothing valid came of it: {said[:600]}", "Repair and deploy again", code=BROKEN
        )
    return f"{outputs['CanaryFunction']}, first run {answer['run_id']}: {answer['verdict']}"


def _template_of(stacks: Client, name: str) -> dict[str, Any]:
    """What stands before a deploy; empty where nothing does that ever worked."""
    return live.template_of(stacks, name) if ground.stack_outputs(stacks, name) else {}


def _bring_back(stacks: Client, buckets: Client, name: str, living: Mapping[str, Any]) -> str:
    """Let the canary's stack be what it was; what became of it, in words. Its code is among the assets still."""
    if not living:
        return f"there was no {name} before"
    try:
        if living != live.template_of(stacks, name):
            rollback.redeploy(stacks, buckets, name, living)
    except Stop as stuck:
        return f"{name} is left as it is: {stuck.cause}"
    except refusals() as error:
        return f"{name} is left as it is: {complaint(error)[0]}"
    return f"{name} is the one before"


def _provide(target: Path, told: Path) -> None:
    command = [sys.executable, "-m", "checks", "canary", "--target", str(target.resolve()), "--folder", str(told)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise Stop(f"what the canary takes along could not be made: {said}", "Repair and deploy again", code=BROKEN)


def _patient() -> object:
    from botocore.config import Config

    # Called once: a second call would be a second run.
    return Config(read_timeout=_PATIENCE_S, retries={"total_max_attempts": 1})
