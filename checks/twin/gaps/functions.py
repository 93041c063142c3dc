"""Where functions run: on this machine's cores instead of on a fleet."""

from __future__ import annotations

import os
import threading
import time

from checks.twin.gaps.alarms import look_again
from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store

AT_ONCE = max(2, os.cpu_count() or 2)
# A function that calls itself waits for an environment that its own caller holds: then one more is made after all.
_PATIENCE = 15.0
_PAUSE = 0.005
# A function of the edge takes a millisecond; one that hangs is ended after five seconds, and nobody waits for that.
_AT_THE_EDGE = 1.0


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


def evaluate_at_the_edge_a_few_at_a_time(_: Grounds) -> None:
    """A burst of viewers shares as many engines of CloudFront Functions as there are cores, and they stay.

    MiniStack starts another process of Node for each viewer of a burst, and ends all but three when it is over: for a
    millisecond's work fifty starts at each look at a whole site, a third of what that costs the machine.
    """
    engine = service("core.cloudfront_js")
    pool, turns = store(engine, "_pool"), threading.BoundedSemaphore(AT_ONCE)
    store(pool, "max_idle")
    pool.max_idle = AT_ONCE

    def patient(original: Function) -> Function:
        def evaluate(code: bytes, event: Untyped) -> Untyped:
            has_turn = turns.acquire(timeout=_AT_THE_EDGE)
            try:
                return original(code, event)
            finally:
                if has_turn:
                    turns.release()

        return evaluate

    replace(engine, "evaluate", ("code", "event"), patient)


def measure_functions(_: Grounds) -> None:
    """AWS/Lambda counts every call of a function, whoever makes it: invocations, errors, how long it took, refusals.

    MiniStack counts those that are made through Lambda's own API alone, which an API's calls are not.
    """
    functions, cloudwatch = service("services.lambda_svc"), service("services.cloudwatch")
    record = store(cloudwatch, "record_metric")

    def counted(original: Function) -> Function:
        def finish(
            func: Untyped, request_id: str, log_text: str, error: Untyped, duration_ms: int, **more: Untyped
        ) -> None:
            original(func, request_id, log_text, error, duration_ms, **more)
            name = {"FunctionName": (func.get("config") or func).get("FunctionName", "unknown")}
            for metric, count in (("Invocations", 1), ("Errors", int(error)), ("Throttles", 0)):
                record("AWS/Lambda", metric, count, "Count", name)
            record("AWS/Lambda", "Duration", duration_ms, "Milliseconds", name)
            look_again(cloudwatch)

        return finish

    def refused_alone(_original: Function) -> Function:
        def emit(function_name: str, duration_ms: float, error: bool, throttle: bool) -> None:  # noqa: ARG001, FBT001
            # Told twice of a refusal that came through Lambda's own API: once without and once with a duration.
            if throttle and not duration_ms:
                record("AWS/Lambda", "Throttles", 1, "Count", {"FunctionName": function_name})
                look_again(cloudwatch)

        return emit

    finished = ("func", "request_id", "log_text", "error", "duration_ms", "log_source")
    replace(functions, "_emit_lambda_logs", finished, counted)
    replace(functions, "_emit_lambda_metrics", ("function_name", "duration_ms", "error", "throttle"), refused_alone)
