"""How logs get from a service to a bucket: MiniStack's Logs API knows deliveries, its CloudFormation does not."""

from __future__ import annotations

import json
from http import HTTPStatus

from checks.twin.gaps.patching import Function, Grounds, Untyped, add_handlers, service, store

Props = dict[str, Untyped]


def create_log_deliveries(_: Grounds) -> None:
    """AWS::Logs::DeliverySource, DeliveryDestination and Delivery become real ones, told by the API as by the template.

    MiniStack refuses the three types. Nothing is delivered by them, as by those made through the API.
    """
    logs = service("services.cloudwatch_logs")
    _sources(logs)
    _destinations(logs)
    _deliveries(logs)


def _sources(logs: Untyped) -> None:
    kept = store(logs, "_delivery_sources")

    def put(_logical_id: str, props: Props, _stack_name: str) -> tuple[str, Props]:
        name = str(props["Name"])
        told = {"name": name, "resourceArn": props.get("ResourceArn"), "logType": props.get("LogType")}
        _ask(logs._put_delivery_source, told)  # noqa: SLF001
        return name, {"Arn": kept[name]["arn"], "Service": kept[name]["service"], "ResourceArns": told["resourceArn"]}

    _teach("AWS::Logs::DeliverySource", put, lambda name: kept.pop(name, None))


def _destinations(logs: Untyped) -> None:
    kept = store(logs, "_delivery_destinations")

    def put(_logical_id: str, props: Props, _stack_name: str) -> tuple[str, Props]:
        name = str(props["Name"])
        told = {
            "name": name,
            "outputFormat": props.get("OutputFormat", "json"),
            "deliveryDestinationConfiguration": {"destinationResourceArn": props.get("DestinationResourceArn")},
        }
        _ask(logs._put_delivery_destination, told)  # noqa: SLF001
        return name, {"Arn": kept[name]["arn"], "DeliveryDestinationType": kept[name]["deliveryDestinationType"]}

    _teach("AWS::Logs::DeliveryDestination", put, lambda name: kept.pop(name, None))


def _deliveries(logs: Untyped) -> None:
    kept = store(logs, "_deliveries")

    def put(_logical_id: str, props: Props, _stack_name: str) -> tuple[str, Props]:
        wanted = (props.get("DeliverySourceName"), props.get("DeliveryDestinationArn"))
        for name, each in list(kept.items()):
            if (each["deliverySourceName"], each["deliveryDestinationArn"]) == wanted:
                del kept[name]
        answer = _ask(
            logs._create_delivery,  # noqa: SLF001
            {"deliverySourceName": wanted[0], "deliveryDestinationArn": wanted[1]},
        )
        name = str(answer["delivery"]["id"])
        return name, {"Arn": kept[name].get("arn", ""), "DeliveryId": name}

    _teach("AWS::Logs::Delivery", put, lambda name: kept.pop(name, None))


def _teach(resource_type: str, put: Function, forget: Function) -> None:
    def update(_physical_id: str, _old: Props, new: Props, stack_name: str) -> tuple[str, Props]:
        changed: tuple[str, Props] = put("", new, stack_name)
        return changed

    def delete(physical_id: str, _props: Props) -> None:
        forget(physical_id)

    add_handlers(resource_type, {"create": put, "update": update, "delete": delete})


def _ask(call: Function, told: Props) -> Props:
    status, _, body = call(told)
    answer: Props = json.loads(body)
    if status >= HTTPStatus.BAD_REQUEST:
        raise ValueError(f"CloudWatch Logs: {answer.get('message', answer)}")
    return answer
