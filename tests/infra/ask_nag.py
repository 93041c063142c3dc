"""Asks cdk-nag about the application, in a process of its own: `python ask_nag.py CONTEXT` prints `[[rule, path], …]`.

CONTEXT is the deployer's, as JSON. Nothing is acknowledged in the constructs: what is known is in `opinions.py`.
"""

from __future__ import annotations

import json
import sys

from aws_cdk import App
from cdk_nag import AwsSolutionsChecks

from khaya_infra.app import FLAGS, build


def main(given: str) -> None:
    """Every finding of the AwsSolutions pack."""
    report = AwsSolutionsChecks().validate_scope(build(App(context={**FLAGS, **json.loads(given)})))
    found = sorted(
        (violation.rule_name, resource.construct_path or "")
        for violation in report.violations
        for resource in violation.violating_resources
    )
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
