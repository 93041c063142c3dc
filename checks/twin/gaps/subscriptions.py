"""What CloudFormation makes and MiniStack leaves half said: subscriptions, and the CORS of HTTP APIs."""

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
