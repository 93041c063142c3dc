"""The key that signs what the API hands out and must recognise again, such as the place in a list."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

KEY_LENGTH = 64


class SigningKey(Construct):
    """A random text that Secrets Manager makes by itself: it is in no template, no output and no environment."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Signs the cursors of the API's lists",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=KEY_LENGTH, exclude_punctuation=True
            ),
            # A new key only makes callers start their lists again, so nothing is lost with it.
            removal_policy=RemovalPolicy.DESTROY,
        )
