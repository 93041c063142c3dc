"""CloudFormation's intrinsic functions over live values. What cannot be known is Unresolved, never a guess."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

from checks.frozen import dataclass
from checks.model import Unresolved
from checks.template.attributes import attribute, url_suffix

_NOTHING = object()  # what AWS::NoValue is: the property is not there at all
_DYNAMIC = "{{resolve:"
_PLACE = re.compile(r"\$\{([^}]*)\}")
_HIDDEN = "****"  # what DescribeStacks shows of a NoEcho parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a template was deployed into: live parameter values, physical ids by logical id, and where it is.

    *outputs* are the stack's live outputs: one that is nothing but an attribute tells that attribute. *imports* are
    exported values of other stacks, by export name, where somebody knows them.
    """

    stack: str
    region: str
    account: str
    stack_id: str = ""
    partition: str = "aws"
    parameters: Mapping[str, str] = field(default_factory=dict)
    physical_ids: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A template in its surroundings. *asked* are the conditions being decided, so that a circle is seen."""

    template: Mapping[str, Any]
    surroundings: Surroundings
    asked: tuple[str, ...] = ()


def table(template: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    """A section of the template; empty when it is missing or no table."""
    found = template.get(section)
    return found if isinstance(found, dict) else {}


def value(scope: Scope, written: object) -> object:
    """What *written* means. A property that is AWS::NoValue, alone or out of an If, is left out of what holds it."""
    found = _value(scope, written)
    return Unresolved("AWS::NoValue stands where a value is needed") if found is _NOTHING else found


def condition(scope: Scope, name: str) -> bool | Unresolved:
    """Whether the condition called *name* holds."""
    if name in scope.asked:
        return Unresolved(f"condition {name} depends on itself")
    conditions = table(scope.template, "Conditions")
    if name not in conditions:
        return Unresolved(f"condition {name} is not in the template")
    deeper = Scope(template=scope.template, surroundings=scope.surroundings, asked=(*scope.asked, name))
    return _truth(deeper, conditions[name])


def wanted(scope: Scope, declared: object) -> bool:
    """Whether something with a ``Condition`` is to be there; what cannot be decided is not promised."""
    name = declared.get("Condition") if isinstance(declared, dict) else None
    return name is None or (isinstance(name, str) and condition(scope, name) is True)


def _value(scope: Scope, written: object) -> object:
    if isinstance(written, str):
        return _text_or_dynamic(written)
    if isinstance(written, list):
        return [one for one in (_value(scope, item) for item in written) if one is not _NOTHING]
    if not isinstance(written, dict):
        return written
    if len(written) == 1:
        name, argument = next(iter(written.items()))
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](scope, argument)
        if isinstance(name, str) and name.startswith("Fn::"):
            return Unresolved(f"{name} is not computed here")
    resolved = ((key, _value(scope, item)) for key, item in written.items())
    return {key: one for key, one in resolved if one is not _NOTHING}


def _text_or_dynamic(text: str) -> str | Unresolved:
    return Unresolved("a dynamic reference is read at deployment alone") if _DYNAMIC in text else text


def _ref(scope: Scope, name: object) -> object:
    if not isinstance(name, str):
        return _malformed("Ref")
    here = scope.surroundings
    pseudo: Mapping[str, object] = {
        "AWS::AccountId": here.account,
        "AWS::NoValue": _NOTHING,
        "AWS::Partition": here.partition,
        "AWS::Region": here.region,
        "AWS::StackId": here.stack_id or Unresolved("Ref AWS::StackId: not known here"),
        "AWS::StackName": here.stack,
        "AWS::URLSuffix": url_suffix(here.partition),
    }
    if name in pseudo:
        return pseudo[name]
    parameters = table(scope.template, "Parameters")
    if name in parameters:
        return _parameter(scope, name, parameters[name])
    return here.physical_ids.get(name) or Unresolved(f"Ref {name}: the live stack has no such resource")


def _parameter(scope: Scope, name: str, declared: object) -> object:
    declaration = declared if isinstance(declared, dict) else {}
    kind = str(declaration.get("Type", "String"))
    live = scope.surroundings.parameters.get(name)
    if live == _HIDDEN or str(declaration.get("NoEcho", "")).lower() == "true":
        return Unresolved(f"Ref {name}: a NoEcho parameter is not shown")
    if live is None and (kind.startswith("AWS::SSM::") or "Default" not in declaration):
        return Unresolved(f"Ref {name}: the live stack does not say its value")
    found = str(declaration["Default"]) if live is None else live
    if kind == "CommaDelimitedList" or "List<" in kind:
        return [part.strip() for part in found.split(",")]
    return _text_or_dynamic(found)


def _get_att(scope: Scope, argument: object) -> object:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) != 2:  # noqa: PLR2004 - resource and attribute
        return _malformed("Fn::GetAtt")
    owner, name = parts[0], value(scope, parts[1])
    if isinstance(name, Unresolved):
        return name
    resource = table(scope.template, "Resources").get(owner) if isinstance(owner, str) else None
    if not isinstance(resource, dict) or not isinstance(name, str):
        return Unresolved(f"Fn::GetAtt {owner}.{name}: the template has no such resource")
    physical_id = scope.surroundings.physical_ids.get(owner)
    if not physical_id:
        return Unresolved(f"Fn::GetAtt {owner}.{name}: the live stack has no such resource")
    found = _told(scope, owner, name) or attribute(
        type=str(resource.get("Type")),
        name=name,
        physical_id=physical_id,
        path=_path_of(scope, resource),
        partition=scope.surroundings.partition,
        region=scope.surroundings.region,
        account=scope.surroundings.account,
    )
    # Whose attribute it is says more than that it is unknown: a mapping still belongs to the table it names.
    return Unresolved(f"Fn::GetAtt {owner}.{name}: {found.why}") if isinstance(found, Unresolved) else found


def _told(scope: Scope, owner: str, name: str) -> str:
    """What a live output says of an attribute; empty when none does."""
    spellings = ([owner, name], f"{owner}.{name}")
    for key, declared in table(scope.template, "Outputs").items():
        written = table(declared, "Value") if isinstance(declared, dict) else {}
        if len(written) == 1 and written.get("Fn::GetAtt") in spellings:
            return scope.surroundings.outputs.get(key, "")
    return ""


def _path_of(scope: Scope, resource: Mapping[str, Any]) -> str | Unresolved:
    written = table(resource, "Properties").get("Path", "/")
    # An IAM path that refers to anything but parameters is not worth a circle of references.
    path = value(scope, written) if isinstance(written, str) else Unresolved("the Path of an IAM identity is computed")
    return path if isinstance(path, (str, Unresolved)) else _malformed("Path")


def _join(scope: Scope, argument: object) -> object:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):  # noqa: PLR2004 - delimiter, values
        return _malformed("Fn::Join")
    parts = value(scope, argument[1])
    if isinstance(parts, Unresolved):
        return parts
    return _joined(argument[0], parts) if isinstance(parts, list) else _malformed("Fn::Join")


def _joined(delimiter: str, parts: Iterable[object]) -> object:
    texts = [_text(part) for part in parts]
    unknown = next((text for text in texts if isinstance(text, Unresolved)), None)
    return unknown or _text_or_dynamic(delimiter.join(map(str, texts)))


def _text(part: object) -> str | Unresolved:
    if isinstance(part, (str, Unresolved)):
        return part
    if isinstance(part, bool):
        return "true" if part else "false"
    return str(part) if isinstance(part, (int, float)) else Unresolved("a text is needed and this is none")


def _sub(scope: Scope, argument: object) -> object:
    text, names = argument, {}
    if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):  # noqa: PLR2004 - text and names
        text, names = argument
    if not isinstance(text, str):
        return _malformed("Fn::Sub")
    given = {name: value(scope, one) for name, one in names.items()}
    pieces: list[object] = []
    end = 0
    for found in _PLACE.finditer(text):
        pieces += [text[end : found.start()], _substitute(scope, found[1].strip(), given)]
        end = found.end()
    return _joined("", [*pieces, text[end:]])


def _substitute(scope: Scope, name: str, given: Mapping[str, object]) -> object:
    if name.startswith("!"):
        return "${" + name[1:] + "}"
    if name in given:
        return given[name]
    found = _get_att(scope, name) if "." in name else _ref(scope, name)
    return "" if found is _NOTHING else found


def _select(scope: Scope, argument: object) -> object:
    if not isinstance(argument, list) or len(argument) != 2:  # noqa: PLR2004 - index and list
        return _malformed("Fn::Select")
    index, items = value(scope, argument[0]), value(scope, argument[1])
    for one in (index, items):
        if isinstance(one, Unresolved):
            return one
    if not isinstance(items, list) or isinstance(index, bool) or not str(index).isdecimal():
        return _malformed("Fn::Select")
    place = int(str(index))
    return items[place] if place < len(items) else Unresolved(f"Fn::Select {place} of {len(items)} items")


def _split(scope: Scope, argument: object) -> object:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str) or not argument[0]:  # noqa: PLR2004 - delimiter, text
        return _malformed("Fn::Split")
    text = value(scope, argument[1])
    if isinstance(text, Unresolved):
        return text
    return text.split(argument[0]) if isinstance(text, str) else _malformed("Fn::Split")


def _find_in_map(scope: Scope, argument: object) -> object:
    if not isinstance(argument, list) or len(argument) not in {3, 4}:  # map, two keys and perhaps a default
        return _malformed("Fn::FindInMap")
    found: object = table(scope.template, "Mappings")
    for written in argument[:3]:
        key = value(scope, written)
        if isinstance(key, Unresolved):
            return key
        if not isinstance(found, dict) or not isinstance(key, str) or key not in found:
            return _default_of(scope, argument)
        found = found[key]
    return value(scope, found)


def _default_of(scope: Scope, argument: list[object]) -> object:
    options = argument[-1]
    if isinstance(options, dict) and set(options) == {"DefaultValue"}:
        return _value(scope, options["DefaultValue"])
    return Unresolved("Fn::FindInMap: no such entry")


def _base64(scope: Scope, argument: object) -> object:
    text = _text(value(scope, argument))
    # "surrogatepass" because JSON can spell half of a character.
    return text if isinstance(text, Unresolved) else base64.b64encode(text.encode(errors="surrogatepass")).decode()


def _if(scope: Scope, argument: object) -> object:
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):  # noqa: PLR2004 - name, then, else
        return _malformed("Fn::If")
    holds = condition(scope, argument[0])
    return holds if isinstance(holds, Unresolved) else _value(scope, argument[1] if holds else argument[2])


def _import_value(scope: Scope, argument: object) -> object:
    name = value(scope, argument)
    if isinstance(name, Unresolved):
        return name
    found = scope.surroundings.imports.get(name) if isinstance(name, str) else None
    return found if found is not None else Unresolved(f"Fn::ImportValue {name}: not known here")


def _length(scope: Scope, argument: object) -> object:
    items = value(scope, argument)
    return (
        len(items) if isinstance(items, list) else items if isinstance(items, Unresolved) else _malformed("Fn::Length")
    )


def _to_json(scope: Scope, argument: object) -> object:
    found = value(scope, argument)
    unknown = _first_unresolved(found)
    return unknown or json.dumps(found, separators=(",", ":"))


def _first_unresolved(found: object) -> Unresolved | None:
    if isinstance(found, Unresolved):
        return found
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return next((one for one in map(_first_unresolved, inner) if one), None)


def _truth(scope: Scope, written: object) -> bool | Unresolved:
    if not isinstance(written, dict) or len(written) != 1:
        return _malformed("a condition")
    name, argument = next(iter(written.items()))
    if name == "Condition" and isinstance(argument, str):
        return condition(scope, argument)
    decide = _DECISIONS.get(name)
    return decide(scope, argument) if decide and isinstance(argument, list) else _malformed(f"condition {name}")


def _equals(scope: Scope, sides: list[object]) -> bool | Unresolved:
    if len(sides) != 2:  # noqa: PLR2004 - two sides
        return _malformed("Fn::Equals")
    left, right = (_text(value(scope, side)) for side in sides)
    for side in (left, right):
        if isinstance(side, Unresolved):
            return side
    return left == right


def _not(scope: Scope, sides: list[object]) -> bool | Unresolved:
    held = _truth(scope, sides[0]) if len(sides) == 1 else _malformed("Fn::Not")
    return held if isinstance(held, Unresolved) else not held


def _and(scope: Scope, sides: list[object]) -> bool | Unresolved:
    return _decided(scope, sides, by=False)


def _or(scope: Scope, sides: list[object]) -> bool | Unresolved:
    return _decided(scope, sides, by=True)


def _decided(scope: Scope, sides: list[object], *, by: bool) -> bool | Unresolved:
    """One side that is *by* decides, whatever is not known of the others."""
    held = [_truth(scope, side) for side in sides]
    if not held or by in held:
        return by if held else _malformed("a condition without sides")
    return next((side for side in held if isinstance(side, Unresolved)), not by)


def _malformed(what: str) -> Unresolved:
    return Unresolved(f"{what} is not written as CloudFormation wants it")


_FUNCTIONS: Mapping[str, Callable[[Scope, object], object]] = {
    "Ref": _ref,
    "Fn::Base64": _base64,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _to_json,
}
_DECISIONS: Mapping[str, Callable[[Scope, list[object]], bool | Unresolved]] = {
    "Fn::And": _and,
    "Fn::Equals": _equals,
    "Fn::Not": _not,
    "Fn::Or": _or,
}
