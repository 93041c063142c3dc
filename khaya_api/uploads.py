"""Uploads: an address that takes one file of one type and size, under the caller's own prefix, for five minutes."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from pydantic import BaseModel, Field

from khaya_api.access import Caller
from khaya_api.auth import caller
from khaya_api.aws import asking
from khaya_api.errors import PartOut
from khaya_api.kit import Kit
from khaya_api.models import ANSWER, GIVEN
from khaya_api.outgoing import created
from khaya_api.writing import Plan, Wish, perform

LARGEST = 5 * 1024 * 1024
SECONDS = 300


class Purpose(StrEnum):
    """What a file is for: the first part of its key."""

    PROFILES = "profiles"
    LISTINGS = "listings"
    MILESTONES = "milestones"
    MESSAGES = "messages"
    PROOFS = "proofs"


class FileType(StrEnum):
    """The types of pictures that are taken."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


_ENDINGS = {FileType.JPEG: "jpg", FileType.PNG: "png", FileType.WEBP: "webp"}


class NewUpload(BaseModel):
    """What is to be uploaded; its name is ours to say."""

    model_config = GIVEN

    purpose: Purpose
    contentType: FileType  # noqa: N815 - the wire's spelling
    size: Annotated[int, Field(strict=True, gt=0, le=LARGEST, description="Bytes, exactly")]


class Upload(BaseModel):
    """Where to PUT the file, with exactly these headers; `key` is where it is then."""

    model_config = ANSWER

    url: str
    method: str
    headers: dict[str, str]
    key: str
    expiresIn: int  # noqa: N815 - the wire's spelling


def serve(app: APIGatewayRestResolver, kit: Kit) -> None:
    """Register the routes of uploads."""

    @app.post("/uploads", tags=["uploads"], summary="Get leave to upload a file", status_code=HTTPStatus.CREATED)
    def post(new: NewUpload) -> Response[Upload]:
        return created(sign_upload(kit, caller(app), new))


def sign_upload(kit: Kit, owner: Caller, new: NewUpload) -> Upload:
    """An address that only takes what was asked for: S3 checks type and length, since both are signed."""
    if not kit.settings.storage_bucket:
        raise PartOut("storage", "not configured")
    perform(kit, Wish(sub=owner.sub, operation="POST /uploads"), lambda: Plan(made="", changes=[]))
    key = f"{new.purpose.value}/{owner.sub}/{uuid4()}.{_ENDINGS[new.contentType]}"
    named = {"Bucket": kit.settings.storage_bucket, "Key": key}
    signed = {"ContentType": new.contentType.value, "ContentLength": new.size}
    with asking("storage"):
        url = kit.connect("s3").generate_presigned_url("put_object", Params={**named, **signed}, ExpiresIn=SECONDS)
    headers = {"Content-Type": new.contentType.value, "Content-Length": str(new.size)}
    return Upload(url=url, method="PUT", headers=headers, key=key, expiresIn=SECONDS)
