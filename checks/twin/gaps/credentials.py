"""Who may ask."""

from __future__ import annotations

import json
import os

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service


def check_the_administrators_signature(_: Grounds) -> None:
    """Only the configured key is root, and its signature counts.

    MiniStack takes `test` and any account number for root and never checks root's signature, so that wrong
    credentials would look right.
    """
    evaluator = service("core.iam_evaluator")

    def only_the_configured_key(_original: Function) -> Function:
        def is_root_access_key(access_key_id: str) -> bool:
            # No key at all is somebody anonymous: refused before this is asked, but for buckets and APIs, which
            # decide about their visitors themselves.
            return access_key_id in ("", os.environ["AWS_ACCESS_KEY_ID"])

        return is_root_access_key

    def nobody(_original: Function) -> Function:
        # Asked only where a signature would be waived; the key still resolves to root afterwards.
        def is_root_key(access_key_id: str) -> bool:
            return not access_key_id

        return is_root_key

    replace(evaluator, "is_root_access_key", ("access_key_id",), only_the_configured_key)
    replace(evaluator, "_is_root_key", ("access_key_id",), nobody)


def sign_refusals_with_a_request_id(_: Grounds) -> None:
    """A refusal carries the id of its request, in the header where SDKs look.

    MiniStack sends it with answers alone, and a refusal without one looks as if a proxy had made it.
    """
    actions = service("core.iam_actions")

    def signed(original: Function) -> Function:
        def response(*args: Untyped, **kwargs: Untyped) -> Untyped:
            status, headers, body = original(*args, **kwargs)
            return status, {"x-amzn-requestid": args[at] if len(args) > at else kwargs["request_id"], **headers}, body

        return response

    parameters = (
        "service", "action", "principal_arn", "request_id", "error_code", "message", "headers", "resource_arn",
        "explicit_deny", "resource_policy_arn",
    )  # fmt: skip
    at = parameters.index("request_id")
    replace(actions, "access_denied_response", parameters, signed)


def ask_for_lambdas_actions_by_their_names(_: Grounds) -> None:
    """Reading a function's concurrency, alias or event configuration needs the permission to read it.

    MiniStack names these operations after the one that writes, so that a reader's role is refused.
    """
    actions = service("core.iam_actions")

    def named(original: Function) -> Function:
        def action(method: str, path: str) -> Untyped:
            parts = [part for part in path.split("/") if part]
            if parts[1:2] == ["event-source-mappings"] and parts[2:]:
                return _MAPPING.get(method)
            below = parts[parts.index("functions") + 1 :] if "functions" in parts else []
            return _LAMBDA.get((method, *below[1:2], *("*" for _ in below[2:]))) or original(method, path)

        return action

    replace(actions, "_lambda_action", ("method", "path"), named)


def ask_for_what_readers_name(_: Grounds) -> None:
    """An edge's or a table's policy, a backup plan or vault, a rule, alarms, log groups, web ACLs: each by its own ARN.

    MiniStack authorises reading them on everything there is, so that a role which may read these alone is refused.
    Source: Service Authorization Reference, resource types of the services; rules of the default bus have no bus.
    """
    actions = service("core.iam_actions")

    def named(original: Function) -> Function:
        def extract(service: str, method: str, path: str, headers: Untyped, *rest: Untyped) -> Untyped:
            found = original(service, method, path, headers, *rest)
            body, query_params, region, account_id = rest
            asked = f"{headers.get('x-amz-target', '')} {query_params.get('Action', '')} {path}"
            if found == "*" or "ListTargetsByRule" in asked or service == "wafv2":
                return _read_alone(service, path, asked, body, f"{region}:{account_id}") or found
            return found.replace(":rule/default/", ":rule/") if service == "events" else found

        return extract

    parameters = ("service", "method", "path", "headers", "body", "query_params", "region", "account_id")
    replace(actions, "extract_resource_arn", parameters, named)


def _read_alone(service: str, path: str, asked: str, body: bytes, place: str) -> str:  # noqa: PLR0911 - one line a service
    parts = [part for part in path.split("/") if part]
    if service == "backup":
        return _of_backup(parts, place)
    if service == "cloudfront" and parts[2:] and parts[1].endswith(("-policy", "-access-control")):
        return f"arn:aws:cloudfront::{place.partition(':')[2]}:{parts[1]}/{parts[2]}"
    if service == "events" and "ListTargetsByRule" in asked:
        told = json.loads(body)
        bus = told.get("EventBusName") or "default"
        return f"arn:aws:events:{place}:rule/{'' if bus == 'default' else f'{bus}/'}{told['Rule']}"
    if service == "monitoring" and "DescribeAlarms" in asked:
        return f"arn:aws:cloudwatch:{place}:alarm:*"
    if service == "dynamodb" and "ResourcePolicy" in asked:
        # All other requests name their table, this one its ARN.
        return str(json.loads(body).get("ResourceArn", ""))
    if service == "logs" and "DescribeLogGroups" in asked:
        return f"arn:aws:logs:{place}:log-group:*"
    return _of_firewalls(asked, body, place) if service == "wafv2" else ""


def _of_firewalls(asked: str, body: bytes, place: str) -> str:
    """A web ACL by its name and id; which one stands before a resource by that resource's own ARN."""
    told = json.loads(body) if ".GetWebACL" in asked else {}
    if "ResourceArn" in told:
        return str(told["ResourceArn"])
    where = "global" if told.get("Scope") == "CLOUDFRONT" else "regional"
    return f"arn:aws:wafv2:{place}:{where}/webacl/{told['Name']}/{told['Id']}" if "Id" in told else ""


def _of_backup(parts: list[str], place: str) -> str:
    """``/backup/plans/ID/…`` and ``/backup-vaults/NAME/…``; a list of either is of everything."""
    if parts[:2] == ["backup", "plans"] and parts[2:]:
        return f"arn:aws:backup:{place}:backup-plan:{parts[2]}"
    return f"arn:aws:backup:{place}:backup-vault:{parts[1]}" if parts[:1] == ["backup-vaults"] and parts[1:] else ""


def ask_for_what_is_of_no_region(_: Grounds) -> None:
    """A dashboard and a budget are each read by an ARN that names no region.

    MiniStack authorises reading them on everything there is. Source: as above.
    """
    actions = service("core.iam_actions")

    def named(original: Function) -> Function:
        def extract(service: str, *request: Untyped) -> Untyped:
            found = original(service, *request)
            word, shape = _OF_NO_REGION.get(service, ("", ""))
            body, query_params, _region, account = request[-4:]
            name = actions._param(body, query_params, word) if word and found == "*" else ""  # noqa: SLF001
            return shape.format(account=account, name=name) if name else found

        return extract

    parameters = ("service", "method", "path", "headers", "body", "query_params", "region", "account_id")
    replace(actions, "extract_resource_arn", parameters, named)


def ask_for_budgets_actions_by_their_names(_: Grounds) -> None:
    """Reading a budget needs budgets:ViewBudget, changing it budgets:ModifyBudget.

    MiniStack asks for the names of the operations, which are no actions (Service Authorization Reference, Budgets).
    """
    actions = service("core.iam_actions")

    def named(original: Function) -> Function:
        def action(asked: str, *args: Untyped) -> Untyped:
            found = original(asked, *args)
            if asked != "budgets" or not found:
                return found
            return "budgets:ViewBudget" if found.startswith("budgets:Describe") else "budgets:ModifyBudget"

        return action

    replace(actions, "extract_iam_action", ("service", "method", "path", "headers", "body", "query_params"), named)


_OF_NO_REGION = {
    "budgets": ("BudgetName", "arn:aws:budgets::{account}:budget/{name}"),
    "monitoring": ("DashboardName", "arn:aws:cloudwatch::{account}:dashboard/{name}"),
}
_MAPPING = {
    "GET": "GetEventSourceMapping",
    "PUT": "UpdateEventSourceMapping",
    "DELETE": "DeleteEventSourceMapping",
}
# Lambda API reference: method and what follows the function's name, "*" for a name of its own.
_LAMBDA = {
    ("GET", "concurrency"): "GetFunctionConcurrency",
    ("DELETE", "concurrency"): "DeleteFunctionConcurrency",
    ("GET", "provisioned-concurrency"): "GetProvisionedConcurrencyConfig",
    ("GET", "event-invoke-config"): "GetFunctionEventInvokeConfig",
    ("PUT", "event-invoke-config"): "PutFunctionEventInvokeConfig",
    ("DELETE", "event-invoke-config"): "DeleteFunctionEventInvokeConfig",
    ("PUT", "url"): "UpdateFunctionUrlConfig",
    ("DELETE", "url"): "DeleteFunctionUrlConfig",
    ("GET", "aliases", "*"): "GetAlias",
    ("PUT", "aliases", "*"): "UpdateAlias",
    ("DELETE", "aliases", "*"): "DeleteAlias",
}
