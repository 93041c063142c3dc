"""The CDK application refuses to guess: what the deployer must give is missed by its name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.infra.conftest import context, run_app


@pytest.mark.parametrize("key", ("settings", "hostedZoneId", "certificateArn"))
def test_a_missing_context_is_named(tmp_path: Path, key: str) -> None:
    """A27: forgetting the domain's zone must not make a deployment without a domain."""
    package = tmp_path / "package.zip"
    package.write_bytes(b"x")
    done = run_app(tmp_path / "cdk.out", context(package, **{key: None}))

    assert 1 == done.returncode
    assert f"context {key} is missing" in done.stderr.splitlines()[-1]
    assert not list(tmp_path.glob("cdk.out/*.template.json"))


def test_the_certificate_can_be_made_alone(tmp_path: Path) -> None:
    """Which a first deploy needs: its ARN is what the main stack is made with."""
    given = {**context(tmp_path / "none.zip", certificateArn=None), "only": "certificate"}
    done = run_app(tmp_path / "cdk.out", given)

    assert 0 == done.returncode, done.stderr
    manifest = json.loads((tmp_path / "cdk.out" / "manifest.json").read_text("utf-8"))
    kinds = {name for name, each in manifest["artifacts"].items() if each["type"] == "aws:cloudformation:stack"}
    assert {"KhayaCertificate"} == kinds
