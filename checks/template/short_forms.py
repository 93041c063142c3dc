"""CloudFormation's YAML: short forms such as ``!Ref``, and no guessing of dates.

Importing it needs PyYAML.
"""

from __future__ import annotations

import importlib
from typing import Any

# By name, because its types are a package of their own; ImportError where it is not installed.
yaml: Any = importlib.import_module("yaml")

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


def load(text: str) -> object:
    """The value that *text* says, its short forms spelled out (``!Sub x`` is ``{"Fn::Sub": "x"}``).

    Raises ValueError where it is not YAML.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # a SafeLoader
    except (yaml.YAMLError, RecursionError, TypeError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


# Constructors belong to a class in PyYAML, so ours need a class that is not SafeLoader itself.
_Loader: Any = type("_Loader", (yaml.SafeLoader,), {})


def _short_form(loader: Any, tag: str, node: Any) -> dict[str, object]:  # noqa: ANN401 - PyYAML's loader and node
    value = _value(loader, node)
    if tag in {"Ref", "Condition"}:
        return {tag: value}
    if tag == "GetAtt" and isinstance(value, str):
        return {"Fn::GetAtt": value.split(".", 1)}
    return {f"Fn::{tag}": value}


def _value(loader: Any, node: Any) -> object:  # noqa: ANN401 - PyYAML's loader and node
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _short_form)
# "2012-10-17" in a policy is the name of a version; CloudFormation never reads it as a day.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
