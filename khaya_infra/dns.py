"""The names of the site, in the hosted zone that the deployer keeps outside of every stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_cloudfront as cloudfront


class Dns(Construct):
    """A and AAAA for every host, all leading to the distribution, and the one authority that may certify them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        zone: route53.IHostedZone,
        hosts: Sequence[str],
        distribution: cloudfront.IDistribution,
    ) -> None:
        super().__init__(scope, construct_id)
        target = route53.RecordTarget.from_alias(targets.CloudFrontTarget(distribution))
        for host in hosts:
            label = _label(host, zone.zone_name)
            route53.ARecord(self, f"{label}A", zone=zone, record_name=f"{host}.", target=target)
            route53.AaaaRecord(self, f"{label}Aaaa", zone=zone, record_name=f"{host}.", target=target)
        route53.CaaAmazonRecord(self, "Caa", zone=zone)


def _label(host: str, apex: str) -> str:
    name = host.removesuffix(apex).rstrip(".")
    return "".join(part.capitalize() for part in name.replace("-", ".").split(".")) if name else "Apex"
