"""From a plan to the least privilege that it needs."""

from checks.model import Check, Place, Sight, Verdict, promise
from checks.permissions import RESOLVING, actions, policy


def _sight() -> Sight:
    return Sight(look=lambda _: None, judge=lambda *_: Verdict.passed(expected="", actual=""))


@promise("tables.present", says="", severity="critical", instrument="aws", actions=("dynamodb:DescribeTable",))
def present() -> Sight:
    """A table is there."""
    return _sight()


@promise("dns.zone", says="", severity="critical", instrument="aws", actions=("route53:ListHostedZonesByName",))
def zone() -> Sight:
    """One zone."""
    return _sight()


@promise(
    "firewalls.attached",
    says="",
    severity="warning",
    instrument="aws",
    actions=("wafv2:GetWebACLForResource", "wafv2:GetWebACL"),
)
def before() -> Sight:
    """A web ACL stands before something."""
    return _sight()


def _granted(checks: list[Check], stacks: tuple[str, ...] = ()) -> dict[str, list[str]]:
    statements = policy(checks, stacks=stacks)["Statement"]
    assert isinstance(statements, list)
    return {action: each["Resource"] for each in statements for action in each["Action"]}


def test_an_action_is_granted_on_the_resources_of_its_checks_alone() -> None:
    """Two tables are read, so two ARNs are named and nothing else."""
    granted = _granted([present(Place(subject=x, resources=(f"arn:{x}",))) for x in ("a", "b")])

    assert ["arn:a", "arn:b"] == granted["dynamodb:DescribeTable"]


def test_an_action_without_a_resource_type_is_granted_on_everything() -> None:
    """IAM would deny it otherwise, whatever ARN is named."""
    granted = _granted([zone(Place(subject="e.org", resources=("arn:zone",)))])

    assert ["*"] == granted["route53:ListHostedZonesByName"]


def test_a_check_that_names_no_resource_widens_its_action() -> None:
    """Better too wide and seen than a check that cannot look."""
    granted = _granted([present(Place(subject="a", resources=("arn:a",))), present(Place(subject="b"))])

    assert ["*"] == granted["dynamodb:DescribeTable"]


def test_what_stands_before_a_thing_of_another_service_is_asked_of_both() -> None:
    """The reference lists both for the action; the other actions of the check go to their own services."""
    arns = ("arn:aws:apigateway:r::/restapis/a/stages/s", "arn:aws:wafv2:r:1:regional/webacl/*/*")
    granted = _granted([before(Place(subject="a", resources=arns))])

    assert (sorted(arns), [arns[1]]) == (granted["wafv2:GetWebACLForResource"], granted["wafv2:GetWebACL"])


def test_resolving_the_target_is_part_of_every_policy() -> None:
    """Without its stacks there is no plan."""
    granted = _granted([], stacks=("arn:stack",))

    assert {action: ["arn:stack"] for action in RESOLVING} == granted


def test_the_actions_of_a_catalogue_are_listed_once_and_sorted() -> None:
    """The twin's scoped role is made from this list."""
    assert sorted({*RESOLVING, "dynamodb:DescribeTable", "route53:ListHostedZonesByName"}) == list(
        actions([zone, present, present])
    )
