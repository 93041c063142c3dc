"""Settings, refused by key where they are odd, and the target that they and CloudFormation make."""
# ruff: noqa: ANN401 - a document that is being spoilt has no type

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import settings as hurry
from hypothesis import strategies as st

from checks import target
from checks.evidence import Absent, Caller, StackSeen
from checks.model import CannotLook, Stack, Unresolved
from checks.pool import Pool
from checks.target import NoSuchStack, Settings, SettingsError, parse
from checks.target.settings import interpret
from checks.twin import addresses
from checks.world.pretend import PretendWorld, asked, pretend_world

T = TypeVar("T")

unhurried = hurry(deadline=None)  # a busy machine is no defect

FULL = """
schema = 1
twin = false

[account]
id = "111122223333"

[[stack]]
name = "ShopCertificate"
region = "us-east-1"
role_arn = "arn:aws:iam::111122223333:role/checks"

[[stack]]
name = "Shop"
region = "af-south-1"
role_arn = "arn:aws:iam::111122223333:role/checks"

[site]
domain = "shop.example"
aliases = ["www.shop.example", "shop.example", "www.shop.example"]
spa_paths = ["/jobs"]

[network]
resolver = "127.0.0.1:5300"
connect = { "192.0.2.1:443" = "127.0.0.1:8443", "[2001:db8::1]:443" = "127.0.0.1:8443" }
ca_bundle = "authorities.pem"

[vantage]
cli = ["ipv6", "udp53"]
canary = []

[expect]
domain = "shop.example"
families = ["dns", "tables"]

[expect.resources]
"AWS::DynamoDB::Table" = 9

[expect.items]
"Data/Settings" = 2

[thresholds]
certificate_days = 21
pitr_minutes = 12.5

[budget]
recovered = 0.02
retries = 3
wait = "20m"

[journeys]
sign_in = true
user = "probe"
password_parameter = "/shop/probe"

[owners]
tables = "data team"

[runbook]
"tables.*" = "docs/runbook.md#tables"

[[waiver]]
check = "dns.ipv6[shop.example]"
owner = "Ada"
reason = "the provider has none until spring"
expires = 2027-03-31

[maintenance]
starts = 2027-01-01T22:00:00+02:00
ends = 2027-01-02T00:00:00Z
reason = "moving house"
owner = "Ada"

[deploy]
command = ["make", "deploy"]
"""


def settings(text: str = FULL) -> Settings:
    """The settings of *text*."""
    return parse(text, name="shop", source="shop.toml", folder=Path("/home/shop"))


def problems(text: str) -> list[str]:
    """What is said of *text*."""
    with pytest.raises(SettingsError) as refused:
        settings(text)
    return str(refused.value).splitlines()


def without(line: str, text: str = FULL) -> str:
    """The settings without one line."""
    assert line in text
    return text.replace(f"{line}\n", "")


def test_everything_that_can_be_said_is_read() -> None:
    """Each key of the file ends in one typed value."""
    read = settings()

    assert ("shop", "111122223333", False) == (read.name, read.account, read.twin)
    assert [("ShopCertificate", "us-east-1"), ("Shop", "af-south-1")] == [(s.name, s.region) for s in read.stacks]
    assert ("us-east-1", "af-south-1") == read.regions
    assert "arn:aws:iam::111122223333:role/checks" == read.role_arn
    assert ("shop.example", ("www.shop.example",), ("/jobs",)) == (read.domain, read.aliases, read.spa_paths)
    assert "127.0.0.1:5300" == read.network.resolver
    here = ("127.0.0.1", 8443)
    assert {("192.0.2.1", 443): here, ("2001:db8::1", 443): here} == read.network.connect
    assert Path("/home/shop/authorities.pem") == read.network.ca_bundle
    assert {"cli": ("ipv6", "udp53"), "canary": ()} == read.vantage
    assert ("shop.example", ("dns", "tables")) == (read.expect.domain, read.expect.families)
    assert {"AWS::DynamoDB::Table": 9} == read.expect.resources
    assert {"Data/Settings": 2} == read.expect.items
    assert {"certificate_days": 21.0, "pitr_minutes": 12.5} == read.thresholds
    assert (0.02, 3, timedelta(minutes=20)) == (read.budget.recovered, read.budget.retries, read.budget.wait)
    assert {"sign_in": True, "user": "probe", "password_parameter": "/shop/probe"} == read.journeys
    assert {"tables": "data team"} == read.owners
    assert {"tables.*": "docs/runbook.md#tables"} == read.runbook
    assert ("make", "deploy") == read.deploy


def test_a_waiver_lasts_until_the_end_of_its_day() -> None:
    """That day is included, whatever the time."""
    (waiver,) = settings().waivers

    assert ("dns.ipv6[shop.example]", "Ada") == (waiver.check, waiver.owner)
    assert datetime(2027, 3, 31, 23, 59, 59, 999999, tzinfo=UTC) == waiver.expires


def test_maintenance_is_kept_in_utc() -> None:
    """An offset in the file is allowed, and needed."""
    maintenance = settings().maintenance

    assert maintenance is not None
    assert datetime(2027, 1, 1, 20, tzinfo=UTC) == maintenance.starts


def test_a_target_may_be_a_site_alone_or_stacks_alone() -> None:
    """Everything but the schema and something to look at has a default."""
    assert "shop.example" == settings('schema = 1\n[site]\ndomain = "shop.example"').domain
    stack = 'schema = 1\naccount.id = "111122223333"\n[[stack]]\nname = "Shop"\nregion = "af-south-1"'
    assert ("", None) == (settings(stack).domain, settings(stack).maintenance)


@pytest.mark.parametrize(
    ("key", "known"),
    (
        ("", "'account'"),
        ("[account]", "['id']"),
        ("[site]", "['aliases', 'domain', 'hidden', 'spa_paths']"),
        ("[network]", "['ca_bundle', 'connect', 'resolver', 'resolvers']"),
        ("[vantage]", "['canary', 'cli', 'gate', 'pytest']"),
        ("[expect]", "['domain', 'families', 'items', 'resources']"),
        ("[budget]", "['recovered', 'retries', 'wait']"),
        ("[[waiver]]", "['check', 'expires', 'owner', 'reason']"),
        ("[maintenance]", "['ends', 'owner', 'reason', 'starts']"),
        ("[deploy]", "['command', 'settings']"),
    ),
)
def test_a_misspelt_key_is_refused_by_name(key: str, known: str) -> None:
    """The message names file, key, and the keys that there are."""
    text = FULL.replace(key, f"{key}\ndomian = 1", 1) if key else f"domian = 1\n{FULL}"

    (problem,) = problems(text)

    assert problem.startswith("shop.toml: ")
    assert "unknown ['domian']; known are" in problem
    assert known in problem


@pytest.mark.parametrize(
    ("before", "after", "says"),
    (
        ("schema = 1", "schema = 2", "schema: expected a whole number from 1 to 1; it is 2"),
        ("schema = 1", "", "schema: missing; begin the file with schema = 1"),
        ("twin = false", 'twin = "no"', "twin: expected true or false; it is 'no'"),
        ('id = "111122223333"', "id = 111122223333", "account.id: expected an account id, twelve digits in quotes"),
        ('[account]\nid = "111122223333"', "", "account.id: missing; a target with a stack needs it"),
        ('name = "Shop"', "", "stack[2].name: missing"),
        ('name = "Shop"', 'name = "S_1"', "stack[2].name: expected the name of a CloudFormation stack; it is 'S_1'"),
        ('name = "Shop"\nregion = "af-south-1"', 'name = "ShopCertificate"\nregion = "us-east-1"', "is named twice"),
        ('region = "af-south-1"', 'region = "Cape Town"', "stack[2].region: expected an AWS region"),
        (
            'region = "af-south-1"\nrole_arn = "arn:aws:iam::111122223333:role/checks"',
            'region = "af-south-1"',
            "same role",
        ),
        ("[[stack]]\nname", '[[stack]]\nrole_arn = "admin"\nname', None),
        ('domain = "shop.example"\naliases', 'domain = "Shop.Example"\naliases', "site.domain: expected a host name"),
        ('domain = "shop.example"\naliases', "aliases", "site.aliases: given without site.domain"),
        (
            'domain = "shop.example"\naliases = ["www.shop.example", "shop.example", "www.shop.example"]',
            "hidden = true",
            "site.hidden: given without site.domain",
        ),
        ('spa_paths = ["/jobs"]', 'spa_paths = "/jobs"', "site.spa_paths: expected a list, each item a path"),
        ('spa_paths = ["/jobs"]', 'hidden = "yes"', "site.hidden: expected true or false"),
        ('spa_paths = ["/jobs"]', 'spa_paths = ["jobs"]', "site.spa_paths: expected a list, each item a path"),
        ('resolver = "127.0.0.1:5300"', 'resolver = "127.0.0.1"', "network.resolver: expected an address and a port"),
        (
            'resolver = "127.0.0.1:5300"',
            'resolver = "127.0.0.1:99999"',
            "network.resolver: expected an address and a port",
        ),
        (
            'resolver = "127.0.0.1:5300"',
            'resolvers = ["dns.example"]',
            "network.resolvers: 'dns.example' is not an address, such as 1.1.1.1",
        ),
        ('"192.0.2.1:443" = "127.0.0.1:8443"', '"192.0.2.1" = "127.0.0.1:8443"', "network.connect.192.0.2.1: expected"),
        ('ca_bundle = "authorities.pem"', "ca_bundle = 1", "network.ca_bundle: expected the path of a file"),
        ('cli = ["ipv6", "udp53"]', 'cli = ["IPv6!"]', "vantage.cli: expected a list, each item a capability"),
        (
            '"AWS::DynamoDB::Table" = 9',
            '"AWS::DynamoDB::Table" = 0',
            "expected a whole number from 1 to 10000; it is 0",
        ),
        ('"Data/Settings" = 2', '"Data/Settings" = 1001', "expected a whole number from 1 to 1000; it is 1001"),
        ('"Data/Settings" = 2', '"Data/Settings" = "2"', "expect.items.Data/Settings: expected a whole number"),
        ('"AWS::DynamoDB::Table" = 9', "tables = 9", "expect.resources.tables: expected a resource type"),
        (
            "certificate_days = 21",
            "certificate_days = true",
            "thresholds.certificate_days: expected a number; it is True",
        ),
        (
            "certificate_days = 21",
            "certificate_days = nan",
            "thresholds.certificate_days: expected a number; it is nan",
        ),
        (
            "certificate_days = 21",
            "certificate_days = inf",
            "thresholds.certificate_days: expected a number; it is inf",
        ),
        ("recovered = 0.02", "recovered = 2", "budget.recovered: expected a number from 0 to 1; it is 2"),
        ("retries = 3", "retries = true", "budget.retries: expected a whole number from 0 to 10; it is True"),
        ('wait = "20m"', "wait = 20", 'budget.wait: expected a length of time such as "20m"'),
        ("sign_in = true", "sign_in = [1]", "journeys.sign_in: expected true, false, a number or a text"),
        ('tables = "data team"', 'tables = ""', "owners.tables: expected the name of who looks after it; it is ''"),
        ("expires = 2027-03-31", "", "waiver[1].expires: missing; expected a day"),
        (
            "expires = 2027-03-31",
            'expires = "soon"',
            "waiver[1].expires: expected a day such as 2027-01-31; it is 'soon'",
        ),
        ("expires = 2027-03-31", "expires = 2027-03-31T00:00:00Z", "waiver[1].expires: expected a day"),
        ('reason = "the provider has none until spring"', "", "waiver[1].reason: missing; expected why"),
        (
            "starts = 2027-01-01T22:00:00+02:00",
            "starts = 2027-01-01T22:00:00",
            "maintenance.starts: expected a moment with",
        ),
        (
            "ends = 2027-01-02T00:00:00Z",
            "ends = 2027-01-01T00:00:00Z",
            "maintenance.ends: expected a moment after starts",
        ),
        ('command = ["make", "deploy"]', 'command = "make deploy"', "deploy.command: expected a list"),
        ("[account]", "[account", "is not TOML"),
        (
            '[site]\ndomain = "shop.example"',
            '[[site]]\ndomain = "shop.example"',
            "site: expected a table, written [site]",
        ),
        ("[[waiver]]", "[waiver]", "waiver: expected tables, each written [[waiver]]"),
    ),
)
def test_an_odd_value_is_refused_by_key_with_the_cure(before: str, after: str, says: str | None) -> None:
    """Expected, actual and what to write instead."""
    assert before in FULL

    found = problems(FULL.replace(before, after, 1))

    assert all(problem.startswith("shop.toml: ") for problem in found)
    assert says is None or any(says in problem for problem in found), found


def test_all_problems_are_told_at_once() -> None:
    """Nobody should have to run it five times to learn of five mistakes."""
    text = FULL.replace("retries = 3", "retries = -1").replace('domain = "shop.example"', "domain = 1")

    found = problems(f"nobody = 1\n{text}")

    keys = ("site.domain", "expect.domain", "budget.retries", "unknown ['nobody']")
    assert keys == tuple(key for key in keys if any(f"shop.toml: {key}" in problem for problem in found))
    assert len(keys) == len(found)


def test_nothing_to_look_at_is_refused() -> None:
    """A target of nothing would always be in order."""
    (problem,) = problems("schema = 1")

    assert "names neither a [[stack]] nor a [site] domain: nothing to look at" in problem


@pytest.mark.parametrize(
    ("line", "kind"),
    (
        ('user = "AKIAIOSFODNN7EXAMPLE"', "an AWS access key"),
        ('user = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"', "an AWS secret key"),
        ('user = "-----BEGIN RSA PRIVATE KEY-----"', "a private key"),
        ('user = "ghp_0123456789012345678901234567890123ab"', "a GitHub token"),
        ('user = "https://hooks.slack.com/services/T0/B0/x"', "a Slack token or webhook"),
        ('user = "sk_live_0123456789abcdef"', "a payment key"),
        ('user = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig"', "a signed token"),
        ('user = "https://me:hunter2@shop.example/"', "a password within a URL"),
        ('password = "hunter2"', "is named like a secret"),
    ),
)
def test_what_looks_like_a_secret_is_refused_and_never_shown(line: str, kind: str) -> None:
    """Settings live in a repository; they hold the names of parameters."""
    text = FULL.replace('user = "probe"', line)
    secret = line.split('"')[1]

    (problem,) = problems(text)

    assert "journeys." in problem
    assert kind in problem
    assert secret not in problem


def test_a_secret_in_a_place_of_another_type_is_not_shown_either() -> None:
    """The message about the type must not repeat it."""
    found = "\n".join(problems(FULL.replace("retries = 3", 'retries = "AKIAIOSFODNN7EXAMPLE"')))

    assert "looks like an AWS access key" in found
    assert "AKIA" not in found


@pytest.mark.parametrize(
    "harmless", ("0123456789abcdef0123456789abcdef01234567", "/shop/probe", "https://shop.example/a:b")
)
def test_a_commit_or_a_path_is_no_secret(harmless: str) -> None:
    """A rule that cries wolf would be switched off."""
    assert harmless == settings(FULL.replace('user = "probe"', f'user = "{harmless}"')).journeys["user"]


@pytest.mark.parametrize(
    ("line", "says"),
    (
        ('[account]\nid = "111122223333"', "account.id: expected 000000000000 with twin = true"),
        ('[account]\nid = "000000000000"\n[network]\nresolver = "127.0.0.1:53"', "network: take it out"),
    ),
)
def test_a_twin_is_its_own_account_and_network(line: str, says: str) -> None:
    """What the twin says of itself may not be said otherwise."""
    (problem,) = problems(f'schema = 1\ntwin = true\n{line}\n[site]\ndomain = "shop.example"')

    assert says in problem


def test_the_settings_of_this_project_are_in_order() -> None:
    """Every file that is shipped with the repository can be read."""
    files = sorted((Path(target.__file__).parents[1] / "targets").glob("*.toml"))

    assert files
    assert [file.stem for file in files] == [target.read(file).name for file in files]


def test_a_target_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    """A name is sought in targets, then in checks/targets; a path is taken as it is."""
    near, far = tmp_path / "targets" / "shop.toml", tmp_path / "checks" / "targets" / "shop.toml"
    for file in (far, near):
        file.parent.mkdir(parents=True)
        file.write_text("schema = 1")
    other = tmp_path / "other.toml"
    other.write_text("schema = 1")

    assert near == target.find("shop", home=tmp_path)
    assert other == target.find("other.toml", home=tmp_path)
    assert other == target.find(str(other), home=tmp_path / "targets")
    near.unlink()
    assert far == target.find("shop", home=tmp_path)


@pytest.mark.parametrize("name", ("nobody", "nobody.toml", "no/body", "../shop"))
def test_a_target_that_is_nowhere_says_where_it_was_sought(tmp_path: Path, name: str) -> None:
    """And which ones there are."""
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "shop.toml").write_text("schema = 1")

    with pytest.raises(SettingsError, match=r"no target .*known are \[.*'shop'"):
        target.find(name, home=tmp_path)


def test_a_file_that_cannot_be_read_is_a_problem_of_settings(tmp_path: Path) -> None:
    """Missing, a folder, or not text."""
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")

    for path in (tmp_path / "missing.toml", tmp_path, binary):
        with pytest.raises(SettingsError, match="cannot be read"):
            target.read(path)


_DOCUMENT = tomllib.loads(FULL)
_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.times(),
    st.lists(st.one_of(st.integers(), st.text(max_size=5)), max_size=3),
    st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5)), max_size=3),
)


def _places(found: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    return [path] * bool(path) + [place for key, one in inner for place in _places(one, (*path, key))]


def _changed(path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    document = copy.deepcopy(_DOCUMENT)
    holder: Any = document
    for key in path[:-1]:
        holder = holder[key]
    change(holder, path[-1])
    return document


def _set(value: object) -> Callable[[Any, Any], None]:
    def change(holder: Any, key: Any) -> None:
        holder[key] = value

    return change


def _remove(holder: Any, key: Any) -> None:
    del holder[key]


def _judged(document: Any) -> object:
    try:
        return interpret(document, name="x", source="x.toml")
    except SettingsError as error:
        return str(error)


@unhurried
@given(path=st.sampled_from(_places(_DOCUMENT)), value=_ODD)
def test_any_value_anywhere_is_refused_or_read(path: tuple[Any, ...], value: object) -> None:
    """SettingsError or Settings, never another exception."""
    assert isinstance(_judged(_changed(path, _set(value))), (Settings, str))


@unhurried
@given(path=st.sampled_from(_places(_DOCUMENT)), name=st.text(max_size=10))
def test_any_misspelling_is_refused_or_read(path: tuple[Any, ...], name: str) -> None:
    """A key under another name, or gone."""

    def rename(holder: Any, key: Any) -> None:
        value = holder[key]
        del holder[key]
        if isinstance(holder, dict):
            holder[name] = value

    assert isinstance(_judged(_changed(path, rename)), (Settings, str))
    assert isinstance(_judged(_changed(path, _remove)), (Settings, str))


@unhurried
@given(text=st.text(max_size=60))
def test_any_text_is_refused_or_read(text: str) -> None:
    """A file may hold anything."""
    with pytest.raises(SettingsError):
        settings(text)


class Inline:
    """A pool that does the work at once."""

    def submit(self, work: Callable[[], T], /) -> Future[T]:
        """Run it here."""
        future: Future[T] = Future()
        try:
            future.set_result(work())
        except CannotLook as error:
            future.set_exception(error)
        return future


REGION = "af-south-1"
HEAD = 'schema = 1\naccount.id = "111122223333"\nsite.domain = "shop.example"\n'
ONE = f'{HEAD}[[stack]]\nname = "Shop"\nregion = "af-south-1"'
TEMPLATE = {
    "Outputs": {"Bucket": {"Value": 1}},
    "Parameters": {"Stage": {"Type": "String", "Default": "test"}},
    "Resources": {
        "Users1A": {
            "Type": "AWS::DynamoDB::Table",
            "Metadata": {"aws:cdk:path": "Shop/Data/Users/Resource"},
            "Properties": {"BillingMode": {"Ref": "Stage"}, "Alias": {"Fn::GetAtt": ["Site", "DomainName"]}},
        },
        "Site": {"Type": "AWS::CloudFront::Distribution", "Metadata": {"aws:cdk:path": "Shop/Site/Resource"}},
        "Never": {"Type": "AWS::S3::Bucket"},
    },
}
LIVE = (
    ("Users1A", "AWS::DynamoDB::Table", "Shop-Users-X"),
    ("Site", "AWS::CloudFront::Distribution", "E1"),
    ("Old", "A::B", "o"),
)


def stack_seen(name: str = "Shop", region: str = REGION) -> StackSeen:
    """A stack in good order."""
    return StackSeen(
        name=name,
        arn=f"arn:aws:cloudformation:{region}:111122223333:stack/{name}/1",
        status="UPDATE_COMPLETE",
        reason="",
        updated=datetime(2026, 11, 22, tzinfo=UTC),
        outputs=(("Bucket", "b"),),
        parameters=(("Stage", "PAY_PER_REQUEST"),),
    )


def world(name: str = "Shop", region: str = REGION, /, **answers: object) -> dict[Any, object]:
    """What AWS says of one stack; *answers* replace some of it."""
    said: dict[str, object] = {
        "caller": Caller(account="111122223333", arn="arn:aws:iam::111122223333:user/ada"),
        "stack": stack_seen(name, region),
        "stack_resources": LIVE,
        "stack_template": json.dumps(TEMPLATE),
        **answers,
    }
    return {
        asked(f"aws.{question}", *((region,) if question == "caller" else (region, name))): answer
        for question, answer in said.items()
    }


def pretend(*scripts: dict[Any, object]) -> PretendWorld:
    """The world of all these scripts."""
    return pretend_world({question: answer for script in scripts for question, answer in script.items()})


def test_a_target_is_what_lives_in_the_stack() -> None:
    """Live resources, with the template's properties resolved and the template's names."""
    found = target.resolve(settings(ONE), pretend(world()), pool=Inline())

    (stack,) = found.stacks
    users, site, old = stack.resources
    assert ("shop", "111122223333", "aws", ("shop.example",)) == (
        found.name,
        found.account,
        found.partition,
        found.hosts,
    )
    assert ("Data/Users", "Shop-Users-X", "Shop", REGION) == (
        users.subject,
        users.physical_id,
        users.stack,
        users.region,
    )
    assert "PAY_PER_REQUEST" == users.properties["BillingMode"]
    assert isinstance(users.properties["Alias"], Unresolved)
    assert ("Site", {}) == (site.subject, site.properties)
    assert ("Old", {}) == (old.subject, old.properties)
    assert ({"Bucket": "b"}, ("Bucket",), stack_seen().arn) == (stack.outputs, stack.declared_outputs, stack.arn)


def test_a_stack_that_is_there_to_be_thrown_away_is_told_by_settings() -> None:
    """And no other is; a word in its place is refused."""
    written = _stacks(("Shop", REGION)) + "disposable = true\n"
    thrown = target.resolve(settings(written), pretend(world()), pool=Inline())
    kept = target.resolve(settings(_stacks(("Shop", REGION))), pretend(world()), pool=Inline())

    assert [True, False] == [each.disposable for found in (thrown, kept) for each in found.stacks]
    with pytest.raises(SettingsError, match="disposable"):
        settings(_stacks(("Shop", REGION)) + 'disposable = "yes"\n')


def test_a_real_pool_gives_the_same() -> None:
    """The looks may run in any order, at once."""
    alone = target.resolve(settings(ONE), pretend(world()), pool=Inline())

    assert alone == target.resolve(settings(ONE), pretend(world()), pool=Pool(4))


def _stacks(*places: tuple[str, str]) -> str:
    tables = "".join(f'[[stack]]\nname = "{name}"\nregion = "{region}"\n' for name, region in places)
    return f'schema = 1\naccount.id = "111122223333"\n{tables}'


@pytest.mark.parametrize(
    ("places", "subjects"),
    (
        ((("Shop", REGION),), ["Data/Users"]),
        ((("Shop", REGION), ("Cert", "us-east-1")), ["Shop/Data/Users", "Cert/Shop/Data/Users"]),
        (
            (("Shop", REGION), ("Shop", "eu-west-1"), ("Cert", "us-east-1")),
            [f"{REGION}/Shop/Data/Users", "eu-west-1/Shop/Data/Users", "Cert/Data/Users"],
        ),
    ),
)
def test_subjects_say_the_stack_and_region_only_where_they_must(
    places: tuple[tuple[str, str], ...], subjects: list[str]
) -> None:
    """One stack needs no prefix, two need their name, two of one name need their region."""
    only = {**TEMPLATE, "Resources": {"Users1A": TEMPLATE["Resources"]["Users1A"]}}  # type: ignore[index]
    scripts = [
        world(name, region, stack_template=json.dumps(only), stack_resources=LIVE[:1]) for name, region in places
    ]

    found = target.resolve(settings(_stacks(*places)), pretend(*scripts), pool=Inline())

    expected = [subject.replace("Cert/Shop/", "Cert/") for subject in subjects]
    assert expected == [resource.subject for resource in found.of_type("AWS::DynamoDB::Table")]


def test_two_resources_of_one_name_are_refused_with_both_named() -> None:
    """A check's name must lead to one place."""
    path = {"aws:cdk:path": "Shop/Data/Users"}
    twice = {"Resources": {name: {"Type": "A::B", "Metadata": path} for name in ("First", "Second")}}
    live = (("First", "A::B", "1"), ("Second", "A::B", "2"))

    with pytest.raises(SettingsError, match=r"called Data/Users: First in stack Shop and Second in stack Shop"):
        target.resolve(
            settings(ONE), pretend(world(stack_template=json.dumps(twice), stack_resources=live)), pool=Inline()
        )


def gone(**answers: object) -> PretendWorld:
    """A stack that does not exist."""
    missing = CannotLook("no such stack", final=True)
    return pretend(world(stack=Absent(what="stack"), stack_resources=missing, stack_template=missing, **answers))


def test_a_stack_that_never_existed_is_a_mistake_in_the_settings() -> None:
    """The message names the stack, the region, and what to do."""
    with pytest.raises(
        NoSuchStack, match=r"shop.toml: stack Shop does not exist in af-south-1 .*deploy it, or correct"
    ):
        target.resolve(settings(ONE), gone(), pool=Inline())


def test_a_stack_that_an_accepted_plan_knows_is_absent() -> None:
    """It was there once: that it is gone is for the checks to say."""
    found = target.resolve(settings(ONE), gone(), pool=Inline(), accepted_names={"Shop"})

    assert (Stack(name="Shop", region=REGION, absent=True),) == found.stacks


def test_with_the_wrong_account_nothing_is_said_to_be_missing() -> None:
    """Everything is missing from somebody else's account."""
    other = Caller(account="999999999999", arn="arn:aws:iam::999999999999:user/eve")

    with pytest.raises(CannotLook, match=r"of account 999999999999 .*shop.toml names account 111122223333") as refused:
        target.resolve(settings(ONE), gone(caller=other), pool=Inline(), accepted_names={"Shop"})
    assert refused.value.final


@pytest.mark.parametrize("question", ("stack", "stack_resources", "stack_template"))
def test_what_could_not_be_looked_at_stays_that(question: str) -> None:
    """A refusal of AWS is neither an absent stack nor a mistake in the settings."""
    refusal = CannotLook("not allowed", final=True)

    with pytest.raises(CannotLook, match="not allowed"):
        target.resolve(settings(ONE), pretend(world(**{question: refusal})), pool=Inline())


def test_a_template_that_is_none_could_not_be_looked_at() -> None:
    """Nobody plans on half a template."""
    with pytest.raises(CannotLook, match="the template of stack Shop in af-south-1: expected"):
        target.resolve(settings(ONE), pretend(world(stack_template="[]")), pool=Inline())


def test_a_site_without_stacks_asks_aws_nothing() -> None:
    """There is nothing to ask."""
    found = target.resolve(settings('schema = 1\nsite.domain = "shop.example"'), pretend(), pool=Inline())

    assert ((), ("shop.example",)) == (found.stacks, found.hosts)


@pytest.mark.parametrize(
    ("region", "partition"),
    (
        ("af-south-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
    ),
)
def test_a_region_belongs_to_a_partition(region: str, partition: str) -> None:
    """ARNs begin with it."""
    assert partition == target.partition_of(region)


def test_a_target_on_aws_is_reached_as_its_settings_say() -> None:
    """No endpoint and no key: AWS's own, and the usual chain of credentials."""
    reach = target.reach_of(settings())

    assert ("127.0.0.1:5300", "", "") == (reach.resolver, reach.endpoint, reach.access_key_id)
    assert ("arn:aws:iam::111122223333:role/checks", ("us-east-1", "af-south-1")) == (reach.role_arn, reach.regions)


@pytest.mark.parametrize(("host", "resolver"), (("127.0.0.1", "127.0.0.1:53"), ("::1", "[::1]:53")))
def test_a_target_on_the_twin_is_reached_as_the_twin_says(host: str, resolver: str) -> None:
    """Endpoint, key, role, resolver and authorities are the twin's; its secret is not shown."""
    reach = target.reach_of_twin(
        settings('schema = 1\ntwin = true\nsite.domain = "shop.example"'),
        endpoint="https://127.0.0.1:4566",
        access_key_id="AKID",
        secret_access_key="hush",
        role_arn="arn:aws:iam::000000000000:role/harness",
        resolver=(host, 53),
        connect={("192.0.2.1", 443): ("127.0.0.1", 8443)},
        ca_bundle=Path("/twin/ca.pem"),
    )

    assert ("https://127.0.0.1:4566", resolver, Path("/twin/ca.pem")) == (
        reach.endpoint,
        reach.resolver,
        reach.ca_bundle,
    )
    assert "arn:aws:iam::000000000000:role/harness" == reach.role_arn
    assert "hush" not in repr(reach)


def test_resolvers_are_those_of_the_settings_or_a_twins_own() -> None:
    """A public target has none that it does not name."""
    public = "schema = 1\n[site]\ndomain = 'shop.test'\n"
    named = parse(public + "[network]\nresolvers = ['1.1.1.1', '2606:4700:4700::1111']\n", name="s", source="s.toml")

    assert ("1.1.1.1", "2606:4700:4700::1111") == named.resolvers
    assert () == parse(public, name="s", source="s.toml").resolvers
    assert tuple(map(addresses.server_v4, addresses.RESOLVERS)) == (
        parse(f"twin = true\n{public}", name="s", source="s.toml").resolvers
    )
