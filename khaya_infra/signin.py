"""Sign-in by code: what the user pool calls at each step, each with a role of its own that can do its step alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from constructs import Construct

from khaya_infra.functions import ServiceFunction, Size
from khaya_infra.grants import Grant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_secretsmanager as secretsmanager

    from khaya_infra.grants import Grants
    from khaya_infra.settings import Carriers

# Cognito waits five seconds for a trigger, and cannot be told to wait longer.
STEP_SIZE = Size(memory_mb=512, seconds=5)

_USERS: Grants = {"Users": Grant(actions=("GetItem", "PutItem", "UpdateItem"))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One trigger of the user pool: the operation, what its function may do, and what it has to be told.

    `pool` names actions on the user pool itself; `signs` is for who reads the signing key, `carries` for who sends.
    """

    operation: cognito.UserPoolOperation
    name: str
    purpose: str
    tables: Grants = field(default_factory=dict)
    pool: tuple[str, ...] = ()
    signs: bool = False
    carries: bool = False


STEPS: tuple[Step, ...] = (
    Step(
        operation=cognito.UserPoolOperation.PRE_SIGN_UP,
        name="PreSignUp",
        purpose="Sign-up: one spelling of a phone number",
    ),
    Step(
        operation=cognito.UserPoolOperation.POST_CONFIRMATION,
        name="PostConfirmation",
        purpose="Sign-up: the group and the row of a new user",
        tables=_USERS,
        pool=("cognito-idp:AdminAddUserToGroup",),
    ),
    Step(
        operation=cognito.UserPoolOperation.DEFINE_AUTH_CHALLENGE,
        name="DefineAuthChallenge",
        purpose="Sign-in: whether to ask, to let in or to refuse",
    ),
    Step(
        operation=cognito.UserPoolOperation.CREATE_AUTH_CHALLENGE,
        name="CreateAuthChallenge",
        purpose="Sign-in: draws and sends a code",
        tables={"Referrals": Grant(actions=("PutItem",))},
        pool=("cognito-idp:AdminListGroupsForUser",),
        signs=True,
        carries=True,
    ),
    Step(
        operation=cognito.UserPoolOperation.VERIFY_AUTH_CHALLENGE_RESPONSE,
        name="VerifyAuthChallenge",
        purpose="Sign-in: whether an answer is the code",
        tables={"Referrals": Grant(actions=("GetItem", "UpdateItem"))},
        signs=True,
    ),
    Step(
        operation=cognito.UserPoolOperation.POST_AUTHENTICATION,
        name="PostAuthentication",
        purpose="Sign-in: notes that somebody did",
        tables=_USERS,
    ),
)


class SignIn(Construct):
    """The functions by step (`steps["CreateAuthChallenge"]`), and where codes of synthetic users are put."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: lambda_.Code,
        environment: Mapping[str, str],
        tables: Mapping[str, dynamodb.Table],
        signing: secretsmanager.ISecret,
        carriers: Carriers,
    ) -> None:
        super().__init__(scope, construct_id)
        # Of this stack alone, so that the canary of one stage reads no code of another.
        self.synthetic_prefix = f"/{Stack.of(self).stack_name}/synthetic"
        self._carriers = carriers
        self.steps = {step.name: self._function(step, code, environment, tables, signing) for step in STEPS}

    def serve(self, pool: cognito.UserPool) -> None:
        """Let `pool` call each step, and the steps ask `pool` what they need to know."""
        for step in STEPS:
            function = self.steps[step.name]
            pool.add_trigger(step.operation, function.live)
            if step.pool:
                # In a policy that no function waits for: the pool names its functions, so none can need the pool.
                iam.Policy(
                    function,
                    "PoolPolicy",
                    roles=[function.role],
                    statements=[iam.PolicyStatement(actions=list(step.pool), resources=[pool.user_pool_arn])],
                )

    def _function(
        self,
        step: Step,
        code: lambda_.Code,
        environment: Mapping[str, str],
        tables: Mapping[str, dynamodb.Table],
        signing: secretsmanager.ISecret,
    ) -> ServiceFunction:
        variables = {f"{noun.upper()}_TABLE": tables[noun].table_name for noun in step.tables}
        # Its name alone: the key itself is read at run time.
        variables |= {"SIGNING_SECRET": signing.secret_arn} if step.signs else {}
        if step.carries:
            variables |= {"SYNTHETIC_PREFIX": self.synthetic_prefix, **told(self._carriers)}
        function = ServiceFunction(
            self,
            step.name,
            purpose=step.purpose,
            handler="khaya_api.triggers.handler",
            code=code,
            size=STEP_SIZE,
            environment={**environment, **variables},
        )
        function.grant_tables(tables, step.tables)
        if step.signs:
            function.allow("secretsmanager:GetSecretValue", on=[signing.secret_arn])
        if step.carries:
            self._let_send(function)
        return function

    def _let_send(self, function: ServiceFunction) -> None:
        stack = Stack.of(self)
        name = self.synthetic_prefix.removeprefix("/")
        function.allow(
            "ssm:PutParameter", on=[stack.format_arn(service="ssm", resource="parameter", resource_name=f"{name}/*")]
        )
        let_send(function, self._carriers)


def let_send(function: ServiceFunction, carriers: Carriers) -> None:
    """What a function that sends messages may ask of AWS, for the ways to carry them that there are."""
    stack = Stack.of(function)
    if carriers.sms:
        # AWS: a text message has no resource, and publishing one is allowed on "*" or not at all; topics are not.
        function.role.add_to_principal_policy(
            iam.PolicyStatement(actions=["sns:Publish"], not_resources=["arn:*:sns:*:*:*"])
        )
    if carriers.email_sender:
        domain = carriers.email_sender.partition("@")[2]
        function.allow("ses:SendEmail", on=[stack.format_arn(service="ses", resource="identity", resource_name=domain)])
    if carriers.whatsapp_key_name:
        # Secrets Manager ends each ARN with six characters of its own, which only it knows.
        secret = f"{carriers.whatsapp_key_name}-??????"
        arn = stack.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=secret,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        function.allow("secretsmanager:GetSecretValue", on=[arn])


def told(carriers: Carriers) -> dict[str, str]:
    """The variables of the ways to carry a message; none for a way that there is not."""
    variables = {
        "WHATSAPP_URL": carriers.whatsapp_url,
        "WHATSAPP_TEMPLATE": carriers.whatsapp_template,
        "WHATSAPP_SECRET": carriers.whatsapp_key_name,
        "SMS": "on" if carriers.sms else "",
        "EMAIL_SENDER": carriers.email_sender,
    }
    return {name: value for name, value in variables.items() if value}
