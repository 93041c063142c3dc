"""What every door needs before it can run: settings read, the world reached, the plan frozen."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from checks import catalogue
from checks.controls import controls, measures
from checks.coverage import Coverage, coverage
from checks.doors.resting import at_rest
from checks.frozen import dataclass
from checks.journey import JourneyError, script_of
from checks.model import CannotLook, Check, Control, Stack, Target
from checks.plan import ABOUT_THE_PLAN, Plan, PlanError, as_text, freeze, from_json
from checks.pool import Pool
from checks.recoveries import Past
from checks.referring import referred
from checks.report import files
from checks.run import Budget as Spending
from checks.run import Door, Progress, Run, Terms, run_all
from checks.target import Settings, SettingsError, reach_of, reach_of_twin, resolve
from checks.vantage import CAPABILITIES, Beyond, missing
from checks.world.aws import Credentials, Limits, real_aws
from checks.world.network import Budget
from checks.world.ports import World
from checks.world.real import RealClock, real_world, trusting

if TYPE_CHECKING:
    from checks.twin import Twin

# More threads than looks in flight: they wait for the network, not for a processor.
THREADS = 160
DEADLINE = timedelta(seconds=90)
RETRIES = 2
LOOKS, ASKS = Budget(), Limits()
# Who we are, and what the stacks hold.
_TO_RESOLVE = frozenset({"cloudformation", "sts"})
# The DynamoDB endpoint of every region answers GET /ping with 200 to anybody.
_ANCHOR = "https://dynamodb.{region}.amazonaws.com/ping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A world and what goes with it: how many AWS calls it made, and what to make ready before the looks."""

    world: World
    calls: Callable[[], int] = lambda: 0
    prepare: Callable[[Collection[str] | None], None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Everything that a run needs. *unread* says why the stacks could not be read, when they could not.

    *coverage* is what the plan proves of the target; both are None when the target was not read.
    """

    settings: Settings
    reach: Reach
    pool: Pool
    plan: Plan
    controls: tuple[Control, ...]
    stacks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unread: str = ""
    coverage: Coverage | None = None
    target: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What whoever opened the door asked for. *beyond* is what cannot be seen from where it stands."""

    door: Door
    release: str = ""
    selection: tuple[str, ...] | None = None
    wait: timedelta | None = None
    strict: bool = False
    deadline: timedelta = DEADLINE
    watch: Callable[[Progress], None] = lambda _: None
    beyond: tuple[Beyond, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """How a twin is looked at in a rehearsal: another one than runs (*here*), a clock that is *ahead*, and patience.

    *slow* multiplies what every look may take, for a machine that is so many times slower than it should be.
    """

    here: Twin | None = None
    ahead: timedelta = timedelta(0)
    slow: float = 1.0


def connect(settings: Settings, *, door: Door = "cli", rehearsal: Rehearsal | None = None) -> Reach:
    """The real outside as *settings* describe it for *door*. Raises TwinIsDown when it is a twin that does not run."""
    return _twin_reach(settings, rehearsal or Rehearsal()) if settings.twin else _aws_reach(settings, door)


def prepare(
    settings: Settings,
    reach: Reach,
    *,
    release: str = "",
    plan_file: Path | None = None,
    writes: bool = False,
    past: Past = (),
    replacing: bool = False,
) -> Ready:
    """Resolve the target and freeze its plan, with the journeys of the settings where *writes* are allowed.

    *past* says of checks in how many of the runs before this one they recovered. Who is *replacing* the accepted plan
    is not held up by one that cannot be read, as after an update of this library that plans otherwise.

    Where CloudFormation cannot be read, the last accepted plan is taken: its AWS checks are unknown, its looks at the
    public surface are made. Raises SettingsError, PlanError.
    """
    pool = Pool(THREADS)
    _make_ready(reach, _TO_RESOLVE)
    accepted = _accepted(plan_file or accepted_file(settings), replacing=replacing)
    known = frozenset(each.place.stack for each in accepted.checks) if accepted else frozenset()
    try:
        target = resolve(settings, reach.world, pool=pool, accepted_names=known)
    except CannotLook as reason:
        return _unread(settings, reach, pool=pool, accepted=accepted, reason=reason, release=release)
    plan = live_plan(settings, target, accepted=accepted, release=release, writes=writes, past=past)
    _remember(settings, plan)
    notes = (
        () if accepted else ("no plan was accepted yet, so a check that is lost would not be missed: `plan --accept`",)
    )
    stacks = tuple(each.arn for each in target.stacks if each.arn)
    return Ready(
        settings=settings,
        reach=reach,
        pool=pool,
        plan=plan,
        controls=controls(target),
        stacks=stacks,
        notes=notes,
        coverage=coverage(plan.checks, target, waivers=settings.waivers, now=reach.world.clock.now()),
        target=target,
    )


def resume(
    settings: Settings,
    reach: Reach,
    plan: Plan,
    *,
    unread: str,
    notes: tuple[str, ...],
    known: Coverage | None = None,
) -> Ready:
    """What another process prepared from the same settings, ready to be run here without reading the stacks again."""
    whole = plan.source == "accepted"
    checks = tuple(_out_of_reach(each, unread, whole=whole) for each in plan.checks) if unread else plan.checks
    return Ready(
        settings=settings,
        reach=reach,
        pool=Pool(THREADS),
        plan=replace(plan, checks=checks),
        controls=controls(_from_settings(settings)),
        notes=notes,
        unread=unread,
        coverage=known,
    )


def from_here(plan: Plan, settings: Settings, door: Door) -> tuple[Plan, tuple[Beyond, ...]]:
    """The plan without what the declared vantage of *door* cannot see, and what that is; the digest is the whole's.

    IPv6 addresses that are found where the settings say, as a twin's are on loopback, are reached whatever the network
    of the machine can do.
    """
    led = settings.twin or any(":" in host for host, _ in settings.network.connect)
    able = settings.vantage.get(door, CAPABILITIES if led else None)
    lacking = {each.name: missing(each.name, able, catalogue.NEEDS) for each in plan.checks}
    beyond = tuple(Beyond(check=name, needs=needs) for name, needs in lacking.items() if needs)
    return replace(plan, checks=tuple(each for each in plan.checks if not lacking[each.name])), beyond


def _without(plan: Plan, beyond: tuple[Beyond, ...]) -> Plan:
    unseen = {each.check for each in beyond}
    return replace(plan, checks=tuple(each for each in plan.checks if each.name not in unseen))


def proofs(settings: Settings, known: tuple[Control, ...], door: Door) -> tuple[Control, ...]:
    """The controls of a run through *door*: those of its instruments, then what its declared vantage is measured by."""
    region = settings.regions[0] if settings.regions else "us-east-1"
    return (*known, *measures(settings.vantage.get(door, ()), domain=settings.domain, region=region))


def _make_ready(reach: Reach, services: Collection[str] | None = None) -> None:
    # Who cannot be made ready cannot be asked either, and each question will say so by itself.
    with contextlib.suppress(CannotLook), at_rest():
        reach.prepare(services)


def _services(plan: Plan) -> frozenset[str]:
    """The services that *plan* asks, and those of the controls."""
    return frozenset(action.partition(":")[0] for each in plan.checks for action in each.promise.actions) | _TO_RESOLVE


def live_plan(
    settings: Settings,
    target: Target,
    *,
    accepted: Plan | None,
    release: str,
    writes: bool = False,
    past: Past = (),
) -> Plan:
    """The frozen plan of a resolved target. Raises SettingsError for a journey that leads nowhere."""
    try:
        script = script_of(settings.journeys)
        checks = catalogue.checks_for(
            target,
            limits=catalogue.thresholds(settings.thresholds),
            expect=settings.expect,
            waivers=settings.waivers,
            accepted=accepted,
            release=release,
            recovered=catalogue.RECOVERED if settings.budget.recovered is None else settings.budget.recovered,
            past=past,
            script=script if writes or settings.journeys.get("always") else None,
        )
    except JourneyError as error:
        raise SettingsError(f"{settings.source}: {error}") from error
    return freeze(checks, target=settings.name, account=settings.account, regions=settings.regions)


def _announced(settings: Settings, now: datetime) -> str:
    """Maintenance that goes on. It is said and changes nothing: what is broken is broken meanwhile."""
    quiet = settings.maintenance
    return quiet.says if quiet is not None and quiet.holds(now) else ""


def run(ready: Ready, wishes: Wishes) -> Run:
    """Run what is ready, once: its threads end with it."""
    settings = ready.settings
    plan, beyond = from_here(_without(ready.plan, wishes.beyond), settings, wishes.door)
    asked, quiet = settings.budget, _announced(settings, ready.reach.world.clock.now())
    wait = wishes.wait if wishes.wait is not None else asked.wait or timedelta(0)
    retries = asked.retries if asked.retries is not None else RETRIES
    budget = Spending(deadline=wishes.deadline, wait=wait, retries=retries)
    terms = Terms(
        door=wishes.door,
        budget=budget,
        controls=proofs(settings, ready.controls, wishes.door),
        dependencies=catalogue.DEPENDENCIES,
        waivers=settings.waivers,
        selection=wishes.selection,
        release=wishes.release,
        strict=wishes.strict,
        notes=(*ready.notes, quiet) if quiet else ready.notes,
        quiet=quiet,
        calls=ready.reach.calls,
        watch=wishes.watch,
        settling=catalogue.SETTLING,
        needs=catalogue.NEEDS,
        beyond=(*wishes.beyond, *beyond),
        coverage=ready.coverage,
        owners=settings.owners,
        prepare=lambda: _make_ready(ready.reach, _services(plan.only(wishes.selection) if wishes.selection else plan)),
    )
    try:
        done = run_all(plan, ready.reach.world, pool=ready.pool, terms=terms)
        return replace(done, results=referred(done.results, settings.runbook))
    finally:
        ready.pool.close()


def accepted_file(settings: Settings) -> Path:
    """Where the last accepted plan of these settings is kept: beside them, so that it is reviewed with them."""
    return Path(settings.source).with_suffix(".plan.json")


def _accepted(path: Path, *, replacing: bool) -> Plan | None:
    try:
        return read_plan(path)
    except PlanError:
        if not replacing:
            raise
        return None


def read_plan(path: Path) -> Plan | None:
    """The plan stored at *path*, None when there is none. Raises PlanError, naming it, when it cannot be trusted."""
    if not path.exists():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PlanError(f"{path}: cannot be read ({error}); make it again with `plan --accept`") from error
    if not isinstance(stored, Mapping):
        raise PlanError(f"{path}: expected an object; make it again with `plan --accept`")
    try:
        with at_rest():
            return from_json(stored, catalogue.BY_NAME)
    except PlanError as error:
        raise PlanError(f"{path}: {str(error).removeprefix('plan: ')}") from error


def write_plan(path: Path, plan: Plan) -> None:
    """Store *plan* whole or not at all."""
    files.put(as_text(plan), path)


def _aws_reach(settings: Settings, door: Door) -> Reach:
    way = reach_of(settings)
    trust = trusting(way.ca_bundle)
    aws = real_aws(regions=way.regions, clock=RealClock(), ssl_context=trust.browser(), role_arn=way.role_arn)
    world = real_world(
        aws=aws,
        anchor=_ANCHOR.format(region=way.regions[0] if way.regions else "us-east-1"),
        resolver=way.resolver,
        connect=way.connect,
        trust=trust,
        ipv6="ipv6" in settings.vantage.get(door, ()),
    )
    return Reach(world=world, calls=lambda: aws.calls, prepare=aws.prepare)


def _twin_reach(settings: Settings, rehearsal: Rehearsal) -> Reach:
    from checks import twin

    here, slow = rehearsal.here or twin.read(), rehearsal.slow
    way = reach_of_twin(
        settings,
        endpoint=here.endpoint,
        access_key_id=here.access_key_id,
        secret_access_key=here.secret_access_key,
        role_arn=here.role_arn,
        resolver=here.dns,
        connect=here.connect,
        ca_bundle=here.ca_bundle,
    )
    trust = trusting(way.ca_bundle)
    aws = real_aws(
        regions=way.regions,
        clock=RealClock(),
        endpoint=way.endpoint,
        ca_bundle=way.ca_bundle,
        ssl_context=trust.browser(),
        credentials=Credentials(access_key_id=way.access_key_id, secret_access_key=way.secret_access_key),
        role_arn=way.role_arn,
        limits=Limits(read=ASKS.read * slow, question=ASKS.question * slow),
    )
    world = real_world(
        aws=aws,
        anchor=f"{way.endpoint}/_ministack/health",
        resolver=way.resolver,
        connect=way.connect,
        trust=trust,
        loopback_only=True,
        clock=RealClock(ahead=rehearsal.ahead),
        budget=Budget(look=LOOKS.look * slow, name=LOOKS.name * slow),
    )
    return Reach(world=world, calls=lambda: aws.calls, prepare=aws.prepare)


def _unread(
    settings: Settings, reach: Reach, *, pool: Pool, accepted: Plan | None, reason: CannotLook, release: str
) -> Ready:
    """What can be run when the stacks could not be read."""
    target = _from_settings(settings)
    last = _last_live(settings)
    known = last if last and accepted and last.digest == accepted.digest else accepted
    plan = known or live_plan(settings, target, accepted=None, release=release)
    why = f"the stacks could not be read: {reason}"
    checks = tuple(_out_of_reach(each, why, whole=known is not None) for each in plan.checks)
    if known is accepted:
        # Its ids may be those of another deployment, and so may be what leads past the target's own names.
        checks = tuple(each if _at_home(each, target.hosts) else _unseen(each, why) for each in checks)
    taken = "the last accepted plan was taken" if known else "nothing is planned but what the settings alone tell"
    return Ready(
        settings=settings,
        reach=reach,
        pool=pool,
        plan=replace(plan, checks=checks, source="accepted" if known else "live"),
        controls=controls(target),
        notes=(f"{why}; {taken}",),
        unread=why,
    )


def _from_settings(settings: Settings) -> Target:
    """The target as far as its settings alone tell."""
    return Target(
        name=settings.name,
        account=settings.account,
        stacks=tuple(Stack(name=each.name, region=each.region) for each in settings.stacks),
        domain=settings.domain,
        aliases=settings.aliases,
        spa_paths=settings.spa_paths,
        hidden=settings.hidden,
        resolvers=settings.resolvers,
    )


def _out_of_reach(check: Check, why: str, *, whole: bool) -> Check:
    """The same check, unknown when it stands on what the stacks hold; who we are and the site are still looked at.

    So is a waiver, but that nothing matches it proves something only where the plan is *whole*.
    """
    if check.promise.name == "stack.waiver" and not whole and not check.params["matches"]:
        return _unseen(check, why)
    still_asked = check.promise.name in {"identity.caller", "stack.waiver"} or check.sight.afterwards is not None
    if check.promise.instrument not in {"aws", "self"} or still_asked:
        return check
    return _unseen(check, why)


def _at_home(check: Check, hosts: tuple[str, ...]) -> bool:
    """Whether every URL among its parameters is one of the target's own."""
    urls = [each for each in check.params.values() if isinstance(each, str) and each.startswith("https://")]
    return all(urlsplit(each).hostname in hosts for each in urls)


def _unseen(check: Check, why: str) -> Check:
    def look(_: World) -> object:
        raise CannotLook(why, final=True)

    return replace(check, sight=replace(check.sight, look=look))


def _last_live_file(settings: Settings) -> Path:
    """Where the ids of the last live plan are kept; a note for ourselves, so it may vanish."""
    home = Path(os.environ.get("TWIN_HOME") or ".twin") / "local" if settings.twin else Path(".checks")
    return home / f"{settings.name}.last.json"


def _last_live(settings: Settings) -> Plan | None:
    try:
        return read_plan(_last_live_file(settings))
    except PlanError:
        return None


def _remember(settings: Settings, plan: Plan) -> None:
    try:
        write_plan(_last_live_file(settings), plan)
    except OSError:
        return  # a read-only place to run from is no reason not to verify


def acceptable(plan: Plan, *, owner: str, reason: str) -> Plan:
    """The plan to store as accepted: without the checks that speak of the plan accepted before."""
    return replace(
        plan,
        checks=tuple(each for each in plan.checks if each.promise.name not in ABOUT_THE_PLAN),
        accepted_by=owner,
        reason=reason,
    )
