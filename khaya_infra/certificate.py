"""The certificate stack: apex and aliases on one certificate, in the only region CloudFront reads them from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Environment, RemovalPolicy, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53

if TYPE_CHECKING:
    from constructs import Construct

    from khaya_infra.settings import Settings


class CertificateStack(Stack):
    """A certificate that ACM validates, and renews, through records in the hosted zone."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, hosted_zone_id: str, env: Environment
    ) -> None:
        super().__init__(scope, construct_id, env=env, termination_protection=True)
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=hosted_zone_id, zone_name=settings.domain
        )
        certificate = acm.Certificate(
            self,
            "Certificate",
            domain_name=settings.domain,
            subject_alternative_names=list(settings.aliases),
            validation=acm.CertificateValidation.from_dns(zone),
            transparency_logging_enabled=True,
        )
        # A replaced certificate is still attached to the distribution while this stack cleans up.
        certificate.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        CfnOutput(self, "CertificateArn", value=certificate.certificate_arn)
