"""Where functions run: on this machine's cores instead of on a fleet."""

from __future__ import annotations

import os
import time

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service

AT_ONCE = max(2, os.cpu_count() or 2)
# A function that calls itself waits for an environment that its own caller holds: then one more is made after all.
_PATIENCE = 15.0
_PAUSE = 0.005


def start_environments_a_few_at_a_time(_: Grounds) -> None:
    """A burst of calls starts as many environments of a function as there are cores; the other calls wait their turn.

    MiniStack starts one process for each call of a burst, all on this machine. A dozen cold starts then share two
    cores, and each takes longer than its caller waits. AWS starts them on machines of their own, side by side.
    """

    def patient(original: Function) -> Function:
        def acquire(
            func_name: str,
            config: Untyped,
            code_zip: bytes,
            qualifier: str = "$LATEST",
            max_concurrency: int | None = None,
        ) -> Untyped:
            ceiling = min(max_concurrency or AT_ONCE, AT_ONCE)
            until = time.monotonic() + _PATIENCE
            while time.monotonic() < until:
                worker, reason = original(func_name, config, code_zip, qualifier, ceiling)
                if worker is not None:
                    return worker, reason
                time.sleep(_PAUSE)
            return original(func_name, config, code_zip, qualifier, max_concurrency)

        return acquire

    parameters = ("func_name", "config", "code_zip", "qualifier", "max_concurrency")
    replace(service("services.lambda_svc"), "acquire_worker", parameters, patient)
