from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checks import codec
from checks.evidence import Absent, ClientSeen, PoolGroups, PoolSeen, SignIn, veiled
from checks.model import CannotLook, Check, Resource, Unresolved, Verdict
from checks.promises import auth, clients
from tests.promises.worlds import ACCOUNT, APEX, NOW, REGION, WWW, planned, resource, target, world

POOL: dict[str, object] = {
    "DeletionProtection": "ACTIVE",
    "UsernameAttributes": ["phone_number", "email"],
    "LambdaConfig": {"PreSignUp": "arn:f", "KMSKeyID": "arn:k", "CustomSMSSender": {"LambdaArn": "arn:s"}},
    "MfaConfiguration": "OPTIONAL",
    "Policies": {"PasswordPolicy": {"MinimumLength": 10, "RequireNumbers": True, "RequireSymbols": False}},
}
CLIENT: dict[str, object] = {
    "UserPoolId": "p",
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "CallbackURLs": [f"https://{APEX}/"],
    "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "WriteAttributes": ["email", "name"],
    "AccessTokenValidity": 30,
    "RefreshTokenValidity": 7,
    "TokenValidityUnits": {"AccessToken": "minutes", "RefreshToken": "days"},
}
SEEN = PoolSeen(
    id="p",
    arn="arn:pool",
    deletion_protection="ACTIVE",
    aliases=(),
    usernames=("email", "phone_number"),
    triggers=(("CustomSMSSender", "arn:s"), ("PreSignUp", "arn:f")),
    custom=("custom:role",),
    mfa="OPTIONAL",
    admin_only=False,
    password=(("MinimumLength", "10"), ("RequireNumbers", "true"), ("RequireSymbols", "false")),
)
GROUPS = PoolGroups(pool="p", groups=("admin", "more", "seller"))
SITE = ClientSeen(
    id="c",
    signs_in=True,
    grants=("code",),
    callbacks=(f"https://{APEX}/",),
    logouts=(f"https://{WWW}/out",),
    flows=("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"),
    writable=("email", "name"),
    hides_users="ENABLED",
    access=1800,
    identity=3600,
    refresh=604_800,
)
GONE = Absent(what="user pool p")


def _group(name: str, pool: str = "p", **named: object) -> Resource:
    given = {"UserPoolId": pool, **named}
    physical_id = f"{pool}|{name}" if named else name
    return resource("AWS::Cognito::UserPoolGroup", given, subject=f"G/{name}", physical_id=physical_id)


def _checks(*more: Resource, domain: str = APEX, pool: object = None, client: object = None) -> dict[str, Check]:
    def said(given: dict[str, object], changes: object) -> dict[str, object]:
        merged = {**given, **(changes if isinstance(changes, dict) else {})}
        return {key: value for key, value in merged.items() if value is not None}

    found = target(
        resource("AWS::Cognito::UserPool", said(POOL, pool), subject="Pool", physical_id="p"),
        resource("AWS::Cognito::UserPoolClient", said(CLIENT, client), subject="Pool/Site", physical_id="c"),
        *(more or (_group("seller", GroupName="seller"), _group("admin"), _group("strangers", "other"))),
        domain=domain,
        aliases=(WWW,) if domain else (),
    )
    return planned([*auth.checks(found), *clients.checks(found)])


def _client(seen: ClientSeen, pool: PoolSeen | Absent = SEEN, *, domain: str = APEX, **client: object) -> Verdict:
    check = _checks(client=client, domain=domain)["auth.client[Pool/Site]"]
    return check.sight.judge(SignIn(client=seen, pool=pool), NOW)


def test_everything_passes_where_everything_is_right() -> None:
    """Planned from the template, looked at through the world, judged."""
    seen = world(
        {
            ("user_pool", REGION, "p"): SEEN,
            ("user_pool_groups", REGION, "p"): GROUPS,
            ("user_pool_client", REGION, "p", "c"): SITE,
        }
    )
    checks = _checks()

    verdicts = {name: check.sight.judge(check.sight.look(seen), NOW) for name, check in checks.items()}

    rooms = ("pool[Pool]", "settings[Pool]", "mails[Pool]", "groups[Pool]", "client[Pool/Site]")
    assert [f"auth.{each}" for each in rooms] == list(checks)
    assert {} == {name: verdict for name, verdict in verdicts.items() if verdict.status != "pass"}


def test_what_cannot_be_looked_at_is_not_judged_and_params_survive() -> None:
    """No look swallows CannotLook; a frozen plan is read back; IAM is asked for this pool."""
    for check in _checks(client={"WriteAttributes": Unresolved("x")}).values():
        with pytest.raises(CannotLook):
            check.sight.look(world({}))
        assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))
        assert (f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/p",) == check.place.resources


def test_what_is_gone_fails_with_a_remedy() -> None:
    """The pool for all that is asked of it, the client for itself."""
    for name, check in _checks().items():
        verdict = check.sight.judge(SignIn(client=GONE, pool=GONE) if "client" in name else GONE, NOW)
        assert ("fail", True) == (verdict.status, bool(verdict.remedy)), name


@pytest.mark.parametrize(
    ("seen", "words"),
    (
        (replace(SEEN, deletion_protection="INACTIVE"), "protection INACTIVE"),
        (replace(SEEN, aliases=("email",)), "aliases email"),
        (replace(SEEN, usernames=("email",)), "usernames email"),
        (replace(SEEN, triggers=()), "triggers none"),
        (replace(SEEN, triggers=(("PreSignUp", "arn:old"),)), "triggers PreSignUp=arn:old"),
    ),
)
def test_each_part_of_a_pool_that_matters_is_that_of_the_template(seen: PoolSeen, words: str) -> None:
    """One difference is enough."""
    verdict = _checks()["auth.pool[Pool]"].sight.judge(seen, NOW)

    assert ("fail", words) == (verdict.status, verdict.actual)


@pytest.mark.parametrize(
    ("seen", "words"),
    (
        (replace(SEEN, mfa="OFF"), "second factor OFF"),
        (replace(SEEN, admin_only=True), "invited only true"),
        (replace(SEEN, password=(("MinimumLength", "6"), *SEEN.password[1:])), "MinimumLength 6"),
        (replace(SEEN, password=()), "MinimumLength none, RequireNumbers none, RequireSymbols none"),
    ),
)
def test_each_demand_of_a_pool_is_that_of_the_template(seen: PoolSeen, words: str) -> None:
    """Passwords, second factor, sign-up."""
    verdict = _checks()["auth.settings[Pool]"].sight.judge(seen, NOW)

    assert ("fail", words) == (verdict.status, verdict.actual)


def test_a_bare_template_has_the_defaults_of_cognito() -> None:
    """Unprotected, no trigger, no second factor, open to all."""
    bare = _checks(pool=dict.fromkeys(POOL))
    plain = replace(SEEN, deletion_protection="INACTIVE", usernames=(), triggers=(), mfa="OFF", password=())

    assert {"pass"} == {bare[f"auth.{name}[Pool]"].sight.judge(plain, NOW).status for name in ("pool", "settings")}
    assert {"fail"} == {bare[f"auth.{name}[Pool]"].sight.judge(SEEN, NOW).status for name in ("pool", "settings")}


def test_what_is_open_is_not_compared_and_said() -> None:
    """A trigger and a length; the rest is."""
    said = {
        "LambdaConfig": {"PreSignUp": Unresolved("GetAtt F"), "PostSignUp": "arn:g"},
        "Policies": {"PasswordPolicy": {"MinimumLength": Unresolved("Ref L")}},
    }
    checks = _checks(pool=said)
    other = replace(SEEN, triggers=(), password=())

    pool, settings = (checks[f"auth.{name}[Pool]"].sight.judge(other, NOW) for name in ("pool", "settings"))

    assert ("pass", "pass") == (pool.status, settings.status)
    assert ("GetAtt F" in pool.expected, "Ref L" in settings.expected) == (True, True)
    whole = _checks(pool={"LambdaConfig": Unresolved("Fn::If")})["auth.pool[Pool]"].sight.judge(other, NOW)
    assert ("pass", True) == (whole.status, "Fn::If" in whole.expected)


def test_groups_are_those_of_this_pool() -> None:
    """The check speaks for the pool and for each of its groups."""
    check = _checks()["auth.groups[Pool]"]

    assert ("admin", "seller") == check.params["names"]
    assert ("Pool", "Gseller", "Gadmin") == check.place.covers
    verdict = check.sight.judge(PoolGroups(pool="p", groups=("admin",)), NOW)
    assert ("fail", "missing: seller") == (verdict.status, verdict.actual)
    assert "auth.groups[Pool]" not in _checks(_group("strangers", "other"))


@pytest.mark.parametrize(
    ("seen", "words"),
    (
        (replace(SITE, grants=("code", "implicit")), "implicit grant"),
        (replace(SITE, logouts=("https://example.com/",)), "returns to https://example.com/"),
        (replace(SITE, logouts=(f"http://{APEX}/",)), f"returns to http://{APEX}/"),
        (replace(SITE, logouts=(f"https://{APEX}:x@evil.test/",)), "returns to"),
        (replace(SITE, logouts=(f"https://{APEX}.evil.test",)), "returns to"),
        (replace(SITE, callbacks=(f"https://{APEX}",)), f"callbacks https://{APEX}"),
        (replace(SITE, hides_users="LEGACY"), "tells users apart (PreventUserExistenceErrors LEGACY)"),
        (replace(SITE, hides_users=""), "PreventUserExistenceErrors not set"),
        (replace(SITE, writable=("email", "name", "custom:role")), "lets its users write custom:role"),
        (replace(SITE, writable=("email", "name", "nickname")), "lets its users write nickname"),
        (replace(SITE, writable=None), "lets its users write custom:role, lets its users write every attribute"),
        (replace(SITE, flows=("ALLOW_USER_SRP_AUTH",)), "flows ALLOW_USER_SRP_AUTH"),
        (replace(SITE, access=86_400), "AccessToken for 86400 s"),
        (replace(SITE, identity=60), "IdToken for 60 s"),
        (replace(SITE, refresh=315_360_000), "RefreshToken for 315360000 s"),
    ),
)
def test_each_side_door_is_seen(seen: ClientSeen, words: str) -> None:
    """One is enough."""
    verdict = _client(seen)

    assert ("fail", True) == (verdict.status, words in verdict.actual)


def test_hosts_are_compared_and_not_their_spelling() -> None:
    """A port, a query and capitals change nothing; a mark without a path ends a host."""
    urls = (f"HTTPS://{APEX.upper()}:443/x", f"https://{APEX}?a=/", f"https://{WWW}#b")

    assert "pass" == _client(replace(SITE, logouts=urls)).status


def test_oauth_that_is_off_has_no_doors() -> None:
    """Cognito keeps the settings and does not use them."""
    off = replace(SITE, signs_in=False, grants=("implicit",), callbacks=("https://example.com",))

    assert "pass" == _client(off, AllowedOAuthFlowsUserPoolClient=None).status
    assert "fail" == _client(off).status


def test_without_a_site_a_client_returns_where_its_template_says() -> None:
    """No host is known, and none is told."""
    elsewhere = replace(SITE, logouts=("https://app.example/",))

    verdict = _client(elsewhere, domain="")

    assert ("pass", True) == (verdict.status, "returning to its own site, " in verdict.expected)
    assert "fail" == _client(replace(elsewhere, callbacks=()), domain="").status
    assert f"returning to {APEX}, {WWW}, " in _client(SITE).expected


@pytest.mark.parametrize(
    ("said", "words"),
    (
        pytest.param(["name", "email"], "email, name", id="a list"),
        pytest.param(None, "no attribute of the pool's own", id="no list"),
        pytest.param([Unresolved("Ref W")], "anything", id="a list that is open"),
    ),
)
def test_what_users_may_write_is_told(said: object, words: str) -> None:
    """As far as the template says it."""
    assert f"users not told apart, writing {words}, " in _client(SITE, WriteAttributes=said).expected


@pytest.mark.parametrize(
    ("writable", "pool", "status"),
    (
        (None, SEEN, "fail"),
        (None, replace(SEEN, custom=()), "pass"),
        (None, GONE, "pass"),
        (("email", "nickname"), SEEN, "pass"),
        (("email", "custom:role"), SEEN, "fail"),
    ),
)
def test_a_template_without_a_list_lets_nobody_write_a_role(
    writable: tuple[str, ...] | None, pool: PoolSeen | Absent, status: str
) -> None:
    """Standard attributes are everybody's own."""
    assert status == _client(replace(SITE, writable=writable), pool, WriteAttributes=None).status


def test_an_open_list_is_not_held_against_a_client() -> None:
    """And is said."""
    verdict = _client(replace(SITE, writable=None), WriteAttributes=[Unresolved("Ref W")])

    assert ("pass", True) == (verdict.status, "not compared: Ref W" in verdict.expected)


def test_lives_that_are_open_are_not_compared() -> None:
    """Nor flows that the template leaves to Cognito."""
    said: dict[str, Any] = {
        "AccessTokenValidity": Unresolved("Ref Life"),
        "ExplicitAuthFlows": None,
        "IdTokenValidity": 0,
    }

    verdict = _client(replace(SITE, access=1, flows=()), **said)

    assert ("pass", True) == (verdict.status, "Ref Life" in verdict.expected)


def test_a_client_whose_pool_is_open_cannot_be_asked() -> None:
    """Nothing is planned that could not be looked at."""
    assert "auth.client[Pool/Site]" not in _checks(client={"UserPoolId": Unresolved("Fn::ImportValue")})


SES = {"EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:ses:identity/shop.test", "From": "Shop <hello@shop.test>"}


def _mails(seen: PoolSeen | Absent, said: object = None) -> Verdict:
    return _checks(pool={"EmailConfiguration": said})["auth.mails[Pool]"].sight.judge(seen, NOW)


def _sends(**mails: str) -> PoolSeen:
    return replace(SEEN, mails=tuple((name, veiled(value)) for name, value in mails.items()))


@pytest.mark.parametrize(
    ("seen", "said", "status"),
    (
        pytest.param(SEEN, None, "pass", id="nothing is said on either side"),
        pytest.param(_sends(EmailSendingAccount="COGNITO_DEFAULT"), None, "pass", id="Cognito's own, as of itself"),
        pytest.param(_sends(**SES), SES, "pass", id="the template's"),
        pytest.param(_sends(**SES, ReplyToEmailAddress="a@b.test"), SES, "pass", id="more than the template says"),
        pytest.param(_sends(**SES), None, "fail", id="another than Cognito's own"),
        pytest.param(SEEN, SES, "fail", id="Cognito's own instead"),
        pytest.param(_sends(**{**SES, "From": "Shop <other@shop.test>"}), SES, "fail", id="another address"),
        pytest.param(_sends(**{**SES, "SourceArn": "arn:ses:identity/x"}), SES, "fail", id="another identity"),
        pytest.param(replace(SEEN, mails_fail="not verified"), None, "fail", id="Cognito says that it fails"),
        pytest.param(GONE, None, "fail", id="no pool"),
    ),
)
def test_mails_are_sent_by_whom_the_template_names(seen: Any, said: object, status: str) -> None:  # noqa: ANN401
    """AWS: EmailConfiguration; a sender that is not verified sends nothing."""
    assert status == _mails(seen, said).status


def test_what_the_shared_sender_takes_is_told() -> None:
    """Fifty a day, of a whole account; one of SES takes what SES gives it."""
    assert "50 mails a day" in _mails(SEEN).actual
    assert "50 mails a day" in _mails(SEEN, SES).actual
    assert "mails a day" not in _mails(_sends(**SES), SES).actual


def test_what_a_template_leaves_open_about_mails_is_not_compared() -> None:
    """A sender that comes from somewhere else is told as left out."""
    verdict = _mails(_sends(**SES), {**SES, "From": Unresolved("Ref Sender")})

    assert "pass" == verdict.status
    assert "Ref Sender" in verdict.expected
    assert "pass" == _mails(_sends(**SES), Unresolved("Fn::If Mail")).status


def test_no_address_is_kept() -> None:
    """It can be told from another one, and nobody can be written to."""
    kept = veiled("Shop <hello@shop.test>")

    assert kept.endswith(" at shop.test")
    assert "hello" not in kept
    assert kept == codec.scrub(kept)
    assert kept != veiled("Shop <other@shop.test>")
    assert "arn:ses:identity/shop.test" == veiled("arn:ses:identity/shop.test")
