"""Types that MiniStack's services know and its CloudFormation does not: each stack that has one would be refused."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from http import HTTPStatus

from checks.twin.gaps.patching import Function, Grounds, Untyped, add_handlers, service, store

Props = dict[str, Untyped]


def create_composite_alarms(_: Grounds) -> None:
    """AWS::CloudWatch::CompositeAlarm becomes a real one: `Ref` gives the name, its rule is checked and evaluated.

    MiniStack refuses the type, although its CloudWatch has composite alarms.
    """
    cloudwatch = service("services.cloudwatch")
    alarms = store(cloudwatch, "_composite_alarms")

    def put(name: str, props: Props) -> tuple[str, Props]:
        answer = cloudwatch._put_composite_alarm({}, {**props, "AlarmName": name}, False, True)  # noqa: FBT003, SLF001
        _expect_success(answer, f"AWS::CloudWatch::CompositeAlarm {name}")
        return name, {"Arn": alarms[name]["AlarmArn"]}

    def create(logical_id: str, props: Props, stack_name: str) -> tuple[str, Props]:
        return put(props.get("AlarmName") or _physical_name(stack_name, logical_id), props)

    def update(physical_id: str, _old: Props, new: Props, _stack_name: str) -> tuple[str, Props]:
        return put(new.get("AlarmName") or physical_id, new)

    def delete(physical_id: str, _props: Props) -> None:
        alarms.pop(physical_id, None)

    add_handlers("AWS::CloudWatch::CompositeAlarm", {"create": create, "update": update, "delete": delete})


def create_budgets(_: Grounds) -> None:
    """AWS::Budgets::Budget becomes a real one: `Ref` gives the name; an amount, a number here, is text in the API.

    MiniStack refuses the type, although it has the Budgets API.
    """
    budgets = service("services.budgets")

    def put(name: str, props: Props) -> tuple[str, Props]:
        budget = {**props["Budget"], "BudgetName": name}
        if isinstance(budget.get("BudgetLimit"), Mapping):
            budget["BudgetLimit"] = {**budget["BudgetLimit"], "Amount": str(budget["BudgetLimit"].get("Amount", ""))}
        told = {"Budget": budget, "NotificationsWithSubscribers": props.get("NotificationsWithSubscribers") or []}
        _expect_success(budgets._create_budget(told), f"AWS::Budgets::Budget {name}")  # noqa: SLF001
        return name, {}

    def create(logical_id: str, props: Props, stack_name: str) -> tuple[str, Props]:
        return put(props["Budget"].get("BudgetName") or _physical_name(stack_name, logical_id), props)

    def update(physical_id: str, _old: Props, new: Props, _stack_name: str) -> tuple[str, Props]:
        delete(physical_id, {})
        return put(new["Budget"].get("BudgetName") or physical_id, new)

    def delete(physical_id: str, _props: Props) -> None:
        budgets._delete_budget({"BudgetName": physical_id})  # noqa: SLF001

    add_handlers("AWS::Budgets::Budget", {"create": create, "update": update, "delete": delete})


def create_identity_providers(_: Grounds) -> None:
    """AWS::IAM::OIDCProvider becomes a real one: `Ref` gives the ARN, lists follow an update, another URL replaces.

    MiniStack refuses the type, although its IAM has such providers.
    """
    iam = service("services.iam")
    providers = store(iam, "_oidc_providers")

    def create(logical_id: str, props: Props, _stack_name: str) -> tuple[str, Props]:
        form = {"Url": props.get("Url", "")}
        for name, member in (("ClientIdList", "ClientIDList"), ("ThumbprintList", "ThumbprintList")):
            for number, value in enumerate(props.get(name) or [], start=1):
                form[f"{member}.member.{number}"] = value
        _expect_success(iam._create_oidc_provider(form), f"AWS::IAM::OIDCProvider {logical_id}")  # noqa: SLF001
        arn = next(arn for arn, provider in providers.items() if provider["Url"] == form["Url"])
        return arn, {"Arn": arn}

    def update(physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str) -> tuple[str, Props]:
        if old.get("Url") != new.get("Url"):
            return create(logical_id, new, stack_name)
        providers[physical_id].update(
            ClientIDList=new.get("ClientIdList") or [], ThumbprintList=new.get("ThumbprintList") or []
        )
        return physical_id, {"Arn": physical_id}

    def delete(physical_id: str, _props: Props) -> None:
        providers.pop(physical_id, None)

    added: dict[str, Function | bool] = {"create": create, "update": update, "delete": delete}
    add_handlers("AWS::IAM::OIDCProvider", {**added, "update_with_logical_id": True})


def put_firewalls_before_resources(_: Grounds) -> None:
    """AWS::WAFv2::WebACLAssociation becomes a real one: `Ref` gives `resource|web ACL`, another replaces it.

    MiniStack refuses the type, although its WAF knows which web ACL stands before what.
    """
    waf = service("services.waf")
    standing = store(waf, "_associations")

    def create(_logical_id: str, props: Props, _stack_name: str) -> tuple[str, Props]:
        made = f"{props.get('ResourceArn')}|{props.get('WebACLArn')}"
        _expect_success(waf._associate_web_acl(props), f"AWS::WAFv2::WebACLAssociation {made}")  # noqa: SLF001
        return made, {}

    def update(physical_id: str, _old: Props, new: Props, stack_name: str) -> tuple[str, Props]:
        delete(physical_id, {})
        return create("", new, stack_name)

    def delete(physical_id: str, _props: Props) -> None:
        resource, _, acl = physical_id.partition("|")
        if standing.get(resource) == acl:
            del standing[resource]

    add_handlers("AWS::WAFv2::WebACLAssociation", {"create": create, "update": update, "delete": delete})


def _expect_success(answer: tuple[int, Untyped, Untyped], what: str) -> None:
    status, _, body = answer
    if status >= HTTPStatus.BAD_REQUEST:
        text = body.decode() if isinstance(body, bytes) else str(body)
        with contextlib.suppress(ValueError):
            text = json.loads(text).get("message") or text
        raise ValueError(f"{what}: {text}")


def _physical_name(stack_name: str, logical_id: str) -> str:
    name: str = service("services.cloudformation.provisioners")._physical_name(stack_name, logical_id, max_len=100)  # noqa: SLF001
    return name
