"""Small JSON objects in one bucket, for functions that hand on more than their caller can carry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from checks.model import CannotLook
from checks.world.aws.session import Access, Clients


class Objects:
    """JSON values by key. Every method raises CannotLook when S3 did not do as it was asked."""

    def __init__(self, access: Access, bucket: str, *, region: str) -> None:
        self._s3 = Clients(access, region).make("s3", region)
        self._bucket = bucket

    def put(self, key: str, value: object) -> None:
        """Keep *value* under *key*."""
        with self._asking(key):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=json.dumps(value).encode())

    def get(self, key: str) -> Any:  # noqa: ANN401 - any JSON value
        """What is kept under *key*."""
        with self._asking(key):
            return json.loads(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        """The keys that begin with *prefix*."""
        with self._asking(prefix):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return [each["Key"] for page in pages for each in page.get("Contents", [])]

    @contextmanager
    def _asking(self, key: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise CannotLook(f"s3://{self._bucket}/{key}: {error}") from error
