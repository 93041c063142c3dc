"""What AWS's SDK is told of the services, cut down to what the harness asks of them.

The descriptions that botocore ships hold every operation of a service with its documentation: reading those of two
dozen services is a third of a cold start. Cut, they are a tenth. They are kept with the sources, so that people's runs
start as fast as the canary's; for whatever is not here the loader looks into botocore (`checks.world.aws.known`).
`python -m khaya_infra.canary_models` makes them anew.
"""

from __future__ import annotations

import ast
import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from khaya_infra.toolchain import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Model = dict[str, Any]

# Where the session looks before it looks into botocore.
MODELS = Path("checks") / "world" / "aws" / "models"

# Asked without an `Ask`: by the ledger, the fleet's objects, the hooks, and the session for a role.
BESIDES: Mapping[str, tuple[str, ...]] = {
    "s3": ("GetObject", "PutObject", "ListObjectsV2"),
    "dynamodb": ("GetItem", "PutItem", "Query"),
    "sns": ("Publish",),
    "sts": ("AssumeRole",),
    "cloudformation": ("DescribeStacks",),
    "codedeploy": ("PutLifecycleEventHookExecutionStatus",),
}

# What botocore itself asks when people signed in through their organisation, by the names in its table of addresses.
SIGNING_IN = ("oidc", "portal.sso", "signin")


def asked() -> dict[str, set[str]]:
    """The operations that the harness asks, by service as botocore calls it, from each `Ask` in its sources.

    One that is made from another names nothing new.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for service, names in BESIDES.items():
        found[service] |= set(names)
    for file in sorted((ROOT / MODELS.parent).glob("*.py")):
        for ask in filter(_is_ask, ast.walk(ast.parse(file.read_text("utf-8")))):
            words = {each.arg: str(each.value.value) for each in ask.keywords if isinstance(each.value, ast.Constant)}
            if "operation" in words:
                found[words["service"]].add(words["operation"])
    return dict(found)


def edition() -> str:
    """What the descriptions are cut from."""
    import botocore

    return str(botocore.__version__)


def write_models(folder: Path, source: Path | None = None) -> None:
    """The cut descriptions as `folder`/SERVICE/VERSION/service-2.json, and `endpoints.json`, from botocore's."""
    data = source or _data()
    prefixes = set(SIGNING_IN)
    for service, operations in asked().items():
        version = max(each.name for each in (data / service).iterdir() if (each / "service-2.json.gz").is_file())
        model = json.loads(gzip.decompress((data / service / version / "service-2.json.gz").read_bytes()))
        made = cut(model, operations)
        _write(folder / service / version / "service-2.json", made)
        prefixes.add(made["metadata"]["endpointPrefix"])
    endpoints = json.loads((data / "endpoints.json").read_text("utf-8"))
    _write(folder / "endpoints.json", addressed(endpoints, prefixes))


def addressed(endpoints: Model, prefixes: set[str]) -> Model:
    """The table of addresses with the services of these prefixes alone, in every partition."""
    partitions = [
        {**each, "services": {name: where for name, where in each["services"].items() if name in prefixes}}
        for each in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _write(file: Path, value: Model) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_lines(value, 2) + "\n", encoding="utf-8")


def _lines(value: object, depth: int) -> str:
    """Compact JSON, but a line for each operation and each shape, so that a review shows which of them changed."""
    if depth and isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f"{json.dumps(key)}:{_lines(each, depth - 1)}" for key, each in value.items()) + "\n}"
    if depth and isinstance(value, list) and value:
        return "[\n" + ",\n".join(_lines(each, depth - 1) for each in value) + "\n]"
    return json.dumps(value, separators=(",", ":"))


def cut(model: Model, operations: set[str]) -> Model:
    """The model with these operations alone, the shapes that they need, and no documentation.

    KeyError names an operation that the service does not have.
    """
    kept = {name: model["operations"][name] for name in sorted(operations)}
    needed: set[str] = set()
    waiting = [shape for each in kept.values() for shape in _shapes_in(each)]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += _shapes_in(model["shapes"][name])
    shapes = {name: each for name, each in model["shapes"].items() if name in needed}
    made: Model = _undocumented({**model, "operations": kept, "shapes": shapes})
    return made


def _shapes_in(value: object) -> Iterator[str]:
    """The names under the key `shape`, at any depth."""
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for each in value.values():
            yield from _shapes_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from _shapes_in(each)


def _undocumented(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        # botocore asks for the key; a member of a structure may be called so as well, and is a mapping.
        return {
            key: "" if key == "documentation" and isinstance(each, str) else _undocumented(each)
            for key, each in value.items()
        }
    return [_undocumented(each) for each in value] if isinstance(value, list) else value


def _is_ask(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Ask"


def _data() -> Path:
    import botocore

    return Path(botocore.__file__).parent / "data"


if __name__ == "__main__":
    write_models(ROOT / MODELS)
