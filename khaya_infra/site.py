"""The site's edge: a private bucket and the API behind one distribution with the site's own names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Annotations, Aws, Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from constructs import Construct

from khaya_infra.edge import api_function_source, site_function_source
from khaya_infra.keeping import forget_replaced, private_bucket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_certificatemanager as acm
    from aws_cdk import aws_s3 as s3

# Long enough for a page that was opened under an earlier release to find its files again by hand.
REPLACED_KEPT = Duration.days(90)
TWO_YEARS = Duration.days(730)
# Everything the site needs is on its own host; a foreign script, frame or form target is refused by the browser.
SITE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; upgrade-insecure-requests"
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"


class Site(Construct):
    """Bucket, distribution, and what the edge does to requests and answers.

    `countries` are the only ones whose visitors are served, as two letters each; none means everybody.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain: str,
        hosts: Sequence[str],
        certificate: acm.ICertificate,
        api: apigateway.RestApi,
        access_logs: s3.IBucket,
        countries: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = private_bucket(
            self, "FrontendBucket", rules=[forget_replaced(REPLACED_KEPT)], access_logs=access_logs
        )
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Site and API of {domain}",
            domain_names=list(hosts),
            certificate=certificate,
            default_root_object="index.html",
            default_behavior=self._site_behaviour(domain),
            additional_behaviors=self._api_behaviours(hosts, api),
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            enable_ipv6=True,
            # The cheapest class has no edge in South Africa.
            price_class=cloudfront.PriceClass.PRICE_CLASS_200,
            geo_restriction=cloudfront.GeoRestriction.allowlist(*countries) if countries else None,
        )

    def _site_behaviour(self, domain: str) -> cloudfront.BehaviorOptions:
        # With LIST a missing object is a 404; without it S3 says 403 and denial and absence look alike.
        # Nobody can list through the edge: it asks for one key at a time, and for index.html at the root.
        Annotations.of(self).acknowledge_warning("@aws-cdk/aws-cloudfront-origins:listBucketSecurityRisk")
        levels = [cloudfront.AccessLevel.READ, cloudfront.AccessLevel.LIST]
        return cloudfront.BehaviorOptions(
            origin=origins.S3BucketOrigin.with_origin_access_control(self.bucket, origin_access_levels=levels),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            compress=True,
            response_headers_policy=cloudfront.ResponseHeadersPolicy(
                self,
                "SiteHeaders",
                comment="What a browser may do with the site",
                security_headers_behavior=_security_headers(SITE_POLICY),
            ),
            function_associations=[self._on_request("SiteRequest", site_function_source(domain))],
        )

    def _api_behaviours(
        self, hosts: Sequence[str], api: apigateway.RestApi
    ) -> Mapping[str, cloudfront.BehaviorOptions]:
        behaviour = cloudfront.BehaviorOptions(
            origin=_origin_of(api),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            # API Gateway finds the API by the Host header, so the viewer's own must not reach it.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            compress=True,
            response_headers_policy=self._api_headers(hosts),
            function_associations=[self._on_request("ApiRequest", api_function_source())],
        )
        # "/api/*" alone leaves "/api" to the site.
        return {"/api": behaviour, "/api/*": behaviour}

    def _api_headers(self, hosts: Sequence[str]) -> cloudfront.ResponseHeadersPolicy:
        return cloudfront.ResponseHeadersPolicy(
            self,
            "ApiHeaders",
            comment="What a browser may do with the API's answers, those of the gateway included",
            security_headers_behavior=_security_headers(API_POLICY),
            cors_behavior=cloudfront.ResponseHeadersCorsBehavior(
                access_control_allow_origins=[f"https://{host}" for host in hosts],
                access_control_allow_methods=["GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "DELETE"],
                access_control_allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
                access_control_expose_headers=["Idempotency-Replayed", "Location", "Retry-After", "X-Request-Id"],
                access_control_allow_credentials=False,
                access_control_max_age=Duration.minutes(10),
                # The gateway's own errors know one origin only; here every answer learns the right one.
                origin_override=True,
            ),
        )

    def _on_request(self, name: str, source: str) -> cloudfront.FunctionAssociation:
        function = cloudfront.Function(
            self,
            name,
            code=cloudfront.FunctionCode.from_inline(source),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        return cloudfront.FunctionAssociation(function=function, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)


def _origin_of(api: apigateway.RestApi) -> origins.HttpOrigin:
    return origins.HttpOrigin(
        f"{api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}",
        origin_path=f"/{api.deployment_stage.stage_name}",
        protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
        origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
    )


def _security_headers(content_policy: str) -> cloudfront.ResponseSecurityHeadersBehavior:
    return cloudfront.ResponseSecurityHeadersBehavior(
        content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
            content_security_policy=content_policy, override=True
        ),
        strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
            access_control_max_age=TWO_YEARS, include_subdomains=True, override=True
        ),
        content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
        frame_options=cloudfront.ResponseHeadersFrameOptions(
            frame_option=cloudfront.HeadersFrameOption.DENY, override=True
        ),
        referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
            referrer_policy=cloudfront.HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN, override=True
        ),
    )
