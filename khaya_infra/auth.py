"""Who somebody is: the user pool, its groups, and the one client that the site signs in through."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

# Lower number wins when somebody is in several groups.
# `synthetic` is no role and gives nothing: codes of its members go to a private parameter instead of a phone.
GROUPS: tuple[tuple[str, int], ...] = (("admin", 1), ("seller", 2), ("worker", 2), ("buyer", 3), ("synthetic", 9))


class Auth(Construct):
    """Sign-in by phone or e-mail. A role is membership of a group, which no client can write."""

    def __init__(self, scope: Construct, construct_id: str, *, sender: str = "") -> None:
        """Mails come from the address *sender*, whose domain SES has verified; from Cognito's own without one."""
        super().__init__(scope, construct_id)
        self._mail = _mail(sender) if sender else None
        self.pool = self._pool()
        self.client = self._client()
        for name, precedence in GROUPS:
            cognito.CfnUserPoolGroup(
                self,
                f"{name.capitalize()}Group",
                user_pool_id=self.pool.user_pool_id,
                group_name=name,
                precedence=precedence,
            )

    def _pool(self) -> cognito.UserPool:
        return cognito.UserPool(
            self,
            "Pool",
            sign_in_aliases=cognito.SignInAliases(phone=True, email=True),
            self_sign_up_enabled=True,
            auto_verify=cognito.AutoVerifiedAttrs(phone=True, email=True),
            standard_attributes=cognito.StandardAttributes(
                phone_number=cognito.StandardAttribute(required=True, mutable=True),
                email=cognito.StandardAttribute(required=False, mutable=True),
            ),
            password_policy=cognito.PasswordPolicy(
                min_length=10,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=False,
                temp_password_validity=Duration.days(3),
            ),
            account_recovery=cognito.AccountRecovery.PHONE_WITHOUT_MFA_AND_EMAIL,
            sign_in_case_sensitive=False,
            email=self._mail,
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )

    def _client(self) -> cognito.UserPoolClient:
        writable = cognito.ClientAttributes().with_standard_attributes(email=True, phone_number=True, fullname=True)
        readable = writable.with_standard_attributes(
            email=True, phone_number=True, fullname=True, email_verified=True, phone_number_verified=True
        )
        return self.pool.add_client(
            "Site",
            generate_secret=False,
            # Passwords never cross the wire from a browser; the admin flow needs an IAM signature.
            auth_flows=cognito.AuthFlow(user_srp=True, custom=True, admin_user_password=True),
            # Hosted sign-in pages are not used, and without them there is no implicit flow to abuse.
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            # As long as a code is good; Cognito's own three minutes would end before a message is read.
            auth_session_validity=Duration.minutes(10),
            enable_token_revocation=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(30),
            read_attributes=readable,
            write_attributes=writable,
        )


def _mail(sender: str) -> cognito.UserPoolEmail:
    """Cognito's own sender, which a whole account shares, takes fifty mails a day."""
    return cognito.UserPoolEmail.with_ses(
        from_email=sender, from_name="Khaya", ses_verified_domain=sender.partition("@")[2]
    )
