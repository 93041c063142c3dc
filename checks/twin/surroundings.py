"""The environment of everything that is run for the twin: built from nothing, so that nothing can leak in.

A person's profile, endpoints, proxies and credentials files stay outside.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from checks.twin import deployed
from checks.twin.state import Twin

_SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin")


def bare(folder: Path) -> dict[str, str]:
    """What any program needs, and the doors that must stay shut; *folder* is the twin's."""
    return {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), *_SYSTEM_PATH)),
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Nobody may be sent through a proxy, not even by a tool that has one configured elsewhere.
        "NO_PROXY": "*",
        "no_proxy": "*",
    }


def environment(twin: Twin) -> dict[str, str]:
    """The environment for any command that is run against the twin, as its administrator."""
    return {**bare(twin.home), "AWS_PAGER": "", **_exports(twin), **_clients(twin)}


def env_lines(twin: Twin) -> str:
    """What a shell evaluates in order to reach the twin with its own tools; ends with a newline.

    Whatever else of AWS the calling shell has set is unset, since an endpoint of one service or a session token of a
    real account would otherwise win.
    """
    values = {**_exports(twin), **_clients(twin)}
    strangers = {name for name in os.environ if name.startswith("AWS_")} - values.keys()
    unset = sorted({"AWS_PROFILE", "AWS_SESSION_TOKEN", *strangers})
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([*lines, *(f"unset {name}" for name in unset)]) + "\n"


def _exports(twin: Twin) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": twin.endpoint,
        "AWS_ACCESS_KEY_ID": twin.access_key_id,
        "AWS_SECRET_ACCESS_KEY": twin.secret_access_key,
        "AWS_REGION": twin.region,
        "AWS_DEFAULT_REGION": twin.region,
        "TWIN_NAME": twin.name,
        "TWIN_STACK": deployed.stack(twin),
        "TWIN_DOMAIN": deployed.domain(twin),
        "TWIN_CA_BUNDLE": str(twin.ca_bundle),
        "TWIN_CA_SPKI": twin.ca_spki,
        "TWIN_EDGE": "{}:{}".format(*twin.edge),
        "TWIN_EDGE_HTTP": "{}:{}".format(*twin.edge_http),
        "TWIN_DNS": "{}:{}".format(*twin.dns),
    }


def _clients(twin: Twin) -> dict[str, str]:
    """Where SDKs and Node look for authorities, and where the twin is to be found by `twin run`'s own children."""
    return {
        "AWS_CA_BUNDLE": str(twin.ca_bundle),
        "NODE_EXTRA_CA_CERTS": str(twin.ca_bundle),
        "TWIN_HOME": str(twin.home.parent),
    }
