"""How AWS is reached: whose credentials, which endpoint, which trust, and how patiently."""

from __future__ import annotations

import functools
import logging
import os
import ssl
from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from pathlib import Path
from typing import Any

from checks import __version__
from checks.frozen import dataclass
from checks.model import CannotLook
from checks.world.aws.connections import Connections
from checks.world.aws.known import known_loader

_NOWHERE = logging.NullHandler()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An access key given outright. Its secrets are not part of its repr."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How patient one question is.

    *connect* and *read* are the socket's time-outs; a body that drips keeps within them for ever, therefore *question*
    is a wall clock over everything that one question asks, its retries and pages included (waiting for our own turn,
    so as not to be throttled, is not counted). *attempts* are those of one call. *connections* are kept to each
    host; they must outnumber the threads that ask, or urllib3 throws connections away and complains on stderr.
    """

    connect: timedelta = timedelta(seconds=3)
    read: timedelta = timedelta(seconds=5)
    question: timedelta = timedelta(seconds=10)
    attempts: int = 3
    connections: int = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The way to one account.

    An *endpoint* (a local AWS) is asked for everything; then *credentials* alone count: no environment variable,
    profile, configuration file, metadata service or proxy is looked at. Without it botocore's usual chain applies.
    *role_arn* is assumed with either. *ssl_context* is used by all connections; otherwise one is made from
    *ca_bundle*, or from the bundle that botocore would use.
    """

    endpoint: str = ""
    ca_bundle: Path | None = None
    ssl_context: ssl.SSLContext | None = None
    credentials: Credentials | None = None
    role_arn: str = ""
    limits: Limits = Limits()


class _Given:
    """A credential provider that knows one answer, in the shape that a botocore session asks for."""

    def __init__(self, credentials: object) -> None:
        self._credentials = credentials

    def load_credentials(self) -> object:
        return self._credentials


class Clients:
    """Makes botocore clients, all of one session; not thread-safe, because botocore's loading is not.

    They know what this package asks of AWS, and with *whole* everything that botocore knows.
    """

    def __init__(self, access: Access, home: str, *, whole: bool = False) -> None:
        self._access = access
        self._whole = whole
        self._connections: Connections | None = None
        self._base = _open_session(access, whole=whole)
        # Who asks, put together once: botocore otherwise does it twice for every request.
        self._config = _config(access, f"checks/{__version__} {self._base.user_agent()}")
        # Asked once: where nothing is found, a session asks the metadata service again for each client.
        self._base.register_component("credential_provider", _Given(self._base.get_credentials()))
        self._session = self._base
        if access.role_arn:
            self._session = self._assumed(home)

    def make(self, service: str, region: str) -> Any:  # noqa: ANN401 - botocore makes its client classes at run time
        """A client of *service* in *region*."""
        return self._make(self._session, service, region)

    def _make(self, session: Any, service: str, region: str) -> Any:  # noqa: ANN401 - see make
        bundle = self._bundle()
        client = session.create_client(
            service,
            region_name=region,
            endpoint_url=self._access.endpoint or None,
            verify=bundle,
            config=self._config,
        )
        self._kept(bundle).share(client)
        return client

    def _assumed(self, home: str) -> Any:  # noqa: ANN401 - a botocore session
        from botocore.credentials import DeferredRefreshableCredentials

        sts = self._make(self._base, "sts", home)
        session = _open_session(self._access, whole=self._whole)
        credentials = DeferredRefreshableCredentials(
            refresh_using=lambda: _assume(sts, self._access.role_arn), method="assume-role"
        )
        session.register_component("credential_provider", _Given(credentials))
        return session

    def _bundle(self) -> str:
        from botocore.httpsession import get_cert_path

        if self._access.ca_bundle:
            return str(self._access.ca_bundle)
        configured = self._base.get_config_variable("ca_bundle")
        if not configured and not self._access.endpoint:
            configured = os.environ.get("REQUESTS_CA_BUNDLE")  # botocore honours it too
        return str(configured or get_cert_path(True))  # noqa: FBT003 - botocore's own signature

    def _kept(self, bundle: str) -> Connections:
        if self._connections is None:
            self._connections = Connections(self._access.ssl_context or _trust(bundle))
        return self._connections


def _trust(bundle: str) -> ssl.SSLContext:
    # Not create_default_context: it writes session keys to a file that the environment names (SSLKEYLOGFILE).
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=bundle)
    except OSError as error:
        raise CannotLook(
            f"the authorities in {bundle} cannot be read: {error.strerror or error}", final=True
        ) from error
    return context


def _open_session(access: Access, *, whole: bool) -> Any:  # noqa: ANN401 - a botocore session
    import botocore.session

    # What went wrong is said in our own words, once; its logger would otherwise print tracebacks to a terminal.
    logging.getLogger("botocore").addHandler(_NOWHERE)
    if not access.endpoint:
        session = botocore.session.Session()
        # AWS_STS_REGIONAL_ENDPOINTS=legacy gives tokens that regions which must be enabled first do not accept.
        session.set_config_variable("sts_regional_endpoints", "regional")
    else:
        session = botocore.session.Session(session_vars=_deaf_variables())
        session.register_component("credential_provider", _Given(None))
    session.register_component("data_loader", _loader(session.get_config_variable("data_path"), whole=whole))
    _lighten(session)
    if access.credentials:
        session.register_component("credential_provider", _Given(static(access.credentials)))
    return session


@functools.cache
def _loader(data_path: str | None, *, whole: bool) -> Any:  # noqa: ANN401 - a botocore loader
    """The descriptions of the services, read once in a process: they are half of what a client costs."""
    from botocore.loaders import create_loader

    return create_loader(data_path or None) if whole else known_loader(data_path or "")


def _lighten(session: Any) -> None:  # noqa: ANN401 - a botocore session
    """Drop what is never of use here and costs at each new client, or at the first call of each operation.

    The handlers that only write documentation are a third of what each client copies. And every name of an event is
    held against a hundred names that services had before, of which botocore's own clients use none: its own handlers
    are registered by now, and ours name no service.

    Where the inside is not what it was when this was written (botocore 1.43), nothing is touched.
    """
    aliaser = session.get_component("event_emitter")
    if isinstance(getattr(aliaser, "_event_aliases", None), dict):
        aliaser._event_aliases = {}  # noqa: SLF001 - the reason is in the docstring
    root = getattr(getattr(getattr(aliaser, "_emitter", None), "_handlers", None), "_root", None)
    if isinstance(root, dict) and isinstance(root.get("children"), dict):
        root["children"].pop("docs", None)


def _deaf_variables() -> dict[str, Any]:
    """The settings of botocore, each without its environment variable, and the files of settings empty."""
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as VARIABLES

    deaf = {name: (None, None, default, cast) for name, (_, _, default, cast) in VARIABLES.items()}
    for file in ("config_file", "credentials_file"):
        deaf[file] = (None, None, os.devnull, None)
    return deaf


def _config(access: Access, agent: str) -> Any:  # noqa: ANN401 - botocore's Config
    from botocore.config import Config

    limits = access.limits
    return Config(
        user_agent=agent,
        connect_timeout=limits.connect.total_seconds(),
        read_timeout=limits.read.total_seconds(),
        max_pool_connections=limits.connections,
        retries={"mode": "standard", "total_max_attempts": limits.attempts},
        proxies={} if access.endpoint else None,
        # An endpoint of one's own has one name, and none for each bucket.
        s3={"addressing_style": "path"} if access.endpoint else None,
    )


def static(credentials: Credentials) -> object:
    """The same key in botocore's own words."""
    from botocore.credentials import Credentials as Static

    return Static(credentials.access_key_id, credentials.secret_access_key, credentials.session_token or None)


def _assume(sts: Any, role_arn: str) -> Mapping[str, str]:  # noqa: ANN401 - botocore makes its client classes at run time
    given = sts.assume_role(RoleArn=role_arn, RoleSessionName="checks")["Credentials"]
    return {
        "access_key": given["AccessKeyId"],
        "secret_key": given["SecretAccessKey"],
        "token": given["SessionToken"],
        "expiry_time": given["Expiration"].isoformat(),
    }
