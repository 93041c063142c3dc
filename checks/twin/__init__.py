"""A local AWS with a TLS edge and a DNS of its own, to rehearse a deployment on.

    twin = up()
    subprocess.run(command, env=environment(twin))
    down()

It offers an endpoint, an edge and name servers; what is deployed on it is the caller's business.
"""

from __future__ import annotations

from checks.twin.asking import TwinRefuses
from checks.twin.life import Status, delegate, down, read, status, up
from checks.twin.registrar import BadDelegation
from checks.twin.renewal import reissue
from checks.twin.state import CannotStart, Twin, TwinIsDown
from checks.twin.surroundings import env_lines, environment

__all__ = [
    "BadDelegation", "CannotStart", "Status", "Twin", "TwinIsDown", "TwinRefuses", "delegate", "down", "env_lines",
    "environment", "read", "reissue", "status", "up",
]  # fmt: skip
