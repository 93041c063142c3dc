"""The deployer's door: what it refuses before anything is touched, what it says, and with which exit code."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions

from khaya_infra import arrival, clients, deploy
from khaya_infra.settings import Settings, read_settings
from khaya_infra.stop import BROKEN, NO_TOOLS, USAGE, WAITING, Stop
from khaya_infra.toolchain import Tools, environment, find_tools, run_cdk
from tests.infra.conftest import ROOT

TWIN = {"TWIN_NAME": "local", "AWS_ENDPOINT_URL": "https://127.0.0.1:4566"}


def target(name: str) -> Settings:
    """One of the project's own targets."""
    return read_settings(ROOT / "checks" / "targets" / f"{name}.toml")


def tools(tmp_path: Path, script: str) -> Tools:
    """A tool chain whose CDK CLI is `script`, run by a shell."""
    cdk = tmp_path / "cdk"
    cdk.write_text(script)
    return Tools(node=Path("/bin/sh"), cdk=cdk, cache=tmp_path)


@pytest.mark.parametrize(
    ("name", "environ"),
    (
        pytest.param("local", TWIN, id="a twin's target in a twin's shell"),
        pytest.param("local", {**TWIN, "AWS_ENDPOINT_URL": "https://localhost:1"}, id="by name"),
        pytest.param("prod", {}, id="a real target in a plain shell"),
    ),
)
def test_a_target_and_its_place_go_together(name: str, environ: dict[str, str]) -> None:
    """Nothing is said."""
    arrival.check_place(target(name), environ)


@pytest.mark.parametrize(
    ("name", "environ", "code"),
    (
        pytest.param("local", {}, NO_TOOLS, id="a twin's target without a twin"),
        pytest.param("local", {"TWIN_NAME": "local"}, NO_TOOLS, id="a twin without an endpoint"),
        pytest.param("local", {**TWIN, "AWS_ENDPOINT_URL": "https://10.0.0.1"}, NO_TOOLS, id="an endpoint elsewhere"),
        pytest.param("local", {**TWIN, "AWS_ENDPOINT_URL": "https://sts.amazonaws.com"}, NO_TOOLS, id="the real AWS"),
        pytest.param("local", {**TWIN, "AWS_ENDPOINT_URL_S3": "https://s3.x"}, USAGE, id="one service elsewhere"),
        pytest.param("local", {**TWIN, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, USAGE, id="endpoints ignored"),
        pytest.param("prod", TWIN, USAGE, id="a real target in a twin's shell"),
        pytest.param("prod", {"AWS_ENDPOINT_URL": "https://127.0.0.1:1"}, USAGE, id="a real target, an endpoint"),
    ),
)
def test_a_target_in_the_wrong_place_is_refused(name: str, environ: dict[str, str], code: int) -> None:
    """Neither can be mistaken for the other, in either direction."""
    with pytest.raises(Stop) as stopped:
        arrival.check_place(target(name), environ)

    assert code == stopped.value.code


@pytest.mark.parametrize(
    ("environ", "folder"),
    (
        pytest.param({**TWIN, "TWIN_HOME": "/twins"}, Path("/twins/local/deploy/local"), id="inside a twin"),
        pytest.param({"TWIN_HOME": "/twins"}, ROOT / ".build" / "deploy" / "local", id="a home alone"),
        pytest.param({}, ROOT / ".build" / "deploy" / "local", id="neither"),
    ),
)
def test_what_is_made_for_a_twin_lies_with_it(environ: dict[str, str], folder: Path) -> None:
    """A home says where twins would be, not that this shell leads to one."""
    assert folder == arrival.workroom(target("local"), environ)


def test_an_unknown_target_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, with the file that was looked for; no traceback."""
    assert USAGE == deploy.main(["--target", "nowhere", "--release", "abc"])
    said = capsys.readouterr().err
    assert "nowhere.toml: no such target file" in said
    assert 1 == said.count("\n")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    (
        (exceptions.NoCredentialsError(), WAITING, "no AWS credentials"),
        (exceptions.EndpointConnectionError(endpoint_url="https://127.0.0.1:1"), NO_TOOLS, "does not answer"),
        (exceptions.ReadTimeoutError(endpoint_url="https://127.0.0.1:1"), NO_TOOLS, "does not answer"),
        (exceptions.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject"), BROKEN, "refused"),
    ),
    ids=lambda value: type(value).__name__,
)
def test_errors_of_aws_are_one_line_and_a_code(error: Exception, code: int, words: str) -> None:
    """Whose turn it is can be told from the code."""
    said, seen = clients.complaint(error)

    assert isinstance(error, clients.refusals())
    assert code == seen
    assert words in said


def test_other_errors_are_nobodys_to_explain_away() -> None:
    """A defect of ours keeps its traceback."""

    def break_down() -> None:
        raise KeyError("x")

    ending = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(KeyError):
            arrival.guarded("deploy", break_down)
    finally:
        signal.signal(signal.SIGTERM, ending)


def test_a_missing_cli_is_named(tmp_path: Path) -> None:
    """69, with what to do."""
    with pytest.raises(Stop, match="the CDK CLI is missing") as stopped:
        find_tools(prefix=tmp_path)

    assert NO_TOOLS == stopped.value.code


def test_the_cli_gets_its_own_node_and_stays_off_the_network(tmp_path: Path) -> None:
    """No version check, no telemetry, no notices; what was set outside stays."""
    environ = environment(tools(tmp_path, ""), {"PATH": "/usr/bin", "AWS_REGION": "af-south-1"})

    assert "/bin:/usr/bin" == environ["PATH"]
    assert ("af-south-1", "/bin/sh") == (environ["AWS_REGION"], environ["JSII_NODE"])
    assert ("1", "true") == (environ["CDK_DISABLE_VERSION_CHECK"], environ["CDK_DISABLE_CLI_TELEMETRY"])


@dataclass
class Cli:
    """Stands for `cdk deploy`: notes what it is asked, and says which certificate there is then."""

    certificates: list[str]
    asked: list[tuple[list[str], dict[str, str]]] = field(default_factory=list)

    def __call__(
        self, _job: object, _environ: object, stacks: list[str], context: dict[str, str]
    ) -> dict[str, dict[str, str]]:
        """Outputs of both stacks."""
        self.asked.append((stacks, context))
        certificate = {"CertificateArn": self.certificates.pop(0)} if self.certificates else {}
        return {"KhayaCertificate": certificate, "KhayaStack": {"DomainName": "x", "DistributionId": "E1"}}


@dataclass
class Session:
    """CloudFormation that knows one certificate and one distribution, or none."""

    certificate: str | None
    distribution: str | None = "E1"

    def client(self, service: str, *, region_name: str = "af-south-1") -> Session:
        """Itself, in the certificate's region or in the main one."""
        assert "cloudformation" == service
        assert region_name in {"us-east-1", "af-south-1"}
        return self

    def describe_stacks(self, **asked: str) -> dict[str, object]:
        """One of the stacks; one without outputs is one that never finished."""
        known = {
            "KhayaCertificate": ("CertificateArn", self.certificate),
            "KhayaStack": ("DistributionId", self.distribution),
        }
        key, value = known[asked["StackName"]]
        return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": value}] if value else []}]}


def deploy_stacks(session: Session, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The step that deploys, with the CLI replaced."""
    monkeypatch.setattr(deploy, "_cdk_deploy", cli)
    package: Future[Path] = Future()
    package.set_result(tmp_path / "package.zip")
    path = ROOT / "checks" / "targets" / "local.toml"
    job = deploy.Job(target=path, settings=target("local"), release="abc", tools=tools(tmp_path, ""))
    return deploy._deploy_stacks(job, session, {}, "Z1", package)


def test_a_deploy_where_everything_is_there_is_one_run_of_the_cli(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the certificate's ARN from its stack, since no reference crosses regions by itself."""
    cli = Cli(certificates=["arn:1"])
    outputs = deploy_stacks(Session(certificate="arn:1"), cli, monkeypatch, tmp_path)

    assert {"DomainName": "x", "DistributionId": "E1"} == outputs
    assert [["--all"]] == [stacks for stacks, _ in cli.asked]
    assert ("arn:1", "Z1", "abc", "E1") == tuple(
        cli.asked[0][1][key] for key in ("certificateArn", "hostedZoneId", "release", "distributionId")
    )


def test_the_edge_is_watched_as_soon_as_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its alarms name the distribution, which the first run of the main stack makes."""
    cli = Cli(certificates=["arn:1"])
    deploy_stacks(Session(certificate="arn:1", distribution=None), cli, monkeypatch, tmp_path)

    assert [["--all"], ["KhayaEdge"]] == [stacks for stacks, _ in cli.asked]
    assert [None, "E1"] == [context.get("distributionId") for _, context in cli.asked]


def test_a_first_deploy_makes_the_certificate_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The main stack cannot be synthesised without its ARN."""
    cli = Cli(certificates=["arn:1", "arn:1"])
    deploy_stacks(Session(certificate=None), cli, monkeypatch, tmp_path)

    assert [["KhayaCertificate"], ["--all"]] == [stacks for stacks, _ in cli.asked]
    assert {"hostedZoneId": "Z1", "only": "certificate"} == cli.asked[0][1]


def test_a_replaced_certificate_reaches_the_distribution(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The run that replaces it still carries the old ARN, so there is another one."""
    cli = Cli(certificates=["arn:2", "arn:2"])
    deploy_stacks(Session(certificate="arn:1"), cli, monkeypatch, tmp_path)

    assert ["arn:1", "arn:2"] == [context["certificateArn"] for _, context in cli.asked]


def test_what_runs_daily_is_run_once_by_the_deploy_that_makes_it() -> None:
    """A heartbeat that was never heard is an alarm; what a completed deploy knew has its own rhythm."""
    outputs = {"DailyFunctionName": "a", "TrustFunctionName": "b", "ApiUrl": "c"}

    assert ["a", "b"] == deploy.unrun({}, outputs)
    assert ["b"] == deploy.unrun({"a": "1"}, outputs)
    assert [] == deploy.unrun({"a": "1", "b": "$LATEST@abc"}, outputs)


def test_a_dead_twin_is_a_missing_tool(tmp_path: Path) -> None:
    """69: nothing is wrong with the templates."""
    script = 'echo "Error: connect ECONNREFUSED 127.0.0.1:1"; exit 1\n'

    with pytest.raises(Stop, match="ECONNREFUSED") as stopped:
        run_cdk(tools(tmp_path, script), ["deploy"], log=tmp_path / "log", environ={"PATH": "/usr/bin:/bin"})

    assert NO_TOOLS == stopped.value.code


def test_a_twin_that_dies_under_the_cli_ends_it_at_once(tmp_path: Path) -> None:
    """The CLI would ask a dead endpoint for another minute; 69 says whose turn it is, and nothing runs on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"https://127.0.0.1:{listener.getsockname()[1]}"
    began = time.monotonic()

    with pytest.raises(Stop, match=rf"the twin's AWS at {endpoint} is gone\. Start it again") as stopped:
        run_cdk(
            tools(tmp_path, "exec sleep 60"),
            ["deploy"],
            log=tmp_path / "log",
            environ={"PATH": "/usr/bin:/bin", "AWS_ENDPOINT_URL": endpoint},
        )

    assert NO_TOOLS == stopped.value.code
    assert time.monotonic() - began < 10


def test_a_twin_that_lives_is_waited_for(tmp_path: Path) -> None:
    """Longer than the glance that looks after it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        environ = {"PATH": "/usr/bin:/bin", "AWS_ENDPOINT_URL": f"https://127.0.0.1:{listener.getsockname()[1]}"}
        run_cdk(tools(tmp_path, "sleep 1.2; echo done"), ["deploy"], log=tmp_path / "log", environ=environ)

    assert "done\n" == (tmp_path / "log").read_text()


def test_a_failing_cli_is_quoted(tmp_path: Path) -> None:
    """The lines that tell, without their colours; the rest is in the log that is named."""
    script = 'echo fine; printf "\\033[31mError: no such role\\033[0m\\n" >&2; exit 1\n'

    with pytest.raises(Stop, match="cdk deploy failed: Error: no such role") as stopped:
        run_cdk(tools(tmp_path, script), ["deploy"], log=tmp_path / "log", environ={"PATH": "/usr/bin:/bin"})

    assert str(tmp_path / "log") in str(stopped.value)
    assert "fine" in (tmp_path / "log").read_text()


def test_a_cli_that_ends_well_says_nothing(tmp_path: Path) -> None:
    """Its output is in the log."""
    run_cdk(tools(tmp_path, "echo $1\n"), ["deploy"], log=tmp_path / "log", environ={"PATH": "/usr/bin:/bin"})

    assert "deploy\n" == (tmp_path / "log").read_text()


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM), ids=("interrupt", "terminate"))
def test_an_interrupted_deployer_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    """130, and the CLI's own children are gone too."""
    script = f'sh -c "echo \\$\\$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 60" & wait\n'
    (tmp_path / "cdk").write_text(script)
    program = (
        "import signal, sys; from pathlib import Path; from khaya_infra import deploy\n"
        "from khaya_infra.toolchain import Tools, run_cdk\n"
        f"here = Path({str(tmp_path)!r})\n"
        "deploy._job = lambda *_: None\n"
        "cli = Tools(node=Path('/bin/sh'), cdk=here / 'cdk', cache=here)\n"
        "deploy.deploy = lambda *_, **__: run_cdk(cli, ['deploy'],\n"
        "    log=here / 'log', environ={'PATH': '/usr/bin:/bin'})\n"
        "sys.exit(deploy.main(['--target', 'local']))\n"
    )
    deployer = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    while not (tmp_path / "pid").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    deployer.send_signal(number)
    _, said = deployer.communicate(timeout=20)

    assert (130, True) == (deployer.returncode, "interrupted" in said)
    with pytest.raises(ProcessLookupError):
        _await_end(int((tmp_path / "pid").read_text()))


def test_an_interrupt_while_the_cli_is_started_waits_until_it_can_be_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine the child runs before its parent knows its name."""
    start, made = subprocess.Popen, list[subprocess.Popen[bytes]]()

    def interrupted(*words: Any, **named: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401 - of Popen
        made.append(start(*words, **named))
        signal.raise_signal(signal.SIGINT)
        return made[-1]

    monkeypatch.setattr("khaya_infra.toolchain.subprocess.Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_cdk(tools(tmp_path, "exec sleep 60\n"), ["deploy"], log=tmp_path / "log", environ={"PATH": "/usr/bin:/bin"})

    try:
        assert -signal.SIGTERM == made[0].wait(10)
    finally:
        made[0].kill()


def _await_end(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        os.kill(pid, 0)
        time.sleep(0.02)
