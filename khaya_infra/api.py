"""The REST API: which paths exist, which of them need a token, and what its own errors look like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_logs as logs
from constructs import Construct

from khaya_infra.routes import GATEWAY_ERRORS, ROUTES
from khaya_infra.shapes import nameless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_lambda as lambda_

    from khaya_infra.shapes import Body

STAGE = "prod"
RATE_PER_SECOND = 500
BURST = 1000


_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "extendedRequestId": "$context.extendedRequestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "latencyMs": "$context.responseLatency",
    "integrationMs": "$context.integrationLatency",
    "error": "$context.error.responseType",
    "subject": "$context.authorizer.claims.sub",
}


class Api(Construct):
    """Explicit routes with their authorizer, and a public catch-all so that an unknown path is a JSON 404."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        function: lambda_.IFunction,
        user_pool: cognito.IUserPool,
        client: cognito.IUserPoolClient,
        origins: Sequence[str],
        bodies: Mapping[tuple[str, str], Body],
    ) -> None:
        super().__init__(scope, construct_id)
        self.access_log = logs.LogGroup(
            self,
            "AccessLog",
            log_group_name=f"/{Stack.of(self).stack_name}/api-access",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.rest = self._rest(name)
        # RestApi adds this output by itself; the stack publishes the address under a name of its own.
        self.rest.node.try_remove_child("Endpoint")
        self._routes(function, self._authorizer(user_pool, client), self._models(bodies))
        self._gateway_errors(origins[0])

    def _rest(self, name: str) -> apigateway.RestApi:
        return apigateway.RestApi(
            self,
            "Rest",
            rest_api_name=name,
            description="The marketplace's API",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # Without this account-wide role API Gateway writes no log at all and does not say so.
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=RemovalPolicy.RETAIN,
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                throttling_rate_limit=RATE_PER_SECOND,
                throttling_burst_limit=BURST,
                metrics_enabled=True,
                tracing_enabled=True,
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                # Full request tracing would write tokens and personal data into the log.
                data_trace_enabled=False,
                access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(_ACCESS_LOG)),
            ),
        )

    def _authorizer(
        self, user_pool: cognito.IUserPool, client: cognito.IUserPoolClient
    ) -> apigateway.CognitoUserPoolsAuthorizer:
        authorizer = apigateway.CognitoUserPoolsAuthorizer(self, "Authorizer", cognito_user_pools=[user_pool])
        # Matched against the token's audience: without it every client of the pool would be let in.
        cast(
            "apigateway.CfnAuthorizer", authorizer.node.default_child
        ).identity_validation_expression = client.user_pool_client_id
        return authorizer

    def _models(self, bodies: Mapping[tuple[str, str], Body]) -> Mapping[tuple[str, str], apigateway.IModel]:
        deployment = cast("apigateway.Deployment", self.rest.latest_deployment)
        models: dict[tuple[str, str], apigateway.IModel] = {}
        for operation, body in sorted(bodies.items()):
            model = apigateway.CfnModel(
                self,
                f"{body.name}Body",
                rest_api_id=self.rest.rest_api_id,
                name=body.name,
                content_type="application/json",
                schema=body.shape,
            )
            # What a stage serves is a copy made by a deployment: another shape needs another one, after this model.
            deployment.node.add_dependency(model)
            deployment.add_to_logical_id({body.name: body.shape})
            models[operation] = apigateway.Model.from_model_name(self, f"{body.name}Model", model.ref)
        return models

    def _routes(
        self,
        function: lambda_.IFunction,
        authorizer: apigateway.CognitoUserPoolsAuthorizer,
        models: Mapping[tuple[str, str], apigateway.IModel],
    ) -> None:
        # One permission for the whole API: one per method would outgrow the size limit of a function policy.
        integration = apigateway.LambdaIntegration(function, proxy=True, scope_permission_to_method=False)
        resources = {route.path: self.rest.root.resource_for_path(route.path) for route in ROUTES}
        validator = self.rest.add_request_validator("Bodies", validate_request_body=True)
        for route in ROUTES:
            model = models.get((route.method, nameless(route.path)))
            resources[route.path].add_method(
                route.method,
                integration,
                request_models={"application/json": model} if model else None,
                request_validator=validator if model else None,
                authorizer=authorizer if route.protected else None,
                authorization_type=_authorization(protected=route.protected),
                request_parameters={f"method.request.querystring.{name}": True for name in route.demands} or None,
            )
        # The catch-all does not cover paths that have a resource of their own: preflights, and the 405 for a wrong
        # method, come from the code there as well. It knows no caller on this way, so it serves nothing protected.
        for resource in (self.rest.root, *_distinct(resources), self.rest.root.add_resource("{proxy+}")):
            resource.add_method("ANY", integration, authorization_type=apigateway.AuthorizationType.NONE)

    def _gateway_errors(self, apex: str) -> None:
        for kind, status, code, sentence in GATEWAY_ERRORS:
            self.rest.add_gateway_response(
                "".join(word.capitalize() for word in kind.split("_")),
                type=apigateway.ResponseType.of(kind),
                status_code=status or None,
                # A header here is one fixed value: the apex, where the edge sends every visitor.
                # Seen through the edge, all origins of ours are answered (see the API's headers policy there).
                response_headers={
                    "Access-Control-Allow-Origin": f"'{apex}'",
                    "Vary": "'Origin'",
                    "Cache-Control": "'no-store'",
                },
                templates={"application/json": _error_body(code, sentence)},
            )


def _distinct(resources: Mapping[str, apigateway.IResource]) -> list[apigateway.IResource]:
    return [resources[path] for path in sorted(resources)]


def _authorization(*, protected: bool) -> apigateway.AuthorizationType:
    return apigateway.AuthorizationType.COGNITO if protected else apigateway.AuthorizationType.NONE


def _error_body(code: str, sentence: str) -> str:
    error = {"code": code, "message": sentence, "details": [], "request_id": "$context.requestId"}
    return json.dumps({"error": error})
