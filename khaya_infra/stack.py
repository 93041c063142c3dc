"""The main stack: every purpose once, and all wiring between them in view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_route53 as route53

from khaya_infra.alarms import Alarms, Slowness
from khaya_infra.api import STAGE, Api
from khaya_infra.auth import Auth
from khaya_infra.backup import Backup
from khaya_infra.dashboard import Board
from khaya_infra.data import Data
from khaya_infra.dns import Dns
from khaya_infra.functions import ServiceFunction, Size
from khaya_infra.grants import API_TABLES, AUDIT_TABLES, DAILY_TABLES, TRUST_TABLES, UPLOADS
from khaya_infra.keeping import TRAIL_FOLDER, Keeping
from khaya_infra.notices import Notices
from khaya_infra.schedules import DeadLetters, Schedules
from khaya_infra.shapes import bodies, describe_api
from khaya_infra.signin import SignIn
from khaya_infra.signing import SigningKey
from khaya_infra.site import Site
from khaya_infra.storage import Storage
from khaya_infra.streams import Streams

if TYPE_CHECKING:
    from constructs import Construct

    from khaya_infra.settings import Settings

# API Gateway gives up after 29 s, so a function that is still busy then works for nobody.
API_SIZE = Size(memory_mb=512, seconds=28)
DAILY_SIZE = Size(memory_mb=512, seconds=300)
AUDIT_SIZE = Size(memory_mb=512, seconds=60)
API_SLOWNESS = Slowness(slow=Duration.seconds(15), stuck=Duration.seconds(25))
DAILY_SLOWNESS = Slowness(slow=Duration.seconds(150), stuck=Duration.seconds(240))
AUDIT_SLOWNESS = Slowness(slow=Duration.seconds(30), stuck=Duration.seconds(50))


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is being deployed: the commit, its version, and the path of the package built from it."""

    sha: str
    version: str
    package: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Groundwork:
    """What exists before the main stack does: the zone, and the certificate in its own region."""

    hosted_zone_id: str
    certificate_arn: str


class KhayaStack(Stack):
    """The marketplace in one region, all but its certificate and its hosted zone."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        groundwork: Groundwork,
        release: Release,
        env: Environment,
    ) -> None:
        super().__init__(scope, construct_id, env=env, termination_protection=True)
        self.data = Data(self, "Data")
        self.keeping = Keeping(self, "Keeping")
        self.storage = Storage(self, "Storage", origins=settings.origins, access_logs=self.keeping.access_logs)
        self.auth = Auth(self, "Auth", sender=settings.carriers.email_sender)
        self.signing = SigningKey(self, "SigningKey")
        self.failed = DeadLetters(self, "DeadLetters")
        self._functions(settings, release)
        self.api = Api(
            self,
            "Api",
            name=_api_name(settings),
            function=self.api_function.live,
            user_pool=self.auth.pool,
            client=self.auth.client,
            origins=settings.origins,
            bodies=bodies(describe_api()),
        )
        self._edge(settings, groundwork)
        self.schedules = Schedules(
            self,
            "Schedules",
            daily=self.daily_function.live,
            trust=self.trust_function.live,
            dead_letters=self.failed.queue,
        )
        self.streams = Streams(
            self,
            "Streams",
            tables=self.data.tables,
            consumer=self.audit_function,
            dead_letters=self.failed.queue,
        )
        self.backup = Backup(
            self,
            "Backup",
            tables=self.data.tables,
            buckets={
                "Uploads": self.storage.bucket,
                "Frontend": self.site.bucket,
                "Trail": self.keeping.trail,
                "Exports": self.keeping.exports,
            },
        )
        self._alarms(settings)
        self._board()
        self._outputs(settings, groundwork)

    def _functions(self, settings: Settings, release: Release) -> None:
        code = lambda_.Code.from_asset(release.package)
        environment = {
            **self.data.environment,
            "GIT_SHA": release.sha,
            "VERSION": release.version,
            "STAGE": settings.stage,
            "POWERTOOLS_SERVICE_NAME": "khaya",
        }
        self.api_function = ServiceFunction(
            self,
            "ApiFunction",
            purpose="The marketplace's API",
            handler="khaya_api.handler.handler",
            code=code,
            size=API_SIZE,
            environment={
                **environment,
                "STORAGE_BUCKET": self.storage.bucket.bucket_name,
                "USER_POOL_ID": self.auth.pool.user_pool_id,
                "USER_POOL_CLIENT_ID": self.auth.client.user_pool_client_id,
                "ALLOWED_ORIGINS": ",".join(settings.origins),
                # Its name alone: the key itself is read at run time.
                "SIGNING_SECRET": self.signing.secret.secret_arn,
            },
        )
        self.daily_function = ServiceFunction(
            self,
            "DailyFunction",
            purpose="The marketplace's daily tasks",
            handler="khaya_api.tasks.handler",
            code=code,
            size=DAILY_SIZE,
            environment=environment,
            dead_letters=self.failed.queue,
        )
        self.trust_function = ServiceFunction(
            self,
            "TrustFunction",
            purpose="The marketplace's trust scores, once a day",
            handler="khaya_api.upkeep.handler",
            code=code,
            size=DAILY_SIZE,
            environment=environment,
            dead_letters=self.failed.queue,
        )
        self.audit_function = ServiceFunction(
            self,
            "AuditFunction",
            purpose="Who hears of each change of a table",
            handler="khaya_api.audit.handler",
            code=code,
            size=AUDIT_SIZE,
            environment={**environment, "TRAIL_BUCKET": self.keeping.trail.bucket_name},
        )
        self._grants()
        told = ("GIT_SHA", "VERSION", "STAGE", "POWERTOOLS_SERVICE_NAME")
        self.sign_in = SignIn(
            self,
            "SignIn",
            code=code,
            environment={name: environment[name] for name in told},
            tables=self.data.tables,
            signing=self.signing.secret,
            carriers=settings.carriers,
        )
        self.sign_in.serve(self.auth.pool)
        self.notices = Notices(
            self,
            "Notices",
            code=code,
            environment=environment,
            tables=self.data.tables,
            pool=self.auth.pool,
            carriers=settings.carriers,
            dead_letters=self.failed.queue,
        )

    def _grants(self) -> None:
        api = self.api_function
        api.grant_tables(self.data.tables, API_TABLES)
        # A star for the name of one upload: an address is signed for one key, with the rights of who signs it.
        api.allow("s3:PutObject", on=[self.storage.bucket.arn_for_objects(f"{folder}/*") for folder in UPLOADS])
        api.allow("s3:ListBucket", on=[self.storage.bucket.bucket_arn])
        api.allow("cognito-idp:DescribeUserPoolClient", on=[self.auth.pool.user_pool_arn])
        api.allow("secretsmanager:GetSecretValue", on=[self.signing.secret.secret_arn])
        self.daily_function.grant_tables(self.data.tables, DAILY_TABLES)
        self.trust_function.grant_tables(self.data.tables, TRUST_TABLES)
        self.audit_function.grant_tables(self.data.tables, AUDIT_TABLES)
        # A star for the name of one batch: none is ever read, replaced or removed by who writes it.
        self.audit_function.allow("s3:PutObject", on=[self.keeping.trail.arn_for_objects(f"{TRAIL_FOLDER}/*")])

    def _edge(self, settings: Settings, groundwork: Groundwork) -> None:
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=groundwork.hosted_zone_id, zone_name=settings.domain
        )
        self.site = Site(
            self,
            "Site",
            domain=settings.domain,
            hosts=settings.hosts,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", groundwork.certificate_arn),
            api=self.api.rest,
            access_logs=self.keeping.access_logs,
            countries=settings.countries,
        )
        self.dns = Dns(self, "Dns", zone=zone, hosts=settings.hosts, distribution=self.site.distribution)

    def _alarms(self, settings: Settings) -> None:
        alarms = Alarms(self, "Alarms", page=settings.alarm_address, notice=settings.notice_address)
        alarms.watch_api(self.api.rest)
        alarms.watch_function("ApiFunction", self.api_function, API_SLOWNESS)
        alarms.watch_failures("ApiFunction", self.api_function.function, but_for=2)
        alarms.watch_function("DailyFunction", self.daily_function, DAILY_SLOWNESS)
        alarms.watch_any_failure("DailyFunction", self.daily_function.function)
        alarms.watch_function("TrustFunction", self.trust_function, DAILY_SLOWNESS)
        alarms.watch_any_failure("TrustFunction", self.trust_function.function)
        alarms.watch_function("AuditFunction", self.audit_function, AUDIT_SLOWNESS)
        alarms.watch_failures("AuditFunction", self.audit_function.function, but_for=2)
        alarms.watch_stream("AuditFunction", self.audit_function.function)
        alarms.watch_sign_in()
        alarms.watch_function("NoticeFunction", self.notices.function, DAILY_SLOWNESS)
        alarms.watch_any_failure("NoticeFunction", self.notices.function.function)
        alarms.watch_tables(self.data.tables)
        alarms.watch_dead_letters(self.failed.queue)
        alarms.tell_of_backups(self.backup.vault)
        alarms.watch_daily("Daily", "The daily task", self.schedules.daily, self.daily_function.function)
        alarms.watch_daily("Trust", "The daily count of trust", self.schedules.trust, self.trust_function.function)
        alarms.watch_daily("Notice", "The daily notices", self.notices.rule, self.notices.function.function)

    def _board(self) -> None:
        functions = {
            "API": self.api_function,
            "Daily tasks": self.daily_function,
            "Trust scores": self.trust_function,
            "Audit": self.audit_function,
            "Notices": self.notices.function,
        }
        self.dashboard = Board(self, "Board")
        self.dashboard.show_api(self.api.rest)
        self.dashboard.show_edge(self.site.distribution.distribution_id)
        self.dashboard.show_functions({name: each.function for name, each in functions.items()})
        self.dashboard.show_tables(self.data.tables)
        self.dashboard.show_work(self.failed.queue)

    def _outputs(self, settings: Settings, groundwork: Groundwork) -> None:
        # None is exported: an export name is unique in account and region, and would forbid a second stage.
        outputs = {
            "APIUrl": self.api.rest.url_for_path("/").removesuffix("/"),
            "CDNUrl": f"https://{self.site.distribution.distribution_domain_name}",
            "DistributionId": self.site.distribution.distribution_id,
            "UserPoolId": self.auth.pool.user_pool_id,
            "UserPoolClientId": self.auth.client.user_pool_client_id,
            "FrontendBucket": self.site.bucket.bucket_name,
            "StorageBucket": self.storage.bucket.bucket_name,
            "TrailBucket": self.keeping.trail.bucket_name,
            "BackupsBucket": self.keeping.exports.bucket_name,
            "BackupVault": self.backup.vault.backup_vault_name,
            "CertificateArn": groundwork.certificate_arn,
            "HostedZoneId": groundwork.hosted_zone_id,
            "DomainName": settings.domain,
            "DashboardName": self.dashboard.name,
            "ApiName": self.api.rest.rest_api_name,
            "ApiStage": STAGE,
            "ApiLogGroup": self.api_function.log_group.log_group_name,
            "ApiAccessLogGroup": self.api.access_log.log_group_name,
            "ApiFunctionName": self.api_function.function.function_name,
            "DailyFunctionName": self.daily_function.function.function_name,
            "DailyLogGroup": self.daily_function.log_group.log_group_name,
            "TrustFunctionName": self.trust_function.function.function_name,
            "TrustLogGroup": self.trust_function.log_group.log_group_name,
            "AuditFunctionName": self.audit_function.function.function_name,
            "AuditLogGroup": self.audit_function.log_group.log_group_name,
            "NoticeFunctionName": self.notices.function.function.function_name,
            "NoticeLogGroup": self.notices.function.log_group.log_group_name,
            "SyntheticPrefix": self.sign_in.synthetic_prefix,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _api_name(settings: Settings) -> str:
    # CloudWatch tells APIs apart by this name alone, so a second stage in the same account needs another one.
    return "Khaya Service API" if settings.main.name == "KhayaStack" else f"Khaya Service API of {settings.main.name}"
