"""A template over live values: what it means, what its resources are called, and what nobody can know."""
# ruff: noqa: ANN401 - import takes anything

from __future__ import annotations

import base64
import builtins
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hurry
from hypothesis import strategies as st

from checks.model import Unresolved
from checks.template import Surroundings, TemplateError, parse, resolve, subjects
from checks.template.short_forms import load

unhurried = hurry(deadline=None)  # a busy machine is no defect

TABLE_ARN = "arn:aws:dynamodb:af-south-1:111122223333:table/Shop-Users-1X"
HERE = Surroundings(
    stack="Shop",
    stack_id="arn:aws:cloudformation:af-south-1:111122223333:stack/Shop/1",
    region="af-south-1",
    account="111122223333",
    parameters={"Stage": "prod", "Zones": "a, b", "Key": "****", "Bootstrap": "21"},
    physical_ids={
        "Users": "Shop-Users-1X",
        "Queue": "https://sqs.af-south-1.amazonaws.com/111122223333/jobs",
        "Wall": "wall|u-1|REGIONAL",
        "OldWall": "u-1",
    },
    imports={"Net": "vpc-1"},
)


def template(**sections: object) -> Mapping[str, Any]:
    """A template with a table, a queue, some parameters and conditions."""
    return {
        "Parameters": {
            "Stage": {"Type": "String", "Default": "test"},
            "Zones": {"Type": "CommaDelimitedList"},
            "Key": {"Type": "String", "NoEcho": True},
            "Bootstrap": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk/version"},
            "Size": {"Type": "Number", "Default": 3},
            "Path": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a/path"},
            "Bare": {"Type": "String"},
        },
        "Mappings": {"Sizes": {"prod": {"memory": "512", "odd": [1, 2]}}},
        "Conditions": {
            "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
            "NotProd": {"Fn::Not": [{"Condition": "IsProd"}]},
            "Unknown": {"Fn::Equals": [{"Ref": "Bare"}, "x"]},
            "Round": {"Fn::Not": [{"Condition": "Round"}]},
        },
        "Resources": {
            "Users": {"Type": "AWS::DynamoDB::Table"},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Wall": {"Type": "AWS::WAFv2::WebACL"},
            "OldWall": {"Type": "AWS::WAFv2::WebACL"},
            "Gone": {"Type": "AWS::S3::Bucket"},
        },
        **sections,
    }


def value_of(written: object, here: Surroundings = HERE, **sections: object) -> object:
    """What *written* means as a property."""
    whole = dict(template(**sections))
    whole["Resources"] = {**whole["Resources"], "It": {"Type": "A::B::C", "Properties": {"x": written}}}
    return resolve(whole, here).properties["It"].get("x", "left out")


@pytest.mark.parametrize(
    ("written", "means"),
    (
        pytest.param("text", "text", id="a text"),
        pytest.param(7, 7, id="a number"),
        pytest.param({"a": [True, None]}, {"a": [True, None]}, id="plain values stay as they are"),
        pytest.param({"Ref": "Stage"}, "prod", id="a live parameter goes before its default"),
        pytest.param({"Ref": "Size"}, "3", id="a default where the stack says nothing"),
        pytest.param({"Ref": "Zones"}, ["a", "b"], id="a list parameter"),
        pytest.param({"Ref": "Bootstrap"}, "21", id="what SSM resolved to"),
        pytest.param({"Ref": "Users"}, "Shop-Users-1X", id="a resource"),
        pytest.param({"Ref": "AWS::Region"}, "af-south-1", id="region"),
        pytest.param({"Ref": "AWS::AccountId"}, "111122223333", id="account"),
        pytest.param({"Ref": "AWS::Partition"}, "aws", id="partition"),
        pytest.param({"Ref": "AWS::StackName"}, "Shop", id="stack"),
        pytest.param({"Ref": "AWS::StackId"}, HERE.stack_id, id="stack id"),
        pytest.param({"Ref": "AWS::URLSuffix"}, "amazonaws.com", id="suffix"),
        pytest.param({"Ref": "AWS::NoValue"}, "left out", id="no value leaves the property out"),
        pytest.param([1, {"Ref": "AWS::NoValue"}, 2], [1, 2], id="and the item of a list"),
        pytest.param({"Fn::GetAtt": ["Users", "Arn"]}, TABLE_ARN, id="an attribute that follows from the id"),
        pytest.param({"Fn::GetAtt": "Users.Arn"}, TABLE_ARN, id="the same as a text"),
        pytest.param({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:aws:sqs:af-south-1:111122223333:jobs", id="from a URL"),
        pytest.param(
            {"Fn::GetAtt": ["Wall", "Arn"]},
            "arn:aws:wafv2:af-south-1:111122223333:regional/webacl/wall/u-1",
            id="from an id of three parts",
        ),
        pytest.param({"Fn::Join": ["-", ["a", {"Ref": "Stage"}, 1, True]]}, "a-prod-1-true", id="join"),
        pytest.param({"Fn::Join": ["", {"Ref": "Zones"}]}, "ab", id="join of a list parameter"),
        pytest.param({"Fn::Sub": "${Stage}/${AWS::Region}/${Users.Arn}"}, f"prod/af-south-1/{TABLE_ARN}", id="sub"),
        pytest.param({"Fn::Sub": ["${a}${Stage}", {"a": {"Ref": "Users"}}]}, "Shop-Users-1Xprod", id="sub with names"),
        pytest.param({"Fn::Sub": "${!literal}"}, "${literal}", id="sub of a literal"),
        pytest.param({"Fn::Select": ["1", {"Ref": "Zones"}]}, "b", id="select"),
        pytest.param({"Fn::Select": [0, [1, {"Ref": "Bare"}]]}, 1, id="select beside something unknown"),
        pytest.param({"Fn::Split": ["/", "a/b"]}, ["a", "b"], id="split"),
        pytest.param({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "memory"]}, "512", id="map"),
        pytest.param({"Fn::FindInMap": ["Sizes", "x", "memory", {"DefaultValue": "9"}]}, "9", id="map with a default"),
        pytest.param({"Fn::Base64": "plain"}, base64.b64encode(b"plain").decode(), id="base64"),
        pytest.param({"Fn::If": ["IsProd", "yes", "no"]}, "yes", id="if"),
        pytest.param({"Fn::If": ["NotProd", "yes", {"Ref": "AWS::NoValue"}]}, "left out", id="if without a value"),
        pytest.param({"Fn::ImportValue": "Net"}, "vpc-1", id="an export that somebody knows"),
        pytest.param({"Fn::Length": [1, 2]}, 2, id="length"),
        pytest.param({"Fn::ToJsonString": {"a": [1]}}, '{"a":[1]}', id="json"),
        pytest.param({"Ref": "x", "b": 1}, {"Ref": "x", "b": 1}, id="two keys are no function"),
        pytest.param({"Condition": {"Bool": "x"}}, {"Condition": {"Bool": "x"}}, id="a policy's condition is data"),
    ),
)
def test_an_intrinsic_means_what_the_live_stack_says(written: object, means: object) -> None:
    """Parameters, physical ids and conditions of the deployed stack decide, not the template's defaults."""
    assert means == value_of(written)


@pytest.mark.parametrize(
    "written",
    (
        pytest.param({"Ref": "Bare"}, id="a parameter that nobody gave"),
        pytest.param({"Ref": "Path"}, id="the default of an SSM parameter is its name, not its value"),
        pytest.param({"Ref": "Key"}, id="a NoEcho parameter"),
        pytest.param({"Ref": "Nobody"}, id="nothing of that name"),
        pytest.param({"Ref": "Gone"}, id="a resource that is not in the live stack"),
        pytest.param({"Ref": ["x"]}, id="a malformed Ref"),
        pytest.param({"Fn::GetAtt": ["Gone", "Arn"]}, id="its attribute"),
        pytest.param({"Fn::GetAtt": ["Nobody", "Arn"]}, id="attribute of nothing"),
        pytest.param({"Fn::GetAtt": ["Users", "StreamArn"]}, id="an attribute that does not follow from the id"),
        pytest.param({"Fn::GetAtt": ["OldWall", "Arn"]}, id="from an id that lacks parts"),
        pytest.param({"Fn::GetAtt": ["Users", {"Ref": "Bare"}]}, id="an attribute with an unknown name"),
        pytest.param({"Fn::GetAtt": ["Users"]}, id="a malformed GetAtt"),
        pytest.param({"Fn::Join": ["", ["a", {"Ref": "Bare"}]]}, id="a text with an unknown part"),
        pytest.param({"Fn::Join": ["", [{"a": 1}]]}, id="a text out of a table"),
        pytest.param({"Fn::Join": ["", {"Ref": "Bare"}]}, id="a text out of an unknown list"),
        pytest.param({"Fn::Join": "x"}, id="a malformed Join"),
        pytest.param({"Fn::Join": ["", "x"]}, id="a Join of a text"),
        pytest.param({"Fn::Sub": "a${Bare}"}, id="a Sub with an unknown part"),
        pytest.param({"Fn::Sub": 1}, id="a malformed Sub"),
        pytest.param({"Fn::Select": ["2", ["a"]]}, id="beyond the end"),
        pytest.param({"Fn::Select": ["-1", ["a"]]}, id="before the beginning"),
        pytest.param({"Fn::Select": [{"Ref": "Bare"}, ["a"]]}, id="an unknown index"),
        pytest.param({"Fn::Select": "x"}, id="a malformed Select"),
        pytest.param({"Fn::Split": ["/", {"Ref": "Bare"}]}, id="a Split of something unknown"),
        pytest.param({"Fn::Split": ["/", 1]}, id="a Split of a number"),
        pytest.param({"Fn::Split": ["", "x"]}, id="a Split by nothing"),
        pytest.param({"Fn::FindInMap": ["Sizes", "test", "memory"]}, id="not in the map"),
        pytest.param({"Fn::FindInMap": ["Sizes", {"Ref": "Bare"}, "memory"]}, id="an unknown key of a map"),
        pytest.param({"Fn::FindInMap": ["Sizes"]}, id="a malformed FindInMap"),
        pytest.param({"Fn::Base64": {"Ref": "Bare"}}, id="base64 of something unknown"),
        pytest.param({"Fn::If": ["Unknown", 1, 2]}, id="a condition that cannot be decided"),
        pytest.param({"Fn::If": ["Round", 1, 2]}, id="a condition that depends on itself"),
        pytest.param({"Fn::If": ["Nobody", 1, 2]}, id="a condition that is not there"),
        pytest.param({"Fn::If": "x"}, id="a malformed If"),
        pytest.param({"Fn::ImportValue": "Other"}, id="an export that nobody knows"),
        pytest.param({"Fn::ImportValue": {"Ref": "Bare"}}, id="an unknown export"),
        pytest.param({"Fn::Length": "x"}, id="the length of a text"),
        pytest.param({"Fn::Length": {"Ref": "Bare"}}, id="the length of something unknown"),
        pytest.param({"Fn::ToJsonString": [{"Ref": "Bare"}]}, id="json with an unknown part"),
        pytest.param({"Fn::Cidr": ["10.0.0.0/16", 2]}, id="a function that is not computed here"),
        pytest.param({"Fn::Transform": {"Name": "x"}}, id="a macro"),
        pytest.param("{{resolve:ssm:/a}}", id="a dynamic reference"),
        pytest.param({"Fn::Join": ["", ["{{res", "olve:ssm:/a}}"]]}, id="one that is put together"),
        pytest.param({"Fn::Join": ["", [{"Ref": "Users"}, {"Fn::GetAtt": ["Users", "StreamArn"]}]]}, id="half known"),
    ),
)
def test_what_cannot_be_known_is_unresolved_and_never_guessed(written: object) -> None:
    """Whoever reads the property sees that it is not known, and why."""
    found = value_of(written)

    assert isinstance(found, Unresolved)
    assert found.why


@pytest.mark.parametrize("written", (["Users", "StreamArn"], "Users.StreamArn"))
def test_a_live_output_tells_the_attribute_that_it_is(written: object) -> None:
    """What does not follow from an id may be among the outputs, and CloudFormation has resolved those."""
    outputs = {"Other": {"Value": "x"}, "Odd": 1, "Stream": {"Value": {"Fn::GetAtt": written}}}
    here = replace(HERE, outputs={"Stream": "arn:stream"})
    asked = {"Fn::GetAtt": ["Users", "StreamArn"]}

    assert "arn:stream" == value_of(asked, here, Outputs=outputs)
    assert isinstance(value_of(asked, HERE, Outputs=outputs), Unresolved)


def test_an_unresolved_part_does_not_spoil_its_neighbours() -> None:
    """A table of properties keeps what is known of it."""
    found = value_of({"a": {"Ref": "Bare"}, "b": [{"Ref": "Stage"}]})

    assert isinstance(found, dict)
    assert (True, ["prod"]) == (isinstance(found["a"], Unresolved), found["b"])


def test_properties_that_come_out_of_a_macro_are_unknown_rather_than_unset() -> None:
    """Nothing that a macro writes may look as if nobody had written it."""
    found = resolve({"Resources": {"It": {"Type": "A::B", "Properties": {"Fn::Transform": "x"}}}}, HERE)

    assert isinstance(found.properties["It"]["Fn::Transform"], Unresolved)


@pytest.mark.parametrize(
    ("written", "holds"),
    (
        ({"Fn::And": [{"Condition": "IsProd"}, {"Condition": "Unknown"}]}, None),
        ({"Fn::And": [{"Condition": "NotProd"}, {"Condition": "Unknown"}]}, False),
        ({"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsProd"}]}, True),
        ({"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "Unknown"}]}, True),
        ({"Fn::Or": [{"Condition": "NotProd"}, {"Condition": "Unknown"}]}, None),
        ({"Fn::Or": [{"Condition": "NotProd"}, {"Condition": "NotProd"}]}, False),
        ({"Fn::Or": []}, None),
        ({"Fn::Not": [{"Condition": "Unknown"}]}, None),
        ({"Fn::Not": []}, None),
        ({"Fn::Equals": ["a"]}, None),
        ({"Fn::Equals": ["1", 1]}, True),
        ({"Fn::Equals": ["a", {"Ref": "Bare"}]}, None),
        ({"Fn::Nand": ["a"]}, None),
        ("x", None),
    ),
)
def test_one_known_side_decides_where_it_can(written: object, holds: bool | None) -> None:  # noqa: FBT001 - a table of truths
    """False and anything is false, true or anything is true; the rest is unknown as soon as one side is."""
    conditions = {**template()["Conditions"], "It": written}

    found = resolve(template(Conditions=conditions), HERE).conditions["It"]

    assert holds == (None if isinstance(found, Unresolved) else found)


def test_outputs_that_their_condition_takes_away_are_not_declared() -> None:
    """What the template promises to output, with the conditions of the live stack."""
    outputs = {"A": {"Value": 1}, "B": {"Value": 1, "Condition": "NotProd"}, "C": {"Value": 1, "Condition": "IsProd"}}

    assert ("A", "C") == resolve(template(Outputs=outputs), HERE).outputs


@pytest.mark.parametrize(
    ("region", "partition", "arn"),
    (("cn-north-1", "aws-cn", "arn:aws-cn:s3:::b"), ("us-east-1", "aws", "arn:aws:s3:::b")),
)
def test_arns_belong_to_the_partition(region: str, partition: str, arn: str) -> None:
    """China's clouds have a partition and a domain of their own."""
    here = Surroundings(stack="S", region=region, account="1", partition=partition, physical_ids={"Gone": "b"})

    assert arn == value_of({"Fn::GetAtt": ["Gone", "Arn"]}, here)
    domain = value_of({"Fn::GetAtt": ["Gone", "RegionalDomainName"]}, here)
    assert f"b.s3.{region}.amazonaws.com" + (".cn" if partition == "aws-cn" else "") == domain


@pytest.mark.parametrize(
    ("path", "arn"),
    (
        (None, "arn:aws:iam::111122223333:role/r"),
        ("/team/", "arn:aws:iam::111122223333:role/team/r"),
        ({"Ref": "Stage"}, None),
    ),
)
def test_the_arn_of_a_role_has_its_path(path: object, arn: str | None) -> None:
    """A role's ARN follows from its name only together with its path."""
    properties = {} if path is None else {"Path": path}
    whole = template(
        Resources={
            "Role": {"Type": "AWS::IAM::Role", "Properties": properties},
            "It": {"Type": "A::B", "Properties": {"x": {"Fn::GetAtt": ["Role", "Arn"]}}},
        }
    )
    here = Surroundings(stack="S", region="af-south-1", account="111122223333", physical_ids={"Role": "r"})

    found = resolve(whole, here).properties["It"]["x"]

    assert arn == (None if isinstance(found, Unresolved) else found)


def test_a_resource_is_called_by_its_construct_path() -> None:
    """Without the stack, and without the Resource or Default that the CDK puts at the end."""
    paths = {
        "A": "Shop/Data/Users/Resource",
        "B": "Shop/CDKMetadata/Default",
        "C": "Shop/Resource",
        "D": "Shop/Api/Account",
        "E": None,
    }
    whole = {
        "Resources": {
            name: {"Type": "A::B", "Metadata": {"aws:cdk:path": path} if path else {}} for name, path in paths.items()
        }
    }

    found = subjects(whole, "Shop")

    assert {"A": "Data/Users", "B": "CDKMetadata", "C": "Resource", "D": "Api/Account", "E": "E"} == found


@pytest.mark.parametrize(
    ("path", "stack", "subject"),
    (
        ("Prod/Shop/Data/Users/Resource", "Prod-Shop", "Data/Users"),
        ("Prod/Shop/Data/Users/Resource", "renamed", "Shop/Data/Users"),
        ("Shop/Data/Users/Resource", "renamed", "Data/Users"),
        ("Shop", "Shop", "It"),
    ),
)
def test_a_stack_within_a_stage_is_left_out_whole(path: str, stack: str, subject: str) -> None:
    """Its name joins the parts of its path with dashes; a stack with a name of its own has one part."""
    whole = {"Resources": {"It": {"Type": "A::B", "Metadata": {"aws:cdk:path": path}}}}

    assert subject == subjects(whole, stack)["It"]


def _resource(kind: str, path: str, **properties: object) -> Mapping[str, object]:
    return {"Type": kind, "Metadata": {"aws:cdk:path": path}, "Properties": properties}


def test_what_is_replaced_by_design_is_called_by_its_owner() -> None:
    """A deployment of an API has another logical id each time; its owner has not."""
    api = _resource("AWS::ApiGateway::RestApi", "Shop/Api/Rest/Resource")
    first, second = (
        {
            "Resources": {
                "Api": api,
                name: _resource("AWS::ApiGateway::Deployment", f"Shop/X{name}", RestApiId={"Ref": "Api"}),
            }
        }
        for name in ("DeploymentA1", "DeploymentB2")
    )

    assert "Api/Rest/Deployment" == subjects(first, "Shop")["DeploymentA1"]
    assert "Api/Rest/Deployment" == subjects(second, "Shop")["DeploymentB2"]


def test_two_of_a_kind_keep_their_own_names() -> None:
    """An owner's name for two of its things would be no name."""
    version = {"FunctionName": {"Ref": "Fn"}}
    whole = {
        "Resources": {
            "Fn": _resource("AWS::Lambda::Function", "Shop/Fn/Resource"),
            "V1": _resource("AWS::Lambda::Version", "Shop/Fn/V1/Resource", **version),
            "V2": _resource("AWS::Lambda::Version", "Shop/Fn/V2/Resource", **version),
            "V3": _resource("AWS::Lambda::Version", "Shop/Other/Resource", FunctionName="by name"),
        }
    }

    assert {"Fn": "Fn", "V1": "Fn/V1", "V2": "Fn/V2", "V3": "Other"} == subjects(whole, "Shop")


@pytest.mark.parametrize(
    "text",
    ("", "[]", "{", '{"Resources": []}', '{"Resources": {"A": {}}}', '{"a": 1}', "a: [", "just words", "[" * 5000),
)
def test_a_text_that_is_no_template_is_refused(text: str) -> None:
    """The message says what was expected."""
    with pytest.raises(TemplateError, match="expected"):
        parse(text)


def test_deep_nesting_is_refused_rather_than_crashed_on() -> None:
    """A template that no person could have written ends in an error with a reason."""
    nested: object = 1
    for _ in range(3000):
        nested = [nested]

    with pytest.raises(TemplateError, match="too deeply"):
        resolve({"Resources": {"A": {"Type": "A::B", "Properties": {"x": nested}}}}, HERE)
    with pytest.raises(TemplateError, match="expected"):
        parse('{"Resources": ' + '{"a":' * 100_000 + "1" + "}" * 100_001)


def test_yaml_means_the_same_as_json() -> None:
    """Short forms are the long ones; the date of a policy is the name of a version."""
    text = """
    Resources:
      It:
        Type: A::B
        Properties:
          a: !Ref Stage
          b: !GetAtt Users.Arn
          c: !Sub '${Stage}-x'
          d: !Join ['-', [a, !Ref Stage]]
          e: !If [IsProd, !Ref 'AWS::NoValue', 1]
          f: {Version: 2012-10-17, n: 3, t: true}
          g: !FindInMap {a: 1}
    """
    written = parse(text)["Resources"]["It"]["Properties"]

    assert {
        "a": {"Ref": "Stage"},
        "b": {"Fn::GetAtt": ["Users", "Arn"]},
        "c": {"Fn::Sub": "${Stage}-x"},
        "d": {"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]},
        "e": {"Fn::If": ["IsProd", {"Ref": "AWS::NoValue"}, 1]},
        "f": {"Version": "2012-10-17", "n": 3, "t": True},
        "g": {"Fn::FindInMap": {"a": 1}},
    } == written


def test_yaml_runs_no_code() -> None:
    """A tag of Python is a short form that nobody knows, or an error: never a call."""
    with pytest.raises(ValueError, match=r".+"):
        load("!!python/object/apply:os.getcwd []")


def test_yaml_without_pyyaml_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON needs nothing else; YAML does, and says so."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "checks.template" and args[2] == ("short_forms",):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(TemplateError, match="pip install pyyaml"):
        parse("Resources: {}")


_NAMES = st.sampled_from(
    ["Stage", "Users", "Bare", "Gone", "AWS::Region", "AWS::NoValue", "IsProd", "Round", "Sizes", "x"]
)
_FUNCTIONS = st.sampled_from(
    [
        "Ref",
        "Fn::Join",
        "Fn::Sub",
        "Fn::Select",
        "Fn::Split",
        "Fn::GetAtt",
        "Fn::If",
        "Fn::FindInMap",
        "Fn::Base64",
        "Fn::ImportValue",
        "Fn::Length",
        "Fn::ToJsonString",
        "Fn::Nobody",
        "Condition",
        "Fn::Equals",
        "Fn::Not",
        "Fn::And",
        "Fn::Or",
    ]
)
_LEAVES = st.one_of(_NAMES, st.none(), st.booleans(), st.integers(), st.floats(), st.text())
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=4), inner, max_size=3),
        st.builds(lambda name, argument: {name: argument}, _FUNCTIONS, inner),
        st.builds(lambda name, arguments: {name: arguments}, _FUNCTIONS, st.lists(inner, max_size=4)),
    ),
    max_leaves=20,
)


@unhurried
@given(written=_VALUES, decided=_VALUES)
def test_no_template_can_raise_anything(written: object, decided: object) -> None:
    """Whatever stands in a property or a condition: a value or Unresolved comes out, and no intrinsic that we know."""
    conditions = {**template()["Conditions"], "Odd": decided}

    found = value_of({"a": written}, Conditions=conditions)

    assert isinstance(found, (dict, Unresolved)) or found == "left out"


@unhurried
@given(written=_VALUES)
def test_resolving_twice_gives_the_same(written: object) -> None:
    """It depends on nothing but its arguments."""
    assert repr(value_of({"a": written})) == repr(value_of({"a": written}))


@unhurried
@given(parts=st.lists(st.text(alphabet=st.characters(blacklist_characters="{"), max_size=8), min_size=1, max_size=6))
def test_join_and_split_undo_each_other(parts: list[str]) -> None:
    """With a delimiter that is in none of the parts."""
    delimiter = "\0|"
    clean = [part.replace("\0", "") for part in parts]

    assert clean == value_of({"Fn::Split": [delimiter, {"Fn::Join": [delimiter, clean]}]})


@unhurried
@given(text=st.text(max_size=40))
def test_json_text_survives(text: str) -> None:
    """A text without a function in it is the same text, whatever it says."""
    expected: object = Unresolved if "{{resolve:" in text else text
    found = value_of(json.loads(json.dumps(text)))

    assert found == expected or isinstance(found, Unresolved)
