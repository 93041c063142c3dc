"""Faults are injected into a twin and into nothing else."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import MappingProxyType

import pytest

from checks.doors import cli, mutate
from checks.target import parse
from checks.twin import Twin
from checks.twin.faults.bench import NotATwin, refuse_unless_twin

REAL = """\
schema = 1

[account]
id = "111122223333"

[[stack]]
name = "Main"
region = "af-south-1"
"""
HOSTILE = {
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "of a real account",
    "AWS_ENDPOINT_URL": "https://sts.amazonaws.com",
    "AWS_ENDPOINT_URL_STS": "https://sts.amazonaws.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
}


def a_twin(folder: Path, endpoint: str) -> Twin:
    """A twin as somebody might have written it into the state file."""
    nowhere = ("127.0.0.1", 1)
    return Twin(
        name="local", home=folder, generation="g", fresh=False, endpoint=endpoint, account="000000000000",
        region="af-south-1", access_key_id="AKIA", secret_access_key="s", ca_bundle=folder / "root.pem",
        ca_spki="", edge=nowhere, edge_http=nowhere, dns=nowhere, connect=MappingProxyType({}), role_arn="",
        pids=MappingProxyType({}),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)


def test_a_target_that_is_no_twin_is_refused_before_anything_is_asked() -> None:
    """Its settings say so; no client is made."""
    with pytest.raises(NotATwin, match=r"real\.toml is no twin"):
        mutate.open_bench(parse(REAL, name="real", source="real.toml"))


def test_the_command_refuses_a_real_target_with_69(tmp_path: Path) -> None:
    """Whatever the shell has of AWS."""
    file = tmp_path / "real.toml"
    file.write_text(REAL)
    err = StringIO()

    assert 69 == cli.main(["mutate", "--target", str(file)], out=StringIO(), err=err)
    assert "is no twin" in err.getvalue()


@pytest.mark.parametrize("endpoint", ("https://dynamodb.af-south-1.amazonaws.com", "https://192.0.2.1:443", ""))
def test_an_endpoint_that_is_not_on_this_machine_is_refused(tmp_path: Path, endpoint: str) -> None:
    """A state file that names another place is not believed."""
    with pytest.raises(NotATwin, match="is not on this machine"):
        refuse_unless_twin(a_twin(tmp_path, endpoint))


def test_a_fault_that_does_not_exist_is_64() -> None:
    """Nothing was measured, and that is said."""
    err = StringIO()

    assert 64 == cli.main(["mutate", "--only", "NOSUCH-1"], out=StringIO(), err=err)
    assert "no fault fits" in err.getvalue()


def test_the_list_needs_no_twin() -> None:
    """Which faults there are is known without one."""
    out = StringIO()

    assert 0 == cli.main(["mutate", "--list", "--only", "DDB-1*"], out=out, err=StringIO())
    assert "DDB-12" in out.getvalue()


def test_a_twin_that_names_another_account_is_refused(tmp_path: Path) -> None:
    """The account is asked of the endpoint itself; an endpoint that is silent is no twin either."""
    here = replace(a_twin(tmp_path, "https://127.0.0.1:1"), ca_bundle=_bundle())

    with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
        refuse_unless_twin(here)


def _bundle() -> Path:
    import certifi

    return Path(certifi.where())
