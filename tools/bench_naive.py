"""The same 140 assertions as people write them: a client for each, one after another. Run by pytest, as they do.

The deployment's names are in the environment, as the benchmark sets it up.
"""

from __future__ import annotations

import json
import os
import socket
import ssl

import boto3
import dns.resolver
import pytest
import requests

PLAN = json.loads(os.environ.get("BENCH_NAIVE", "{}"))
HOST = "127.0.0.1"


def _port(name: str) -> int:
    return int(os.environ[name])


@pytest.mark.parametrize("name", PLAN.get("tables.present", ()))
def test_table(name: str) -> None:
    """The table is active."""
    assert "ACTIVE" == boto3.client("dynamodb").describe_table(TableName=name)["Table"]["TableStatus"]


@pytest.mark.parametrize("name", PLAN.get("tables.pitr", ()))
def test_pitr(name: str) -> None:
    """Its point-in-time recovery is on."""
    told = boto3.client("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert "ENABLED" == told["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]


@pytest.mark.parametrize("name", PLAN.get("buckets.encrypted", ()))
def test_encrypted(name: str) -> None:
    """The bucket is encrypted."""
    assert boto3.client("s3").get_bucket_encryption(Bucket=name, ExpectedBucketOwner=PLAN["account"])


@pytest.mark.parametrize("name", PLAN.get("buckets.private", ()))
def test_private(name: str) -> None:
    """Nobody foreign may read it."""
    told = boto3.client("s3").get_public_access_block(Bucket=name, ExpectedBucketOwner=PLAN["account"])
    assert all(told["PublicAccessBlockConfiguration"].values())


@pytest.mark.parametrize("name", PLAN.get("functions.ready", ()))
def test_function(name: str) -> None:
    """The function is active."""
    assert "Active" == boto3.client("lambda").get_function_configuration(FunctionName=name)["State"]


@pytest.mark.parametrize("name", PLAN.get("alarms.armed", ()))
def test_alarm(name: str) -> None:
    """The alarm acts."""
    assert boto3.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]


@pytest.mark.parametrize("name", PLAN.get("logs.kept", ()))
def test_log_group(name: str) -> None:
    """The log group keeps what it is told."""
    assert boto3.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]


@pytest.mark.parametrize("name", PLAN.get("dns.address", ()))
def test_address(name: str) -> None:
    """The name has an address."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [HOST], _port("BENCH_DNS")
    assert resolver.resolve(name, "A")


@pytest.mark.parametrize("name", PLAN.get("tls.certificate", ()))
def test_certificate(name: str) -> None:
    """The certificate is valid for the name."""
    context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    with (
        socket.create_connection((HOST, _port("BENCH_SITE")), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        assert secured.getpeercert()


@pytest.mark.parametrize("path", PLAN.get("cdn.page", ()))
def test_page(path: str) -> None:
    """The page is there."""
    url = f"https://{HOST}:{_port('BENCH_SITE')}{path}"
    answer = requests.get(url, headers={"Host": "bench.example"}, verify=os.environ["AWS_CA_BUNDLE"], timeout=10)
    assert 200 == answer.status_code
    assert "<title>" in answer.text
