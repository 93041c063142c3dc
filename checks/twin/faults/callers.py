"""Faults of who may call a function, under which name it is called, and which code runs then."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit
from checks.twin.faults.staging import Undo, broken, told
from checks.twin.faults.words import Fault, Unfit

_LAMBDA = "Lambda"
_SUCCESS = 200


def two_versions(bench: Bench, check: Check) -> Undo:
    """The alias sends a tenth of all calls to another version."""
    arn = str(check.params["name"])
    functions, name, alias = bench.aws("lambda", str(check.params["region"])), *arn.split(":")[6:8]
    before = functions.get_function_configuration(FunctionName=name).get("Description", "")
    # Nothing is published that is the same as the version before.
    functions.update_function_configuration(FunctionName=name, Description="the next one")
    other = functions.publish_version(FunctionName=name)["Version"]
    functions.update_function_configuration(FunctionName=name, Description=before)

    def weigh(weights: dict[str, float]) -> None:
        functions.update_alias(FunctionName=name, Name=alias, RoutingConfig={"AdditionalVersionWeights": weights})

    weigh({other: 0.1})

    def back() -> None:
        weigh({})
        functions.delete_function(FunctionName=name, Qualifier=other)

    return back


def version_gone(_bench: Bench, check: Check) -> Tamper:
    """Lambda knows the version no more; deleted, it could not be made again under its number."""
    name, number = str(check.params["name"]).split(":")[6:8]

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        asked = unquote(visit.target)
        if visit.service != "lambda" or not (f"{name}:{number}" in asked or f"{name}/configuration?Qualifier" in asked):
            return reply
        body = json.dumps({"Type": "User", "Message": f"Function not found: {name}:{number}"}).encode()
        named = (("x-amzn-ErrorType", "ResourceNotFoundException"), ("x-amzn-RequestId", "rehearsed"))
        return Reply(status=404, headers=(("Content-Type", "application/json"), *named), body=body)

    return tamper


def other_code(bench: Bench, check: Check) -> Undo:
    """What runs is not what was deployed: one file more is in the package of a function."""
    listed = check.params["functions"]
    if not isinstance(listed, tuple) or not listed:
        raise Unfit("no function is compared with others")
    functions, name = bench.aws("lambda", str(check.params["region"])), str(listed[0]).split(":")[0]
    where = functions.get_function(FunctionName=name)["Code"]["Location"]
    path = where.partition("://")[2].partition("/")[2]
    import ssl

    trust = ssl.create_default_context(cafile=str(bench.twin.ca_bundle))
    with urllib.request.urlopen(f"{bench.twin.endpoint}/{path}", context=trust, timeout=30) as got:  # noqa: S310 - the twin's own address
        before = got.read()
    functions.update_function_code(FunctionName=name, ZipFile=_with_one_file_more(before))
    return lambda: functions.update_function_code(FunctionName=name, ZipFile=before)


def _with_one_file_more(package: bytes) -> bytes:
    file = io.BytesIO(package)
    with zipfile.ZipFile(file, "a") as within:
        within.writestr("edited_by_hand.txt", "in the console")
    return file.getvalue()


def opened(**words: str) -> Callable[[Bench, Check], Undo]:
    """Everybody may call the function."""

    def change(bench: Bench, check: Check) -> Undo:
        functions, name = bench.aws("lambda", str(check.params["region"])), str(check.params["function"])
        usual = {"Action": "lambda:InvokeFunction", "Principal": "*", "StatementId": "Rehearsed"}
        functions.add_permission(FunctionName=name, **{**usual, **words})
        return lambda: functions.remove_permission(FunctionName=name, StatementId="Rehearsed")

    return change


def addressed(bench: Bench, check: Check) -> Undo:
    """The function has an address of its own that everybody may use."""
    functions, name = bench.aws("lambda", str(check.params["region"])), str(check.params["function"])
    functions.create_function_url_config(FunctionName=name, AuthType="NONE")
    shut = opened(Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")(bench, check)

    def back() -> None:
        shut()
        functions.delete_function_url_config(FunctionName=name)

    return back


def mapping_says(**words: str) -> Callable[[Bench, Check], Tamper]:
    """The mapping of a stream is told to be in another state."""

    def made(_bench: Bench, check: Check) -> Tamper:
        wanted = str(check.params["mapping"])

        def turn(seen: dict[str, Any]) -> None:
            for each in seen.get("EventSourceMappings", [seen]):
                if each["UUID"] == wanted:
                    each.update(words)

        def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
            reply = onward(visit)
            about = visit.service == "lambda" and "event-source-mappings" in visit.path
            return reply.amended(turn) if about and reply.status == _SUCCESS else reply

        return tamper

    return made


def switched_off(bench: Bench, check: Check) -> Undo:
    """Nobody is handed what is written into the table."""
    functions = bench.aws("lambda", str(check.params["region"]))
    mapping = str(dict(check.params).get("mapping") or check.params["name"])
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    return lambda: functions.update_event_source_mapping(UUID=mapping, Enabled=True)


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="LAM-11",
        family=_LAMBDA,
        breaks="an alias sends a share of its calls to another version",
        promise="functions.alias",
        stage=broken("functions.alias", two_versions),
    ),
    Fault(
        id="X-LAM-06",
        family=_LAMBDA,
        breaks="the version that an alias leads to is gone",
        promise="functions.version",
        stage=told("functions.version", version_gone),
        fidelity="patched",
        behind=("release.code[*]",),
    ),
    Fault(
        id="LAM-12",
        family=_LAMBDA,
        breaks="the code is another than was deployed",
        promise="release.code",
        stage=broken("release.code", other_code),
    ),
    Fault(
        id="LAM-13",
        family=_LAMBDA,
        breaks="everybody may call the function",
        promise="functions.private",
        stage=broken("functions.private", opened()),
    ),
    Fault(
        id="LAM-14",
        family=_LAMBDA,
        breaks="the function has a public address",
        promise="functions.private",
        stage=broken("functions.private", addressed),
    ),
    Fault(
        id="LAM-18",
        family=_LAMBDA,
        breaks="whoever reads the stream is stuck",
        promise="mappings.working",
        stage=told("mappings.working", mapping_says(LastProcessingResult="PROBLEM: Function call failed")),
        fidelity="patched",
        behind=("mappings.*",),
    ),
    Fault(
        id="X-LAM-07",
        family=_LAMBDA,
        breaks="nobody is handed what is written into a table",
        promise="mappings.enabled",
        stage=broken("mappings.enabled", switched_off),
        behind=("mappings.*",),
    ),
)
