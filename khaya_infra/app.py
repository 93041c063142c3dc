"""The CDK application: `cdk` runs it with the deployer's context and takes the templates it makes.

Context it needs: `settings` (path of the target file), `hostedZoneId`, `release`, `version`, `package` (path
of the functions' zip) and `certificateArn`. With `only=certificate` it makes the certificate stack alone and needs the
first two. With `distributionId`, which the main stack tells, it makes the edge's stack too, if the target has one. With
`only=canary` it makes the canary's stack alone, and needs `settings`, `canaryPackage`, `told` and `runtime`; with these
beside the others it makes all of them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import App, Environment, Tags

from khaya_infra.canary import CanaryStack
from khaya_infra.certificate import CertificateStack
from khaya_infra.edge_stack import EdgeStack
from khaya_infra.settings import SettingsError, read_settings
from khaya_infra.stack import Groundwork, KhayaStack, Release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from khaya_infra.settings import Settings, StackPlace

FLAGS: Mapping[str, object] = {
    # One statement for one set of actions on one resource is easier to read, and to prove, than a merged one.
    "@aws-cdk/aws-iam:minimizePolicies": False,
    # The role for API Gateway's logs is asked for where the API is made.
    "@aws-cdk/aws-apigateway:disableCloudWatchRole": True,
    # Buckets have no access lists, so the service that writes their logs is let in by policy.
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/core:checkSecretUsage": True,
    "@aws-cdk/core:enablePartitionLiterals": True,
    "@aws-cdk/aws-lambda:recognizeLayerVersion": True,
    "@aws-cdk/aws-events:eventsTargetQueueSameAccount": True,
    "@aws-cdk/aws-cloudwatch-actions:changeLambdaPermissionLogicalIdForLambdaAction": True,
    # The harness names what it checks by construct path.
    "aws:cdk:enable-path-metadata": True,
}


def build(app: App) -> App:
    """Put both stacks into `app`, from its context. `SettingsError` says which context is missing."""
    settings = read_settings(Path(_context(app, "settings")))
    if app.node.try_get_context("only") == "canary":
        return _with_canary(app, settings)
    hosted_zone_id = _context(app, "hostedZoneId")
    certificate = CertificateStack(
        app,
        settings.certificate.name,
        settings=settings,
        hosted_zone_id=hosted_zone_id,
        env=_environment(settings, settings.certificate),
    )
    if app.node.try_get_context("only") != "certificate":
        main = KhayaStack(
            app,
            settings.main.name,
            settings=settings,
            groundwork=Groundwork(hosted_zone_id=hosted_zone_id, certificate_arn=_context(app, "certificateArn")),
            release=_release(app),
            env=_environment(settings, settings.main),
        )
        main.add_stack_dependency(certificate)
        _watch_edge(app, settings, main)
        if app.node.try_get_context("told"):
            _look_every_night(app, settings)
    _tag(app, settings)
    return app


def _watch_edge(app: App, settings: Settings, main: KhayaStack) -> None:
    distribution = app.node.try_get_context("distributionId")
    if settings.edge is None or not distribution:
        return
    edge = EdgeStack(
        app,
        settings.edge.name,
        settings=settings,
        distribution_id=str(distribution),
        env=_environment(settings, settings.edge),
    )
    edge.add_stack_dependency(main)


def _with_canary(app: App, settings: Settings) -> App:
    _look_every_night(app, settings)
    _tag(app, settings)
    return app


def _look_every_night(app: App, settings: Settings) -> None:
    if settings.canary is None:
        raise SettingsError("the target has no [canary]; name its stack and region there")
    CanaryStack(
        app,
        settings.canary.name,
        settings=settings,
        told=Path(_context(app, "told")),
        package=Path(_context(app, "canaryPackage")),
        runtime=_context(app, "runtime"),
        env=_environment(settings, settings.canary),
    )


def _release(app: App) -> Release:
    return Release(
        sha=_context(app, "release"),
        version=_context(app, "version"),
        package=_context(app, "package"),
    )


def _context(app: App, key: str) -> str:
    value = app.node.try_get_context(key)
    if not isinstance(value, str) or not value:
        raise SettingsError(f"context {key} is missing; deploy with `python -m khaya_infra.deploy`, which sets it")
    return value


def _environment(settings: Settings, place: StackPlace) -> Environment:
    return Environment(account=settings.account, region=place.region)


def _tag(app: App, settings: Settings) -> None:
    tags = Tags.of(app)
    tags.add("Project", "Khaya")
    tags.add("Environment", settings.stage)
    tags.add("ManagedBy", "AWS CDK")
    tags.add("Domain", settings.domain)


def main() -> None:
    """Synthesise for the CDK CLI, which reads the result from the folder it named in the environment."""
    try:
        build(App(context=FLAGS)).synth()
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
