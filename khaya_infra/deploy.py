"""The one deployer, for AWS and for the twin: `python -m khaya_infra.deploy --target local [--release SHA]`.

Each step finds what an earlier run left and goes on from there, so an interrupted deploy is repaired by another one.
With `--only frontend` or `--only backend` the other half stays as it is.
Exit codes: 0 deployed, 1 failed, 2 waiting for somebody else (delegation, credentials, the edge), 64 settings or usage,
69 a tool or the twin is missing, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from khaya_infra import __version__, arrival, ground, live, preflight, publish, releases, rollback
from khaya_infra.arrival import Place
from khaya_infra.clients import Session, connect
from khaya_infra.frontend.site_build import build_site
from khaya_infra.nightly import as_it_was, deploy_canary
from khaya_infra.package import BUILD, LAMBDA, build_package, host_platform, lacks_byte_code
from khaya_infra.progress import step
from khaya_infra.settings import Settings, read_settings
from khaya_infra.toolchain import Tools, environment, find_tools, run_cdk
from tools.turn import turn

if TYPE_CHECKING:
    from concurrent.futures import Future

# Outputs that name what runs once a day.
SCHEDULED = ("DailyFunctionName", "TrustFunctionName", "NoticeFunctionName")
PARTS = ("all", "frontend", "backend")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one run of the deployer works on; `held` are locks that the CLI is to hold as well."""

    target: Path
    settings: Settings
    release: str
    tools: Tools
    held: tuple[int, ...] = ()

    @property
    def workroom(self) -> Path:
        """Where the CLI leaves its output."""
        return arrival.workroom(self.settings, os.environ)


def main(argv: Sequence[str] | None = None) -> int:
    """Deploy, and say in one line why if that did not work; returns the exit code."""
    arguments = _parser().parse_args(argv)
    return arrival.guarded("deploy", lambda: deploy(_job(arguments.target, arguments.release), part=arguments.only))


def deploy(job: Job, *, part: str = "all") -> None:
    """All steps in order, once nobody else deploys the same: stacks and the CLI's folder take one at a time."""
    with one_at_a_time(job.settings, f"a deploy of {job.settings.stage}") as held:
        alone = replace(job, held=(held,))
        session = connect(job.settings.main.region)
        if part == "frontend":
            _deploy_frontend(alone, session)
        else:
            _deploy(alone, session, frontend=part == "all")


@contextmanager
def one_at_a_time(settings: Settings, who: str) -> Iterator[int]:
    """The turn of everything that changes a deployment; gives the descriptor that holds it."""
    with turn(arrival.workroom(settings, os.environ) / "turn", who=who, say=_aside) as held:
        yield held


def _deploy(job: Job, session: Session, *, frontend: bool) -> None:
    """The guide's eight steps; what needs no AWS is built meanwhile."""
    settings, environ = job.settings, environment(job.tools, os.environ)
    platform = host_platform() if settings.twin else LAMBDA
    with ThreadPoolExecutor(max_workers=2) as builders:
        package = builders.submit(build_package, platform)
        site = builders.submit(build_site, release=job.release, version=__version__, build=BUILD)
        with step("preflight") as say:
            findings = preflight.look(settings, session)
            say(_weigh(findings))
        _show(each for each in findings if each.state == "note")
        with step("1/8 hosted zone") as say:
            zone, servers = ground.find_or_make_zone(session.client("route53"), settings.domain)
            _delegate(settings, servers)
            say(f"{zone}, {settings.domain} → {len(servers)} name servers")
        with step("2/8 dependencies") as say:
            say(next(each.seen for each in findings if each.name == "Node and CDK CLI"))
        with step("3/8 bootstrap") as say:
            say(_bootstrap(job, session, environ))
        if frontend:
            with step("4/8 site") as say:
                say(site.result().name)
        with step("5/8 package") as say:
            say(package.result().name)
            if said := lacks_byte_code(package.result(), platform):
                _aside(said)
        with step("6/8 stacks", log=job.workroom / "cdk-deploy.log") as say:
            _await_stacks(job, session)
            outputs = _deploy_stacks(job, session, environ, zone, package)
            moved = live.move(
                session.client("lambda"), live.declared(session.client("cloudformation"), settings.main.name)
            )
            say(", ".join([*(place.name for place in settings.places if place != settings.canary), *moved]))
    if frontend:
        _publish(session, outputs, site.result())
    _first_runs(session, settings.main.name, outputs)
    if settings.canary is not None:
        # Before the record: a release whose canary is dead is not whole, and is not what a rollback goes back to.
        with step("canary") as say:
            say(_deploy_canary(job, session, environ))
    _record(job, session, outputs)


def _deploy_frontend(job: Job, session: Session) -> None:
    """Steps 4, 7 and 8, for a deployment that is there."""
    with step("account") as say:
        say(ground.check_account(session.client("sts"), job.settings))
        outputs = _place(job, session).outputs()
    with step("4/8 site") as say:
        site = build_site(release=job.release, version=__version__, build=BUILD, hidden=job.settings.hidden)
        say(site.name)
    _publish(session, outputs, site)
    _record(job, session, outputs)


def _weigh(findings: tuple[preflight.Finding, ...]) -> str:
    """What is to be told of the findings; `Stop` when one stands in the way, after all of them were shown."""
    if any(each.stands_in_the_way for each in findings):
        _show(findings)
    preflight.demand(findings)
    return f"{len(findings)} looks, nothing is missing"


def _show(findings: Iterable[preflight.Finding]) -> None:
    for each in findings:
        print(each.line(), flush=True)


def _await_stacks(job: Job, session: Session) -> None:
    for place in job.settings.places:
        cloudformation = session.client("cloudformation", region_name=place.region)
        ground.let_go(cloudformation, place.name, ground.await_stack(cloudformation, place.name))


def _first_runs(session: Session, stack: str, outputs: Mapping[str, str]) -> None:
    known = releases.history(session.client("ssm"), stack)
    new = unrun(known[0].functions if known else {}, outputs)
    if new:
        with step("daily tasks") as say:
            for name in new:
                ground.run_once(session.client("lambda"), name)
            say(f"{len(new)} run once")


def unrun(before: Mapping[str, str], outputs: Mapping[str, str]) -> list[str]:
    """The daily functions among `outputs` that no completed deploy knew; `before` are the functions of the last one.

    Until its first run the alarm that watches over such a function would call people out for nothing.
    """
    return [outputs[name] for name in SCHEDULED if name in outputs and outputs[name] not in before]


def _record(job: Job, session: Session, outputs: Mapping[str, str]) -> None:
    """Last of all: only what was deployed whole can be rolled back to."""
    stack, ssm = job.settings.main.name, session.client("ssm")
    with step("record") as say:
        manifest = job.workroom / "cdk.out" / "manifest.json"
        known = releases.history(ssm, stack)
        last = known[0] if known else rollback.NOBODYS
        made = replace(last, sha=job.release, version=__version__)
        if manifest.exists():
            template, edge = _templates(job.settings, json.loads(manifest.read_text("utf-8")))
            made = replace(made, template=template, edge=edge)
        seen = rollback.observe(_place(job, session), outputs, like=made)
        say(f"release {job.release[:12]} is number {releases.record(ssm, stack, seen)}")


def _templates(settings: Settings, manifest: Mapping[str, Any]) -> tuple[str, str]:
    """The templates of a release's main stack and of the edge's, from the assembly that it was deployed from."""
    main, edge = settings.main.name, settings.edge.name if settings.edge else ""
    watching = rollback.template_of(manifest, edge) if edge in manifest["artifacts"] else ""
    return rollback.template_of(manifest, main), watching


def _place(job: Job, session: Session) -> Place:
    return Place(target=job.target, settings=job.settings, session=session)


def _deploy_stacks(
    job: Job, session: Session, environ: dict[str, str], zone: str, package: Future[Path]
) -> dict[str, str]:
    places = job.settings.certificate, job.settings.main
    cloudformation = session.client("cloudformation", region_name=places[0].region)
    arn = ground.stack_outputs(cloudformation, places[0].name).get("CertificateArn")
    if arn is None:
        made = _cdk_deploy(job, environ, [places[0].name], {"hostedZoneId": zone, "only": "certificate"})
        arn = made[places[0].name]["CertificateArn"]
    known = ground.stack_outputs(session.client("cloudformation"), places[1].name).get("DistributionId", "")
    while True:
        context = {
            "hostedZoneId": zone,
            "certificateArn": arn,
            "release": job.release,
            "version": __version__,
            "package": str(package.result()),
            **({"distributionId": known} if known else {}),
            **(as_it_was(job.workroom) if job.settings.canary else {}),
        }
        outputs = _cdk_deploy(job, environ, ["--all"], context)
        deployed = outputs[places[0].name]["CertificateArn"]
        if deployed == arn:
            main = outputs[places[1].name]
            if job.settings.edge and main["DistributionId"] != known:
                # The first time, the distribution's id is known only now.
                _cdk_deploy(
                    job, environ, [job.settings.edge.name], {**context, "distributionId": main["DistributionId"]}
                )
            return main
        # This very deploy replaced the certificate, so the distribution still has the one before.
        arn = deployed


def _deploy_canary(job: Job, session: Session, environ: dict[str, str]) -> str:
    assert job.settings.canary is not None  # noqa: S101 - asked before
    return deploy_canary(
        place=job.settings.canary,
        target=job.target,
        release=job.release,
        room=job.workroom,
        session=session,
        # In a folder of its own: what the other stacks were made from is what a release is recorded with.
        deploy=lambda stacks, context: _cdk_deploy(job, environ, stacks, dict(context), out="canary.out"),
    )


def _cdk_deploy(
    job: Job, environ: dict[str, str], stacks: list[str], context: dict[str, str], *, out: str = "cdk.out"
) -> dict[str, dict[str, str]]:
    folder = job.workroom
    outputs = folder / "outputs.json"
    outputs.unlink(missing_ok=True)
    given = {"settings": str(job.target.resolve()), **context}
    arguments = ["deploy", *stacks, "--app", f'"{sys.executable}" -m khaya_infra.app']
    arguments += ["--output", str(folder / out), "--outputs-file", str(outputs)]
    arguments += ["--require-approval", "never", "--method", "direct", "--concurrency", "2"]
    arguments += ["--no-notices", "--no-version-reporting", "--progress", "events"]
    for name, value in given.items():
        arguments += ["--context", f"{name}={value}"]
    run_cdk(job.tools, arguments, log=folder / "cdk-deploy.log", environ=environ, held=job.held)
    return dict(json.loads(outputs.read_text("utf-8")))


def _bootstrap(job: Job, session: Session, environ: dict[str, str]) -> str:
    places = job.settings.places
    lacking = [
        place for place in places if ground.needs_bootstrap(session.client("cloudformation", region_name=place.region))
    ]
    lacking = list({place.region: place for place in lacking}.values())
    if not lacking:
        return "present"
    names = ground.bootstrap_environments(job.settings, lacking)
    log = job.workroom / "cdk-bootstrap.log"
    run_cdk(
        job.tools,
        ["bootstrap", *names, "--no-notices", "--no-version-reporting"],
        log=log,
        environ=environ,
        held=job.held,
    )
    return f"made in {', '.join(place.region for place in lacking)}"


def _delegate(settings: Settings, servers: tuple[str, ...]) -> None:
    if settings.twin:
        ground.delegate_on_twin(settings.domain, servers, environ=os.environ)
    else:
        ground.check_delegation(settings.domain, servers)


def _publish(session: Session, outputs: Mapping[str, str], site: Path) -> None:
    with step("7/8 upload") as say:
        pages = publish.pages_of(site)
        sent, newest = publish.upload(session.client("s3"), outputs["FrontendBucket"], pages)
        say(f"{sent} of {len(pages)} files sent")
    with step("8/8 invalidation") as say:
        say(publish.invalidate(session.client("cloudfront"), outputs["DistributionId"], newer_than=newest))


def _job(target: str, release: str | None) -> Job:
    path = arrival.target_path(target)
    settings = read_settings(path)
    arrival.check_place(settings, os.environ)
    return Job(target=path, settings=settings, release=release or arrival.checked_out_release(), tools=find_tools())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m khaya_infra.deploy", description="Deploy one target.")
    parser.add_argument("--target", required=True, help="a target file, or its name in ./targets or checks/targets")
    parser.add_argument("--release", help="the commit that is deployed; by default the one that is checked out")
    parser.add_argument("--only", choices=PARTS, default="all", help="the half to deploy; by default both")
    return parser


def _aside(sentence: str) -> None:
    print(f"deploy: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
