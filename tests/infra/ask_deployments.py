"""Makes the application again and again with one thing about the API changed; prints the deployment's id of each.

`python ask_deployments.py CONTEXT` prints `{"change": "logical id", …}`; CONTEXT is the deployer's, as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aws_cdk import App

from khaya_infra import api, app, routes, shapes, stack
from khaya_infra.settings import read_settings

if TYPE_CHECKING:
    from aws_cdk import CfnResource

    from khaya_infra.stack import KhayaStack

Document = dict[str, Any]


def made(context: Document) -> str:
    """The logical id of the API's deployment, in the application as it is now."""
    application = app.build(App(context={**app.FLAGS, **context}))
    main = cast("KhayaStack", application.node.find_child(read_settings(Path(context["settings"])).main.name))
    deployment = cast("CfnResource", main.api.rest.latest_deployment.node.default_child)  # type: ignore[union-attr] # made
    return str(main.resolve(deployment.logical_id))


def main(context: Document) -> None:
    """One change after another, each taken back."""
    described = shapes.describe_api()
    setattr(stack, "describe_api", lambda: described)  # noqa: B010 - asked once for all of them
    found = {"nothing": made(context), "nothing again": made(context)}
    shape = json.loads(json.dumps(described))
    shape["components"]["schemas"]["NewBid"]["properties"]["amount"]["type"] = "string"
    first, *others = routes.ROUTES
    kind, status, code, _ = routes.GATEWAY_ERRORS[0]
    changes: tuple[tuple[str, Callable[[], None]], ...] = (
        ("a shape", lambda: setattr(stack, "describe_api", lambda: shape)),
        ("a route", lambda: setattr(api, "ROUTES", (replace(first, path="/other"), *others))),
        ("a protection", lambda: setattr(api, "ROUTES", (replace(first, protected=True), *others))),
        ("an error", lambda: setattr(api, "GATEWAY_ERRORS", ((kind, status, code, "Other words."),))),
    )
    for name, change in changes:
        change()
        found[name] = made(context)
        setattr(stack, "describe_api", lambda: described)  # noqa: B010 - taken back
        setattr(api, "ROUTES", routes.ROUTES)  # noqa: B010 - taken back
        setattr(api, "GATEWAY_ERRORS", routes.GATEWAY_ERRORS)  # noqa: B010 - taken back
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
