"""What a badly behaved AWS, or somebody who only looks like it, is made of: never an absence, never a pass."""
# ruff: noqa: ANN401 - real_aws takes many things

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.evidence import Absent, Caller, ContinuousBackups
from checks.model import CannotLook
from checks.world.aws import Credentials, Limits, RealAws, real_aws
from checks.world.aws.connections import Connections
from checks.world.aws.pace import Pace
from checks.world.pretend import PretendClock
from checks.world.real import RealClock
from tests.world.authorities import Issuer
from tests.world.scripted_aws import (
    Endpoint,
    Reply,
    cut,
    dripping,
    error,
    json_reply,
    refused,
    silent,
    xml_error,
    xml_reply,
)

REGION = "af-south-1"
KEY = Credentials(access_key_id="AKIDEXAMPLE", secret_access_key="hush")
PITR = {
    "ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"},
    }
}
HELD = ContinuousBackups(table="users", status="ENABLED", days=None, earliest=None, latest=None)
WHO = "<Arn>arn:aws:iam::1:user/ada</Arn><UserId>U</UserId><Account>1</Account>"
CALLER = f"<GetCallerIdentityResult>{WHO}</GetCallerIdentityResult>"
ONCE = Limits(attempts=1)

Make = Callable[..., tuple[RealAws, Endpoint]]


@pytest.fixture
def aws() -> Iterator[Make]:
    """Makes an AWS that gives these replies in turn, the last one for good, and somebody who asks it."""
    made: list[tuple[RealAws, Endpoint]] = []

    def make(*replies: Reply, limits: Limits = ONCE, **how: Any) -> tuple[RealAws, Endpoint]:
        endpoint = Endpoint(replies)
        given = {"credentials": KEY, "clock": RealClock(), **how}
        asked = real_aws(regions=[REGION], endpoint=endpoint.url, limits=limits, **given)
        made.append((asked, endpoint))
        return made[-1]

    yield make
    for asked, endpoint in made:
        asked.close()
        endpoint.close()


def refusal(asked: RealAws) -> CannotLook:
    """What asking for a table's backups raises."""
    with pytest.raises(CannotLook) as raised:
        asked.continuous_backups(REGION, "users")
    return raised.value


def test_an_answer_is_evidence(aws: Make) -> None:
    """The good case that all the others differ from in one thing."""
    asked, endpoint = aws(json_reply(PITR))

    assert HELD == asked.continuous_backups(REGION, "users")
    assert (1, 1) == (asked.calls, len(endpoint.requests))


def test_a_not_found_code_is_an_absence(aws: Make) -> None:
    """AWS itself says that there is no such thing."""
    asked, _ = aws(error("TableNotFoundException"))

    assert Absent(what="table users in af-south-1") == asked.continuous_backups(REGION, "users")


def test_a_not_found_code_of_nobody_is_no_absence(aws: Make) -> None:
    """A proxy can write the same words; AWS signs its refusals with a request id."""
    asked, _ = aws(error("TableNotFoundException", request_id=""))

    assert "does not look like AWS (HTTP 400 without a request id)" in str(refusal(asked))


@pytest.mark.parametrize(
    ("code", "says"),
    (
        ("AccessDeniedException", "not allowed (AccessDeniedException: no); allow dynamodb:DescribeContinuousBackups"),
        ("ExpiredTokenException", "the credentials have expired"),
        ("UnrecognizedClientException", "AWS does not know these credentials here"),
        ("InvalidSignatureException", "the signature was refused"),
        ("MissingAuthenticationTokenException", "the request was not signed"),
        ("OptInRequired", "enable region af-south-1"),
        ("ValidationException", "AWS refused the question (ValidationException: no)"),
    ),
)
def test_a_refusal_is_final_and_says_what_to_do(aws: Make, code: str, says: str) -> None:
    """Asking again would not help; the message names action, region, problem and cure."""
    asked, endpoint = aws(error(code), limits=Limits(attempts=3))

    raised = refusal(asked)

    assert raised.final
    assert str(raised).startswith("dynamodb:DescribeContinuousBackups in af-south-1: ")
    assert says in str(raised)
    assert 1 == len(endpoint.requests)


@pytest.mark.parametrize(
    ("reply", "says"),
    (
        pytest.param(error("ThrottlingException"), "throttled (ThrottlingException: no)", id="throttled"),
        pytest.param(error("Odd", status=429), "throttled", id="too many requests"),
        pytest.param(error("InternalServerError", status=500), "AWS could not answer (HTTP 500", id="5xx"),
        pytest.param(error("Odd", status=408), "AWS could not answer (HTTP 408", id="a time-out of theirs"),
        pytest.param(
            Reply(body=b"<html>login</html>"), "does not look like AWS (BrokenAnswerError", id="a portal's 200"
        ),
        pytest.param(Reply(body=b"<html>no</html>", status=403), "without a request id", id="a proxy's 403"),
        pytest.param(json_reply(PITR, request_id=""), "it has no request id", id="no request id"),
        pytest.param(json_reply({}), "it lacks ContinuousBackupsDescription", id="an empty answer"),
        pytest.param(json_reply({"ContinuousBackupsDescription": {}}), "KeyError: 'PointInTime", id="a missing field"),
        pytest.param(
            Reply(body=b'{"ContinuousBackupsDescription": {"Conti', request_id="r"), "not JSON", id="truncated"
        ),
        pytest.param(Reply(body=b"", request_id="r"), "it lacks ContinuousBackupsDescription", id="nothing at all"),
        pytest.param(refused, "ConnectionClosedError", id="hung up"),
        pytest.param(cut(b'{"Contin'), "ConnectionClosedError", id="cut off within the body"),
    ),
)
def test_what_may_pass_is_not_final(aws: Make, reply: Reply, says: str) -> None:
    """The hall may ask again."""
    asked, _ = aws(reply)

    raised = refusal(asked)

    assert not raised.final
    assert says in str(raised), str(raised)


def test_a_hiccup_is_retried(aws: Make) -> None:
    """One bad answer out of two is a good answer, and both were calls."""
    asked, _ = aws(error("InternalServerError", status=500), json_reply(PITR), limits=Limits(attempts=2))

    assert HELD == asked.continuous_backups(REGION, "users")
    assert 2 == asked.calls


@pytest.mark.parametrize(("behaviour", "name"), ((silent, "silent"), (dripping, "dripping")))
def test_the_wall_clock_ends_a_question(aws: Make, behaviour: Callable[[threading.Event], Reply], name: str) -> None:
    """Silence, and a body that drips within every time-out of the socket."""
    over = threading.Event()
    asked, _ = aws(behaviour(over), limits=Limits(question=timedelta(seconds=0.4), attempts=1))
    started = time.monotonic()

    raised = refusal(asked)

    over.set()
    assert "no complete answer within 0.4 s" in str(raised)
    assert time.monotonic() - started < 2


def test_the_wall_clock_is_for_the_whole_question(aws: Make) -> None:
    """Pages that are each in time may be too many together."""
    pages = [json_reply({"RecoveryPoints": [], "NextToken": str(number)}, after=0.15) for number in range(20)]
    asked, endpoint = aws(*pages, limits=Limits(question=timedelta(seconds=0.5), attempts=1))

    with pytest.raises(CannotLook, match=r"no complete answer within 0\.5 s"):
        asked.recovery_points(REGION, "arn:x")
    assert len(endpoint.requests) < 6


def test_nobody_at_the_endpoint_is_no_absence() -> None:
    """A closed port says nothing about the target."""
    asked = real_aws(regions=[REGION], clock=RealClock(), endpoint="http://127.0.0.1:1", credentials=KEY, limits=ONCE)

    raised = refusal(asked)

    assert not raised.final
    assert "check the network, and that the region exists" in str(raised)


def test_a_second_page_that_fails_fails_the_list(aws: Make) -> None:
    """Nobody judges the first half of a list."""
    page = json_reply({"RecoveryPoints": [], "NextToken": "more"})
    asked, _ = aws(page, error("AccessDeniedException"))

    with pytest.raises(CannotLook, match="not allowed"):
        asked.recovery_points(REGION, "arn:x")


def test_pages_that_go_round_are_not_followed_for_ever(aws: Make) -> None:
    """The same token twice is no list."""
    asked, _ = aws(json_reply({"RecoveryPoints": [], "NextToken": "again"}))

    with pytest.raises(CannotLook, match="go round in a circle"):
        asked.recovery_points(REGION, "arn:x")


def test_an_xml_service_is_read_as_strictly(aws: Make) -> None:
    """The same for a service that speaks XML: answer, refusal, portal."""
    asked, _ = aws(xml_reply("GetCallerIdentity", CALLER))
    assert Caller(account="1", arn="arn:aws:iam::1:user/ada") == asked.caller(REGION)

    asked, _ = aws(xml_error("AccessDenied", status=403))
    with pytest.raises(CannotLook, match="not allowed"):
        asked.caller(REGION)

    asked, _ = aws(Reply(body=b"<html>login</html>"))
    with pytest.raises(CannotLook, match="does not look like AWS"):
        asked.caller(REGION)

    asked, _ = aws(Reply(body=b"not even XML"))
    with pytest.raises(CannotLook, match="does not look like AWS"):
        asked.caller(REGION)


def test_equal_questions_in_flight_are_asked_once(aws: Make) -> None:
    """Twenty who ask at the same time get one answer; the next attempt asks afresh."""
    asked, endpoint = aws(json_reply(PITR, after=0.1))
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(asked.continuous_backups(REGION, "users"))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [HELD] * 20 == found
    assert 1 == len(endpoint.requests)
    assert HELD == asked.again().continuous_backups(REGION, "users")
    assert (2, 2) == (len(endpoint.requests), asked.calls)


def test_a_role_is_assumed_once_and_its_key_used(aws: Make) -> None:
    """The given key signs AssumeRole alone."""
    credentials = "".join(
        f"<{name}>{value}</{name}>"
        for name, value in (
            ("AccessKeyId", "ASIDROLE"),
            ("SecretAccessKey", "x"),
            ("SessionToken", "t"),
            ("Expiration", "2099-01-01T00:00:00Z"),
        )
    )
    given = xml_reply("AssumeRole", f"<AssumeRoleResult><Credentials>{credentials}</Credentials></AssumeRoleResult>")
    asked, endpoint = aws(given, json_reply(PITR), role_arn="arn:aws:iam::1:role/checks")

    asked.continuous_backups(REGION, "users")
    asked.continuous_backups(REGION, "jobs")

    signers = [request.headers["Authorization"].split("Credential=")[1].split("/")[0] for request in endpoint.requests]
    assert ["AKIDEXAMPLE", "ASIDROLE", "ASIDROLE"] == signers


def test_a_role_that_may_not_be_assumed_says_so(aws: Make) -> None:
    """It is sts:AssumeRole that has to be allowed, whatever the question was."""
    asked, _ = aws(xml_error("AccessDenied", status=403), role_arn="arn:aws:iam::1:role/checks")

    raised = refusal(asked)

    assert raised.final
    assert str(raised).startswith("sts:AssumeRole in af-south-1: not allowed")


@pytest.mark.parametrize(
    ("reply", "held", "says"),
    (
        (xml_error("InvalidClientTokenId", status=403), True, "was refused"),
        (xml_reply("GetCallerIdentity", CALLER), False, "was accepted as account 1"),
    ),
)
def test_a_forged_key_shows_whether_anybody_checks_keys(aws: Make, reply: Reply, held: bool, says: str) -> None:  # noqa: FBT001 - a table of truths
    """An endpoint that says yes to everybody is not AWS."""
    asked, endpoint = aws(reply)

    found, actual = asked.refuses_forged_key(REGION)

    assert held == found
    assert says in actual
    assert "AKIDEXAMPLE" not in endpoint.requests[0].headers["Authorization"]


def test_a_forged_key_is_used_for_its_own_call_alone(aws: Make) -> None:
    """Tried again, it is still the forged one, without our session; the next question is signed by us."""
    ours = Credentials(access_key_id="AKIDEXAMPLE", secret_access_key="secret", session_token="session")
    asked, endpoint = aws(
        xml_error("InternalFailure", status=500),
        xml_error("InvalidClientTokenId", status=403),
        xml_reply("GetCallerIdentity", CALLER),
        credentials=ours,
        limits=Limits(attempts=2),
    )

    held, _ = asked.refuses_forged_key(REGION)
    asked.caller(REGION)

    signed = [
        ("AKIDEXAMPLE" in each.headers["Authorization"], each.headers.get("X-Amz-Security-Token"))
        for each in endpoint.requests
    ]
    assert held
    assert [(False, None), (False, None), (True, "session")] == signed


def test_a_connection_is_kept_for_the_next_question(aws: Make) -> None:
    """Three questions, one handshake."""
    asked, endpoint = aws(json_reply(PITR), json_reply(PITR), json_reply(PITR))

    for table in ("users", "jobs", "bids"):
        asked.continuous_backups(REGION, table)

    assert (3, 1) == (len(endpoint.requests), endpoint.connections)


def test_a_connection_is_kept_for_the_next_client(aws: Make) -> None:
    """Four services, or regions of one, at the same host: one handshake."""
    caller = xml_reply("GetCallerIdentity", CALLER)
    asked, endpoint = aws(json_reply(PITR), json_reply(PITR), caller, json_reply(PITR))

    asked.continuous_backups(REGION, "users")
    asked.continuous_backups("eu-west-1", "users")
    asked.caller(REGION)
    asked.continuous_backups(REGION, "jobs")

    assert (4, 1) == (len(endpoint.requests), endpoint.connections)


@pytest.mark.parametrize(
    "reply",
    (
        Reply(body=b"<html>login</html>"),
        Reply(body=b"<html>no</html>", status=403),
        xml_reply("GetCallerIdentity", CALLER, request_id=""),
        xml_error("InternalFailure", status=500),
    ),
)
def test_a_portal_that_refuses_a_forged_key_proves_nothing(aws: Make, reply: Reply) -> None:
    """The control is unseen then, not held."""
    asked, _ = aws(reply)

    with pytest.raises(CannotLook):
        asked.refuses_forged_key(REGION)


def test_our_own_turn_is_awaited_so_that_nobody_is_throttled(aws: Make) -> None:
    """Six questions at four in a burst and 20 a second: the last two wait, and none is refused."""
    clock = PretendClock()
    asked, _ = aws(
        json_reply(PITR), clock=clock, paces={("dynamodb", "DescribeContinuousBackups"): Pace(rate=20, burst=4)}
    )

    for number in range(6):
        asked.continuous_backups(REGION, f"table{number}")

    assert 0.1 == round(clock.monotonic(), 6)


def test_waiting_for_our_turn_is_not_counted_as_silence(aws: Make) -> None:
    """The quota is ours to keep; the deadline is AWS's."""
    clock = PretendClock()
    paces = {("dynamodb", "*"): Pace(rate=0.01, burst=1)}
    asked, _ = aws(json_reply(PITR), clock=clock, paces=paces)

    found = [asked.continuous_backups(REGION, name) for name in ("users", "users", "jobs")]

    assert [HELD, HELD] == found[:2]
    assert isinstance(found[2], ContinuousBackups)
    assert clock.monotonic() > Limits().question.total_seconds()


def test_an_endpoint_of_ones_own_hears_nothing_of_the_surroundings(
    aws: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Profiles, files, proxies, endpoints and keys of the environment belong to somebody else's AWS."""
    config = tmp_path / "config"
    config.write_text(
        "[profile prod]\nregion = us-east-1\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = x\n"
    )
    for name, value in {
        "AWS_PROFILE": "nobody",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ACCESS_KEY_ID": "AKIDENVIRONMENT",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_SESSION_TOKEN": "x",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:2",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2",
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_DEFAULTS_MODE": "auto",
        "AWS_RETRY_MODE": "odd",
        "AWS_MAX_ATTEMPTS": "odd",
        "HTTP_PROXY": "http://127.0.0.1:2",
        "http_proxy": "http://127.0.0.1:2",
    }.items():
        monkeypatch.setenv(name, value)
    asked, endpoint = aws(json_reply(PITR))

    assert HELD == asked.continuous_backups(REGION, "users")
    (request,) = endpoint.requests
    assert "AKIDEXAMPLE" in request.headers["Authorization"]
    assert "X-Amz-Security-Token" not in request.headers


def test_an_endpoint_without_a_key_asks_nobody_for_one(aws: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even an environment that has one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    asked, endpoint = aws(json_reply(PITR), credentials=None)

    raised = refusal(asked)

    assert raised.final
    assert "no usable credentials" in str(raised)
    assert [] == endpoint.requests


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RealAws:
    """The usual chain in surroundings that have nothing to say."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return real_aws(regions=[REGION], clock=RealClock())


def test_no_credentials_at_all_is_said_once_and_plainly(bare: RealAws) -> None:
    """Final, with the cure; preparing is allowed all the same."""
    bare.prepare()

    raised = refusal(bare)

    assert raised.final
    assert "no usable credentials" in str(raised)
    assert "aws sso login" in str(raised)


def test_only_the_clients_that_matter_are_made(bare: RealAws) -> None:
    """By the names that IAM's actions have for them: Step Functions are called states there."""
    bare.prepare({"dynamodb", "states", "route53", "nobody-knows-this"})

    assert {("dynamodb", REGION), ("stepfunctions", REGION), ("route53", "us-east-1")} == set(bare._wire._clients)


def test_a_profile_that_is_not_there_is_said_plainly(bare: RealAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """When preparing, and when asking."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(CannotLook, match=r"\(nobody\).*check AWS_PROFILE") as raised:
        bare.prepare()
    assert raised.value.final
    assert "check AWS_PROFILE" in str(refusal(bare.again()))


def test_a_region_that_can_be_none_is_said_plainly(aws: Make) -> None:
    """No request could ever be written for it."""
    asked, endpoint = aws(json_reply(PITR))

    with pytest.raises(CannotLook, match="the question cannot be asked") as raised:
        asked.continuous_backups("not a region!", "users")
    assert raised.value.final
    assert [] == endpoint.requests


def test_the_bundle_of_the_surroundings_is_believed_on_aws(bare: RealAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """As botocore does: a company's own authorities are in such a file."""
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")

    with pytest.raises(CannotLook, match=r"authorities in /nowhere\.pem cannot be read"):
        bare.prepare()


def test_authorities_that_cannot_be_read_are_said_plainly(aws: Make, tmp_path: Path) -> None:
    """The file is named."""
    asked, _ = aws(json_reply(PITR), ca_bundle=tmp_path / "nowhere.pem")

    assert "nowhere.pem cannot be read: No such file" in str(refusal(asked))


def test_the_authorities_are_read_once_for_all_connections(
    aws: Make, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without that, botocore would read them again for every connection of every client."""
    read: list[object] = []
    original = ssl.SSLContext.load_verify_locations

    def counted(self: ssl.SSLContext, *args: object, **kwargs: object) -> None:
        read.append((args, kwargs))
        original(self, *args, **kwargs)  # type: ignore[arg-type]

    bundle = issuer.bundle
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    endpoint = Endpoint((json_reply(PITR, after=0.05),), tls=issuer.server("localhost"))
    asked = real_aws(
        regions=[REGION], clock=RealClock(), endpoint=endpoint.url, credentials=KEY, limits=ONCE, ca_bundle=bundle
    )
    threads = [
        threading.Thread(target=asked.continuous_backups, args=(region, f"table{number}"))
        for number in range(4)
        for region in (REGION, "eu-west-1")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked.close()
    endpoint.close()

    assert 8 == len(endpoint.requests)
    assert endpoint.connections >= 2
    assert 1 == len(read)


@pytest.mark.parametrize(("trusted", "names"), ((False, "localhost"), (True, "other.example")))
def test_an_endpoint_that_cannot_prove_itself_is_not_asked(
    issuer: Issuer,
    stranger: Issuer,
    trusted: bool,  # noqa: FBT001 - a table of truths
    names: str,
) -> None:
    """An unknown authority and a wrong name are refused with the shared context as they would be without."""
    endpoint = Endpoint((json_reply(PITR),), tls=(issuer if trusted else stranger).server(names))
    asked = real_aws(
        regions=[REGION],
        clock=RealClock(),
        endpoint=endpoint.url,
        credentials=KEY,
        limits=ONCE,
        ca_bundle=issuer.bundle,
    )

    raised = refusal(asked)
    asked.close()
    endpoint.close()

    assert "CERTIFICATE_VERIFY_FAILED" in str(raised)
    assert [] == endpoint.requests


def test_a_context_that_is_given_is_the_one_that_is_used(issuer: Issuer) -> None:
    """One context for everything, AWS included."""
    context = ssl.create_default_context(cafile=issuer.bundle)
    endpoint = Endpoint((json_reply(PITR),), tls=issuer.server("localhost"))
    asked = real_aws(
        regions=[REGION], clock=RealClock(), endpoint=endpoint.url, credentials=KEY, limits=ONCE, ssl_context=context
    )

    found = asked.continuous_backups(REGION, "users")
    asked.close()
    endpoint.close()

    assert HELD == found
    assert context.check_hostname


def test_a_client_of_another_make_is_left_alone() -> None:
    """Where botocore's inside is not what we know, nothing is touched."""

    class Http:
        """A session without the parts that are replaced."""

        _manager = "theirs"

    class Endpointless:
        """A client whose endpoint has such a session."""

        _endpoint = type("Endpoint", (), {"http_session": Http()})()

    client = Endpointless()

    assert not Connections(ssl.create_default_context()).share(client)
    assert "theirs" == client._endpoint.http_session._manager
    assert not Connections(ssl.create_default_context()).share(object())
