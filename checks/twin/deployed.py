"""What a shell wants to know of what is deployed on the twin: the newest stack and the delegated domain."""

from __future__ import annotations

from checks.twin import registrar
from checks.twin.asking import TwinRefuses, ask_query
from checks.twin.state import Twin

_TOOLKIT = "CDKToolkit"
_VERSION = "2010-05-15"


def stack(twin: Twin) -> str:
    """The name of the newest stack in the twin's region, the CDK's own aside; empty when there is none."""
    try:
        told = ask_query(twin.access, "cloudformation", "DescribeStacks", _VERSION)
    except TwinRefuses:
        return ""
    found = [(each.findtext("CreationTime") or "", each.findtext("StackName") or "") for each in told.iter("member")]
    return max((pair for pair in found if pair[1] not in ("", _TOOLKIT)), default=("", ""))[1]


def domain(twin: Twin) -> str:
    """The domain that was registered first; empty when there is none."""
    return next(iter(registrar.delegations(twin.home)), "")
