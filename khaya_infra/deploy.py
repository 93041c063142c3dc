"""The one deployer, for AWS and for the twin: `python -m khaya_infra.deploy --target local [--release SHA]`.

Each step finds what an earlier run left and goes on from there, so an interrupted deploy is repaired by another one.
Exit codes: 0 deployed, 1 failed, 2 waiting for somebody else (delegation, credentials, the edge), 64 settings or usage,
69 a tool or the twin is missing, 130 interrupted.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from khaya_infra import __version__, ground, publish
from khaya_infra.clients import Session, complaint, connect
from khaya_infra.frontend.site_build import build_site
from khaya_infra.package import BUILD, LAMBDA, PackageError, build_package, host_platform, lacks_byte_code
from khaya_infra.settings import Settings, SettingsError, read_settings
from khaya_infra.stop import INTERRUPTED, NO_TOOLS, USAGE, Stop
from khaya_infra.toolchain import ROOT, Tools, environment, find_tools, run_cdk
from tools.turn import turn

if TYPE_CHECKING:
    from concurrent.futures import Future

TWIN_ACCOUNT = "000000000000"
_INSIDE = "Run it as `python -m checks twin run -- python -m khaya_infra.deploy …`"
_TARGET_FOLDERS = (Path("targets"), ROOT / "checks" / "targets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one run of the deployer works on."""

    target: Path
    settings: Settings
    release: str
    tools: Tools


def main(argv: Sequence[str] | None = None) -> int:
    """Deploy, and say in one line why if that did not work; returns the exit code."""
    arguments = _parser().parse_args(argv)
    # Being told to end is the same as being interrupted: the CLI below must be ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        deploy(_job(arguments.target, arguments.release))
    except Stop as stop:
        return _complain(str(stop), stop.code)
    except SettingsError as error:
        return _complain(str(error), USAGE)
    except PackageError as error:
        return _complain(f"{error}. Check the connection to the package index and deploy again", NO_TOOLS)
    except KeyboardInterrupt:
        return _complain("interrupted; deploy again to go on from here", INTERRUPTED)
    except Exception as error:
        known = complaint(error)
        if known is None:
            raise
        return _complain(*known)
    return 0


def deploy(job: Job) -> None:
    """All steps in order, once nobody else deploys the same: stacks and the CLI's folder take one at a time."""
    lock = _workroom(job.settings, os.environ) / "turn"
    with turn(lock, who=f"a deploy of {job.settings.stage}", say=_aside):
        _deploy(job)


def _deploy(job: Job) -> None:
    """The steps; what needs no AWS is built meanwhile."""
    settings, environ = job.settings, environment(job.tools, os.environ)
    platform = host_platform() if settings.twin else LAMBDA
    session = connect(settings.main.region)
    with ThreadPoolExecutor(max_workers=2) as builders:
        package = builders.submit(build_package, platform)
        site = builders.submit(build_site, release=job.release, version=__version__, build=BUILD)
        with _step("account") as say:
            say(ground.check_account(session.client("sts"), settings))
        with _step("hosted zone") as say:
            zone, servers = ground.find_or_make_zone(session.client("route53"), settings.domain)
            say(zone)
        with _step("delegation") as say:
            _delegate(settings, servers)
            say(f"{settings.domain} → {len(servers)} name servers")
        with _step("bootstrap") as say:
            say(_bootstrap(job, session, environ))
        with _step("package and site") as say:
            say(f"{package.result().name}, {site.result().name}")
            if said := lacks_byte_code(package.result(), platform):
                _aside(said)
        with _step("stacks") as say:
            first = not ground.stack_outputs(session.client("cloudformation"), settings.main.name)
            outputs = _deploy_stacks(job, session, environ, zone, package)
            say(f"{settings.certificate.name}, {settings.main.name}")
    with _step("frontend") as say:
        say(_publish(session, outputs, site.result()))
    if first:
        # Until their first run the alarm that watches over the daily tasks would call people out for nothing.
        with _step("daily tasks") as say:
            ground.run_once(session.client("lambda"), outputs["DailyFunctionName"])
            say("run once")


def _deploy_stacks(
    job: Job, session: Session, environ: dict[str, str], zone: str, package: Future[Path]
) -> dict[str, str]:
    places = job.settings.certificate, job.settings.main
    cloudformation = session.client("cloudformation", region_name=places[0].region)
    arn = ground.stack_outputs(cloudformation, places[0].name).get("CertificateArn")
    if arn is None:
        made = _cdk_deploy(job, environ, [places[0].name], {"hostedZoneId": zone, "only": "certificate"})
        arn = made[places[0].name]["CertificateArn"]
    while True:
        context = {
            "hostedZoneId": zone,
            "certificateArn": arn,
            "release": job.release,
            "version": __version__,
            "package": str(package.result()),
        }
        outputs = _cdk_deploy(job, environ, ["--all"], context)
        deployed = outputs[places[0].name]["CertificateArn"]
        if deployed == arn:
            return outputs[places[1].name]
        # This very deploy replaced the certificate, so the distribution still has the one before.
        arn = deployed


def _cdk_deploy(
    job: Job, environ: dict[str, str], stacks: list[str], context: dict[str, str]
) -> dict[str, dict[str, str]]:
    folder = _workroom(job.settings, os.environ)
    outputs = folder / "outputs.json"
    outputs.unlink(missing_ok=True)
    given = {"settings": str(job.target.resolve()), **context}
    arguments = ["deploy", *stacks, "--app", f'"{sys.executable}" -m khaya_infra.app']
    arguments += ["--output", str(folder / "cdk.out"), "--outputs-file", str(outputs)]
    arguments += ["--require-approval", "never", "--method", "direct", "--concurrency", "2"]
    arguments += ["--no-notices", "--no-version-reporting", "--progress", "events"]
    for name, value in given.items():
        arguments += ["--context", f"{name}={value}"]
    run_cdk(job.tools, arguments, log=folder / "cdk-deploy.log", environ=environ)
    return dict(json.loads(outputs.read_text("utf-8")))


def _workroom(settings: Settings, environ: Mapping[str, str]) -> Path:
    """Where the CLI leaves its output: with the twin it is for, since two of them may be deployed to at once."""
    if settings.twin and "TWIN_HOME" in environ:
        return Path(environ["TWIN_HOME"]) / environ["TWIN_NAME"] / "deploy"
    return BUILD / "deploy" / settings.stage


def _bootstrap(job: Job, session: Session, environ: dict[str, str]) -> str:
    places = [job.settings.certificate, job.settings.main]
    lacking = [
        place for place in places if ground.needs_bootstrap(session.client("cloudformation", region_name=place.region))
    ]
    if not lacking:
        return "present"
    names = ground.bootstrap_environments(job.settings, lacking)
    log = _workroom(job.settings, os.environ) / "cdk-bootstrap.log"
    run_cdk(job.tools, ["bootstrap", *names, "--no-notices", "--no-version-reporting"], log=log, environ=environ)
    return f"made in {', '.join(place.region for place in lacking)}"


def _delegate(settings: Settings, servers: tuple[str, ...]) -> None:
    if settings.twin:
        ground.delegate_on_twin(settings.domain, servers, environ=os.environ)
    else:
        ground.check_delegation(settings.domain, servers)


def _publish(session: Session, outputs: dict[str, str], site: Path) -> str:
    pages = publish.pages_of(site)
    sent, newest = publish.upload(session.client("s3"), outputs["FrontendBucket"], pages)
    done = publish.invalidate(session.client("cloudfront"), outputs["DistributionId"], newer_than=newest)
    return f"{sent} of {len(pages)} files sent, {done}"


def _job(target: str, release: str | None) -> Job:
    path = _target_path(target)
    settings = read_settings(path)
    _check_place(settings, os.environ)
    return Job(target=path, settings=settings, release=release or _head(), tools=find_tools())


def _target_path(target: str) -> Path:
    if target.endswith(".toml"):
        return Path(target)
    candidates = [folder / f"{target}.toml" for folder in _TARGET_FOLDERS]
    return next((path for path in candidates if path.exists()), candidates[-1])


def _check_place(settings: Settings, environ: Mapping[str, str]) -> None:
    """A twin's target must meet a twin, and a real one must not: neither can be mistaken for the other."""
    endpoint = environ.get("AWS_ENDPOINT_URL", "")
    if not settings.twin:
        if endpoint or "TWIN_NAME" in environ:
            raise Stop(
                f"{settings.stage} is on AWS, but this shell points at {endpoint or 'a twin'}", "Unset it", code=USAGE
            )
        return
    if settings.account != TWIN_ACCOUNT:
        raise Stop(f"a twin's account is {TWIN_ACCOUNT}, not {settings.account}", "Correct account.id", code=USAGE)
    if "TWIN_NAME" not in environ or not _is_loopback(endpoint):
        raise Stop(f"{settings.stage} is a twin, and this shell does not lead to one", _INSIDE, code=NO_TOOLS)
    # Each of these would send some of what follows past the twin.
    astray = [
        name
        for name in environ
        if name.startswith("AWS_ENDPOINT_URL_") or name == "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
    ]
    if astray:
        raise Stop(f"{settings.stage} is a twin, and {', '.join(sorted(astray))} leads past it", _INSIDE, code=USAGE)


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _head() -> str:
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    except OSError:
        done = None
    if done is None or done.returncode:
        raise Stop("this folder has no commit to name the release after", "Give --release SHA", code=USAGE)
    return done.stdout.strip()


@contextmanager
def _step(name: str) -> Iterator[Callable[[str], None]]:
    """One line on screen per step: its name, what came of it, and how long it took."""
    started = time.monotonic()
    said: list[str] = []
    yield said.append
    print(f"{name:<18}{' '.join(said)}  ({time.monotonic() - started:.1f} s)", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m khaya_infra.deploy", description="Deploy one target.")
    parser.add_argument("--target", required=True, help="a target file, or its name in ./targets or checks/targets")
    parser.add_argument("--release", help="the commit that is deployed; by default the one that is checked out")
    return parser


def _complain(sentence: str, code: int) -> int:
    _aside(sentence)
    return code


def _aside(sentence: str) -> None:
    print(f"deploy: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
