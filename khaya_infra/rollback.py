"""The previous release back: its files, its functions, and its template where the functions cannot go back without.

Files first, functions second, the other way round than a deploy: a newer API knows what an older site asks for. Once it
serves, the stack is told where its aliases stand, so that what is compared with its template holds.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from khaya_infra import ground, live, publish, releases
from khaya_infra.releases import UNPUBLISHED, Release
from khaya_infra.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from khaya_infra.arrival import Place
    from khaya_infra.clients import Client

_NO_CHANGE = "No updates are to be performed"
_DEADLINE_S = 30 * 60
# What is live, and nobody said of which commit.
NOBODYS = Release(sha="", version="", template="")
# The folder of the assets' bucket for templates that no synthesis made.
_TOLD = "rollback"


def roll_back(place: Place, *, to: str | None, whole_template: bool, say: Callable[[str], None]) -> Release:
    """Bring back release `to`, else the newest one that is not live; gives it as it is on record again."""
    outputs, stack = place.outputs(), place.settings.main.name
    ssm = place.session.client("ssm")
    now = observe(place, outputs)
    wanted = releases.choose(releases.history(ssm, stack), now, to)
    say(f"back to release {wanted.sha[:12]}, number {wanted.number}")
    say(_restore_site(place, outputs, wanted))
    say(_restore_functions(place, wanted, now, whole_template=whole_template))
    back = observe(place, outputs, like=wanted)
    number = releases.record(ssm, stack, back)
    say(f"on record as number {number}")
    say(_tell_stack(place, back))
    return back


def observe(place: Place, outputs: Mapping[str, str], *, like: Release = NOBODYS) -> Release:
    """What is live now, as a record of it would say; commit, version and templates are those of `like`."""
    cloudformation, name = place.session.client("cloudformation"), place.settings.main.name
    functions = live.functions_of(cloudformation, name)
    return replace(
        like,
        number=0,
        pages=live.pages_standing(place.session.client("s3"), outputs["FrontendBucket"]),
        functions=live.standing(place.session.client("lambda"), functions),
    )


def _restore_site(place: Place, outputs: Mapping[str, str], wanted: Release) -> str:
    s3, bucket = place.session.client("s3"), outputs["FrontendBucket"]
    standing = live.pages_standing(s3, bucket)
    changed = {key: version for key, version in wanted.pages.items() if standing.get(key) != version}
    # index.html last, as when it was sent: what it names is there before it is.
    for key in sorted(changed, key=lambda each: (each == "index.html", each)):
        source = {"Bucket": bucket, "Key": key, "VersionId": changed[key]}
        s3.copy_object(Bucket=bucket, Key=key, CopySource=source, MetadataDirective="COPY")
    newest = max((s3.head_object(Bucket=bucket, Key=key)["LastModified"] for key in changed), default=None)
    cloudfront = place.session.client("cloudfront")
    done = publish.invalidate(
        cloudfront, outputs["DistributionId"], newer_than=newest or datetime.fromtimestamp(0, UTC)
    )
    return f"{len(changed)} of {len(wanted.pages)} files brought back, {done}"


def _needs_template(wanted: Release, now: Release) -> bool:
    """Whether a function of the release cannot be reached through an alias."""
    return any(
        version.startswith(UNPUBLISHED) and now.functions.get(name) != version
        for name, version in wanted.functions.items()
    ) or bool(wanted.functions.keys() - now.functions.keys())


def _restore_functions(place: Place, wanted: Release, now: Release, *, whole_template: bool) -> str:
    functions = place.session.client("lambda")
    if whole_template or _needs_template(wanted, now):
        said = ", ".join([_restore_template(place, wanted), *_restore_edge(place, wanted)])
        # It publishes what the release was made of anew; an alias that stood on the old number would contradict it.
        live.move(functions, live.declared(place.session.client("cloudformation"), place.settings.main.name))
        return said
    published = {name: each for name, each in wanted.functions.items() if not each.startswith(UNPUBLISHED)}
    _expect_versions(functions, published)
    moved = live.move(functions, published)
    return f"functions moved: {', '.join(moved) or 'none'}"


def _expect_versions(functions: Client, versions: Mapping[str, str]) -> None:
    for name, version in versions.items():
        try:
            functions.get_function_configuration(FunctionName=name, Qualifier=version)
        except functions.exceptions.ResourceNotFoundException as error:
            raise Stop(
                f"version {version} of {name} is gone",
                "Bring back the release with its template: `make rollback TEMPLATE=yes`, or deploy its commit",
            ) from error


def _restore_template(place: Place, wanted: Release) -> str:
    from botocore.exceptions import ClientError

    try:
        cloudformation = place.session.client("cloudformation")
        _update(cloudformation, place.settings.main.name, wanted.template, f"the template of {wanted.sha[:12]}")
    except ClientError as error:
        if _NO_CHANGE in str(error):
            return "the template is the release's already"
        raise
    return f"template {wanted.template[:12]} deployed"


def _restore_edge(place: Place, wanted: Release) -> list[str]:
    """The stack that watches the edge, where the release had one; a record of before says nothing of it."""
    from botocore.exceptions import ClientError

    edge = place.settings.edge
    if edge is None or not wanted.edge:
        return []
    cloudformation = place.session.client("cloudformation", region_name=edge.region)
    try:
        _update(cloudformation, edge.name, wanted.edge, f"the template of {wanted.sha[:12]}")
    except ClientError as error:
        if _NO_CHANGE in str(error):
            return []
        raise
    return [f"{edge.name} with it"]


def _tell_stack(place: Place, back: Release) -> str:
    """An alias that was moved by a call alone is, to CloudFormation, one that was meddled with."""
    cloudformation, stack = place.session.client("cloudformation"), place.settings.main.name
    wanted = live.declared(cloudformation, stack)
    versions = {name: back.functions[name] for name in wanted if name in back.functions}
    if versions == wanted:
        return f"{stack} says the same"
    template = live.redeclared(cloudformation, stack, versions)
    redeploy(cloudformation, place.session.client("s3"), stack, template, "where its aliases stand")
    return f"{stack} was told, and says the same"


def redeploy(
    cloudformation: Client, s3: Client, stack: str, template: Mapping[str, Any], what: str = "its template"
) -> None:
    """Deploy a template that no synthesis made, over the assets' bucket; `Stop` when it is not taken."""
    body = json.dumps(template, sort_keys=True).encode()
    key = f"{_TOLD}/{hashlib.sha256(body).hexdigest()}.json"
    s3.put_object(Bucket=_assets(cloudformation), Key=key, Body=body)
    _update(cloudformation, stack, key, what)


def _assets(cloudformation: Client) -> str:
    return ground.stack_outputs(cloudformation, ground.BOOTSTRAP_STACK)["BucketName"]


def _update(cloudformation: Client, stack: str, key: str, what: str) -> None:
    """Deploy a template of the assets' bucket; `Stop` when CloudFormation does not take *what* it says."""
    ground.await_stack(cloudformation, stack)
    cloudformation.update_stack(
        StackName=stack,
        TemplateURL=f"https://s3.{cloudformation.meta.region_name}.amazonaws.com/{_assets(cloudformation)}/{key}",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        Parameters=_same_parameters(cloudformation, stack),
    )
    status = ground.await_stack(cloudformation, stack, deadline_s=_DEADLINE_S)
    if status != "UPDATE_COMPLETE":
        raise Stop(
            f"{stack} did not take {what}: it is {status}",
            f"`aws cloudformation describe-stack-events --stack-name {stack}` says why",
        )


def _same_parameters(cloudformation: Client, stack: str) -> list[dict[str, object]]:
    known = cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters", [])
    return [{"ParameterKey": each["ParameterKey"], "UsePreviousValue": True} for each in known]


def template_of(manifest: Mapping[str, Any], stack: str) -> str:
    """The name of a stack's template among the CDK's assets, from the assembly's manifest."""
    properties = manifest["artifacts"][stack]["properties"]
    return str(urlsplit(properties["stackTemplateAssetObjectUrl"]).path.rpartition("/")[2])
