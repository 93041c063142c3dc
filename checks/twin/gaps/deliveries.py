"""What CloudFormation makes and MiniStack leaves half said: subscriptions, schedules, the CORS of HTTP APIs."""

from __future__ import annotations

from checks.twin.gaps.patching import Function, Grounds, Untyped, service, store, wrap_handler

Props = dict[str, Untyped]


def describe_subscriptions_of_stacks(_: Grounds) -> None:
    """A subscription that a stack made answers GetSubscriptionAttributes like one that was made by hand.

    MiniStack keeps protocol, endpoint, topic and confirmation beside the attributes that it answers with.
    """
    sns = service("services.sns")
    topics, homes = store(sns, "_topics"), store(sns, "_sub_arn_to_topic")

    def described(original: Function) -> Function:
        def create(logical_id: str, props: Props, stack_name: str) -> Untyped:
            arn, attributes = original(logical_id, props, stack_name)
            topic = topics.get(homes.get(arn, "")) or {"subscriptions": []}
            for one in topic["subscriptions"]:
                if one["arn"] == arn:
                    one["attributes"] = {**_of_subscription(one), **one["attributes"]}
            return arn, attributes

        return create

    wrap_handler("AWS::SNS::Subscription", "create", described)


def keep_time_zones_of_schedules(_: Grounds) -> None:
    """A schedule of a stack has the time zone, the beginning and the end of its template.

    MiniStack's provisioner leaves them out, so that every schedule is one in UTC without an end.
    """
    schedules = store(service("services.scheduler"), "_schedules")

    def keep(name: str, props: Props) -> None:
        schedule = schedules.get(f"{props.get('GroupName', 'default')}/{name}")
        if schedule is not None:
            schedule["ScheduleExpressionTimezone"] = props.get("ScheduleExpressionTimezone") or "UTC"
            schedule.update({key: props[key] for key in ("StartDate", "EndDate") if key in props})

    def created(original: Function) -> Function:
        def create(logical_id: str, props: Props, stack_name: str) -> Untyped:
            name, attributes = original(logical_id, props, stack_name)
            keep(name, props)
            return name, attributes

        return create

    def updated(original: Function) -> Function:
        def update(physical_id: str, old: Props, new: Props, stack_name: str) -> Untyped:
            name, attributes = original(physical_id, old, new, stack_name)
            keep(name, new)
            return name, attributes

        return update

    wrap_handler("AWS::Scheduler::Schedule", "create", created)
    wrap_handler("AWS::Scheduler::Schedule", "update", updated)


def spell_cors_of_http_apis(_: Grounds) -> None:
    """The CORS configuration of a stack's HTTP API is answered, and obeyed, in the spelling of the API.

    MiniStack keeps it in that of the template (``AllowOrigins``), which no reader of it knows.
    """
    apis = store(service("services.apigateway"), "_apis")

    def spelt(original: Function) -> Function:
        def act(physical_id: str, *args: Untyped, **kwargs: Untyped) -> Untyped:
            made, attributes = original(physical_id, *args, **kwargs)
            api = apis.get(made) or {}
            if cors := api.get("corsConfiguration"):
                api["corsConfiguration"] = {key[:1].lower() + key[1:]: value for key, value in cors.items()}
            return made, attributes

        return act

    wrap_handler("AWS::ApiGatewayV2::Api", "create", spelt)
    wrap_handler("AWS::ApiGatewayV2::Api", "update", spelt)


def _of_subscription(one: Props) -> Props:
    confirmed = "true" if one.get("confirmed") else "false"
    return {
        "SubscriptionArn": one["arn"],
        "TopicArn": one["topic_arn"],
        "Protocol": one["protocol"],
        "Endpoint": one["endpoint"],
        "Owner": one["owner"],
        "ConfirmationWasAuthenticated": confirmed,
        "PendingConfirmation": "false" if one.get("confirmed") else "true",
    }
