"""The API beside what it is made of: its routing, its cold start, its package, and the way through the edge."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import site
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from checks import twin as twins
from checks.target import find as find_target
from checks.target import read as read_target
from khaya_api.access import OPERATIONS, admit, find
from khaya_api.incoming import body_text, proxy_event, read_object, read_request
from khaya_api.kit import Kit, kit_from
from khaya_api.models import Cents, Place, Prose, Title
from khaya_api.outgoing import finish
from khaya_api.routing import Router
from khaya_infra.package import LAMBDA, PackageError, build_package, host_platform
from tests.deployed.conftest import House
from tests.deployed.people import sign_in, visitor
from tools.bench import Row

SECTION = "The API"

ROUNDS, CALLS = 30, 200
COLD_ROUNDS = 9
SECONDS, CLIENTS = 5.0, 4
# What the runtime has beside the package.
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
BOTO3 = "import boto3; boto3.client('dynamodb', region_name='af-south-1')"
OURS = "import khaya_api.handler"
FIRST = f"""{OURS}
claims = {{"sub": "somebody", "cognito:username": "somebody", "cognito:groups": "buyer"}}
asked = {{"httpMethod": "GET", "path": "/auth/me", "requestContext": {{"authorizer": {{"claims": claims}}}}}}
assert khaya_api.handler.handler(asked, None)["statusCode"] == 200
"""

SIGNING_KEY = "".join(map(chr, range(ord("0"), ord("Z"))))

Call = Callable[[], Any]


class Posted(BaseModel):
    """A body with rules like those of a job."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    description: Prose
    budget: Cents
    location: Place


JOB = {"title": "Paint the wall", "description": "Two coats of white on it.", "budget": 150_000, "location": "Durban"}
CLAIMS = {"sub": "0b9c2f9e-3f0e-4a51-9a77-0d3f4f3f8c11", "cognito:groups": "buyer"}


def measure() -> list[Row]:
    """All rows; those that need the deployed twin say so where there is none."""
    return [*_routing(), *_cold(), *_sizes(), *_through_the_edge()]


def _routing() -> list[Row]:
    kit = _silent()
    whole = _whole(kit)
    rows = []
    for name, validated, event in (
        ("without validation", False, _event("GET", "/me/jobs", None)),
        ("with validation of a body", True, _event("POST", "/jobs", JOB)),
    ):
        bare = _filled(partial(APIGatewayRestResolver, enable_validation=validated), 30)
        ours = _filled(partial(_router, validated=validated), 30)
        pair = _in_turns(_right(partial(bare.resolve, event, _Context())), _right(partial(_answer, ours, kit, event)))
        rows.append(_row(f"routing and rules, {name}, 30 routes, beside powertools alone", *pair, goal=1.15))
    few, many = (_filled(partial(_router, validated=True), count) for count in (5, 100))
    event = _event("POST", "/jobs", JOB)
    pair = _in_turns(_right(partial(_answer, few, kit, event)), _right(partial(_answer, many, kit, event)))
    rows.append(_row("100 routes beside 5", *pair, goal=1.6))
    bare = _filled(partial(APIGatewayRestResolver, enable_validation=True), 30)
    event = _event("GET", "/auth/me", None)
    plain = partial(bare.resolve, _event("GET", "/me/jobs", None), _Context())
    pair = _in_turns(_right(plain), _right(partial(whole, event, _Context())))
    return [*rows, _row("the full handler, `GET /auth/me` with its log line, beside powertools alone", *pair)]


def _whole(kit: Kit) -> Callable[[object, object], Any]:
    """The full handler. Its module, imported where no variable is set, says so in a log that is nobody's here."""
    with contextlib.redirect_stdout(io.StringIO()):
        from khaya_api import handler
    return handler.build(kit)


def _cold() -> list[Row]:
    """Processor time of a process that imports the package as Lambda unpacks it, beside one that makes a client."""
    with tempfile.TemporaryDirectory() as folder:
        task, runtime = Path(folder) / "task", Path(folder) / "runtime"
        with zipfile.ZipFile(build_package(host_platform())) as archive:
            archive.extractall(task)
        runtime.mkdir()
        [packages] = [Path(each) for each in site.getsitepackages()[:1]]
        for name in RUNTIME:
            (runtime / name).symlink_to(packages / name)
        environ = {"PYTHONPATH": f"{task}:{runtime}", "PATH": "", "AWS_REGION": "af-south-1"}
        environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_EC2_METADATA_DISABLED": "true"}
        environ["SIGNING_KEY"] = SIGNING_KEY
        bare, ours, first = (partial(_process, program, environ) for program in (BOTO3, OURS, FIRST))
        imported = _in_turns(bare, ours, COLD_ROUNDS, 1, _spent)
        answered = _in_turns(bare, first, COLD_ROUNDS, 1, _spent)
    return [
        _row("cold import of the handler with a client, beside boto3 with a client", *imported, goal=1.5),
        # What an import leaves for later is not saved; this says how much that is.
        _row("the same and the first answer, `GET /auth/me`, beside boto3 with a client", *answered),
    ]


def _sizes() -> list[Row]:
    rows = []
    for name, platform in (("Lambda", LAMBDA), ("this machine", host_platform())):
        try:
            package = build_package(platform)
        except PackageError as error:
            rows.append(Row(name=f"package for {name}", figure=f"not built: {error}"))
            continue
        compiled = "without" if "-uncompiled-" in package.name else "with"
        size = package.stat().st_size / 1e6
        rows.append(Row(name=f"package for {name}", figure=f"{size:.1f} MB, {compiled} byte code"))
    return rows


def _through_the_edge() -> list[Row]:
    """Requests through CloudFront, API Gateway and Lambda of the twin, by several browsers at once."""
    try:
        twin = twins.read(whole=True)
        house = House(home=Path(twin.home).parent, settings=read_target(find_target("local")))
        token = sign_in(house, "buyer").id_token
    except Exception as error:  # noqa: BLE001 - no twin, or nothing deployed to it: the row says which
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return [Row(name="through the twin's edge", figure=f"not measured: {reason}")]
    return [
        _load("GET /health", partial(visitor(house).ask, "GET", "/health"), 200),
        _load("GET /auth/me", partial(visitor(house).ask, "GET", "/auth/me", token=token), 200),
        _load("GET /jobs", partial(visitor(house).ask, "GET", "/jobs"), 200),
    ]


def _load(name: str, ask: Callable[[], Any], status: int) -> Row:
    taken: list[float] = []
    # As many environments as there are clients are there before the first request that counts.
    _together(ask)
    until = time.perf_counter() + SECONDS

    def go() -> None:
        while time.perf_counter() < until:
            began = time.perf_counter()
            seen = ask().status
            if seen != status:
                raise RuntimeError(f"{name}: {status} was expected, and it was {seen}")
            taken.append(time.perf_counter() - began)

    _together(go)
    middle, last = statistics.median(taken) * 1000, statistics.quantiles(taken, n=100)[-1] * 1000
    figure = f"{len(taken) / SECONDS:.0f} a second, p50 {middle:.0f} ms, p99 {last:.0f} ms"
    return Row(name=f"`{name}` through the twin's edge, {CLIENTS} clients", figure=figure)


def _together(go: Callable[[], Any]) -> None:
    clients = [threading.Thread(target=go) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()


def _answer(app: APIGatewayRestResolver, kit: Kit, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a proxy's answer
    """What the handler does for each request, less the log line."""
    request = read_request(event, "bench")
    operation = find(request)
    admit(operation, request)
    given = proxy_event(request, body_text(request) if operation.has_body else None)
    return finish(app.resolve(given, _Context()), request, kit.settings.allowed_origins)


def _router(*, validated: bool) -> APIGatewayRestResolver:
    return Router(debug=False, enable_validation=validated, json_body_deserializer=read_object)


def _filled(make: Callable[[], APIGatewayRestResolver], count: int) -> APIGatewayRestResolver:
    """A resolver with so many routes that do nothing; the two that are asked come last, one of them with a body."""
    app = make()
    paths = [(each.method, each.path) for each in OPERATIONS if each.path not in {"/jobs", "/me/jobs"}]
    paths = (paths + [("GET", f"/further/{number}/<job_id>") for number in range(100)])[: count - 2]
    for method, path in paths:
        app.route(path, method)(lambda **_ids: {})

    @app.get("/me/jobs")
    def mine() -> dict[str, str]:
        return {}

    @app.post("/jobs")
    def post(body: Posted) -> dict[str, str]:
        return {"title": body.title}

    return app


def _right(call: Call) -> Call:
    """The call, if its answer is the one that is meant: to refuse takes another time than to answer."""
    seen = call()
    if seen["statusCode"] != HTTPStatus.OK:
        raise RuntimeError(f"200 was expected, and it was {seen['statusCode']}: {seen['body']}")
    return call


def _in_turns(
    base: Call, ours: Call, rounds: int = ROUNDS, calls: int = CALLS, clock: Callable[[], float] = time.process_time
) -> tuple[float, float]:
    """The least that each of the two takes, in seconds: they take turns, and what disturbs only ever adds."""
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for place, call in enumerate((base, ours)):
            began = clock()
            for _ in range(calls):
                call()
            best[place] = min(best[place], (clock() - began) / calls)
    return best[0], best[1]


def _row(name: str, base: float, ours: float, goal: float | None = None) -> Row:
    unit, factor = ("ms", 1e3) if base > 1e-2 else ("µs", 1e6)  # noqa: PLR2004 - from ten milliseconds on
    figure = f"{ours * factor:.0f} {unit} beside {base * factor:.0f} {unit}"
    return Row(name=name, figure=figure, ratio=ours / base, goal=goal)


def _process(program: str, environ: Mapping[str, str]) -> None:
    # Safe path: else the sources of the folder that this is run in would come before the package.
    subprocess.run(
        [sys.executable, "-P", "-S", "-c", program], env=dict(environ), check=True, stdout=subprocess.DEVNULL
    )


def _spent() -> float:
    """Processor time of the children that have ended: of a wall clock, others on the machine take their part."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _silent() -> Kit:
    """A kit whose log goes nowhere."""
    environ = {"AWS_REGION": "af-south-1", "ALLOWED_ORIGINS": "https://khaya.example", "SIGNING_KEY": SIGNING_KEY}
    kit = kit_from(environ, service="bench")
    return Kit(
        settings=kit.settings,
        connect=kit.connect,
        store=kit.store,
        keys=kit.keys,
        clock=kit.clock,
        log=Logger(service="bench-silent", stream=io.StringIO()),
        count=lambda _counts: None,
    )


def _event(method: str, path: str, body: object) -> dict[str, Any]:
    """A request as a REST API hands it to its function."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"content-type": "application/json", "origin": "https://khaya.example"},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "requestContext": {"requestId": "bench", "authorizer": {"claims": CLAIMS}},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


class _Context(LambdaContext):
    _aws_request_id = "bench"


os.environ.setdefault("AWS_DEFAULT_REGION", "af-south-1")
