"""Is it up: the function alone (`/health`), or with everything that it stands on (`/health/deep`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from http import HTTPStatus

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types
from botocore.exceptions import BotoCoreError

from khaya_api.aws import asking
from khaya_api.errors import PartOut, describe
from khaya_api.keyring import PART as SIGNING
from khaya_api.kit import Kit
from khaya_api.models import DeepHealth, Health, Part, Root
from khaya_api.settings import TABLES, Settings

SERVICE = "khaya-api"
DEADLINE_SECONDS = 4.0
# Ours to repair, whoever's service it is: never set, deleted, or a permission short.
_OUR_DOING = frozenset({"not configured", "missing", "refused"})

Look = Callable[[], None]


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the routes of health."""
    shallow = health(kit.settings)

    @app.get("/", tags=["health"], summary="What this is")
    def root() -> Root:
        return Root(service=SERVICE, version=kit.settings.version, health="health")

    @app.get("/health", tags=["health"], summary="The function runs, and which release it is")
    def lively() -> Health:
        return shallow

    @app.get("/health/deep", tags=["health"], summary="Everything the API stands on")
    def deeply() -> Response[DeepHealth]:
        report = deep_health(kit)
        status = HTTPStatus.SERVICE_UNAVAILABLE if report.status == "out" else HTTPStatus.OK
        return Response(status_code=status, content_type=content_types.APPLICATION_JSON, body=report)


def health(settings: Settings) -> Health:
    """What was known when the function started; asks nobody, so it costs nothing and cannot change."""
    return Health(
        status="ok",
        service=SERVICE,
        version=settings.version,
        git_sha=settings.git_sha,
        region=settings.region,
        stage=settings.stage,
    )


def deep_health(kit: Kit, deadline: float = DEADLINE_SECONDS) -> DeepHealth:
    """Look at every part at once; whoever has not answered after `deadline` seconds is out."""
    own, borrowed = own_parts(kit), borrowed_parts(kit)
    seen = _look_at({**own, **borrowed}, kit, deadline)
    return DeepHealth(
        status=_status({name: seen[name] for name in own}, {name: seen[name] for name in borrowed}),
        version=kit.settings.version,
        git_sha=kit.settings.git_sha,
        own={name: seen[name] for name in own},
        borrowed={name: seen[name] for name in borrowed},
    )


def own_parts(kit: Kit) -> dict[str, Look]:
    """What this project deploys: the nine tables, the bucket, the signing key, the list of origins."""
    tables: dict[str, Look] = {noun: partial(kit.store.touch, noun) for noun in TABLES}
    rest = {"storage": _see_storage, SIGNING: _see_signing, "origins": _see_origins}
    return tables | {name: partial(look, kit) for name, look in rest.items()}


def borrowed_parts(kit: Kit) -> dict[str, Look]:
    """What somebody else runs for us: their bad day is not repaired by rolling back our release."""
    return {"sign-in": partial(_see_sign_in, kit)}


def _status(own: Mapping[str, Part], borrowed: Mapping[str, Part]) -> str:
    if any(part.status == "out" for part in own.values()):
        return "out"
    if any(part.reason in _OUR_DOING for part in borrowed.values()):
        return "out"
    return "degraded" if any(part.status == "out" for part in borrowed.values()) else "ok"


def _look_at(looks: Mapping[str, Look], kit: Kit, deadline: float) -> dict[str, Part]:
    # Making them is not safe in threads; what cannot be made says so again in its own look.
    signing = ["secretsmanager"] if kit.settings.signing_secret else []
    with suppress(BotoCoreError):
        for service in ["dynamodb", "s3", "cognito-idp", *signing]:
            kit.connect(service)
    pool = ThreadPoolExecutor(max_workers=len(looks))
    started = {name: pool.submit(_time, look) for name, look in looks.items()}
    wait(started.values(), timeout=deadline)
    # Not waiting: a look that hangs would make this answer hang with it.
    pool.shutdown(wait=False, cancel_futures=True)
    return {name: _judge(name, future, kit, deadline) for name, future in started.items()}


def _time(look: Look) -> int:
    began = time.perf_counter()
    look()
    return round((time.perf_counter() - began) * 1000)


def _judge(name: str, future: Future[int], kit: Kit, deadline: float) -> Part:
    if not future.done() or future.cancelled():
        return Part(status="out", reason="no answer", ms=round(deadline * 1000))
    error = future.exception()
    if error is None:
        return Part(status="ok", ms=future.result())
    kit.log.error("part out", looked_at=name, extra=describe(error))
    return Part(status="out", reason=error.reason if isinstance(error, PartOut) else "error", ms=0)


def _see_storage(kit: Kit) -> None:
    if not kit.settings.storage_bucket:
        raise PartOut("storage", "not configured")
    with asking("storage"):
        kit.connect("s3").head_bucket(Bucket=kit.settings.storage_bucket)


def _see_sign_in(kit: Kit) -> None:
    pool, client = kit.settings.user_pool, kit.settings.user_pool_client
    if not pool or not client:
        raise PartOut("sign-in", "not configured")
    with asking("sign-in"):
        kit.connect("cognito-idp").describe_user_pool_client(UserPoolId=pool, ClientId=client)


def _see_signing(kit: Kit) -> None:
    kit.keys.keys()


def _see_origins(kit: Kit) -> None:
    if "ALLOWED_ORIGINS" in kit.settings.problems:
        raise PartOut("origins", "not configured")
