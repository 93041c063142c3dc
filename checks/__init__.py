"""Post-deploy verification: look first, judge afterwards, and say so when nobody could look.

The names below are the library's public ones. Each is loaded when it is first used, so that importing costs nothing.
"""

from __future__ import annotations

# As type checkers know it by its name; typing itself takes as long to load as all the rest of this module's users.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from checks.coverage import Coverage, Row
    from checks.doors.library import covered, needed, planned, verify
    from checks.model import (
        CannotLook,
        Check,
        Place,
        Promise,
        Resource,
        Result,
        Sight,
        Stack,
        Target,
        Unresolved,
        Verdict,
        Waiver,
        promise,
    )
    from checks.plan import Plan, PlanError
    from checks.report.github import as_annotations, as_summary
    from checks.report.html import as_html
    from checks.report.json import document, schema
    from checks.report.junit import as_junit
    from checks.report.metrics import as_prometheus
    from checks.report.text import as_text
    from checks.run import Progress, Run, exit_code
    from checks.target import Settings, SettingsError, find, parse, read

__version__ = "0.1.0"

_HOMES = {
    "checks.coverage": ("Coverage", "Row"),
    "checks.doors.library": ("covered", "needed", "planned", "verify"),
    "checks.model": (
        *("CannotLook", "Check", "Place", "Promise", "Resource", "Result", "Sight", "Stack", "Target", "Unresolved"),
        *("Verdict", "Waiver", "promise"),
    ),
    "checks.plan": ("Plan", "PlanError"),
    "checks.report.github": ("as_annotations", "as_summary"),
    "checks.report.html": ("as_html",),
    "checks.report.json": ("document", "schema"),
    "checks.report.junit": ("as_junit",),
    "checks.report.metrics": ("as_prometheus",),
    "checks.report.text": ("as_text",),
    "checks.run": ("Progress", "Run", "exit_code"),
    "checks.target": ("Settings", "SettingsError", "find", "parse", "read"),
}
_WHERE = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "CannotLook",
    "Check",
    "Coverage",
    "Place",
    "Plan",
    "PlanError",
    "Progress",
    "Promise",
    "Resource",
    "Result",
    "Row",
    "Run",
    "Settings",
    "SettingsError",
    "Sight",
    "Stack",
    "Target",
    "Unresolved",
    "Verdict",
    "Waiver",
    "__version__",
    "as_annotations",
    "as_html",
    "as_junit",
    "as_prometheus",
    "as_summary",
    "as_text",
    "covered",
    "document",
    "exit_code",
    "find",
    "needed",
    "parse",
    "planned",
    "promise",
    "read",
    "schema",
    "verify",
]


if not TYPE_CHECKING:  # a type checker would take every misspelling for a name

    def __getattr__(name: str) -> object:
        """The public name, from the module where it lives."""
        home = _WHERE.get(name)
        if home is None:
            raise AttributeError(f"module 'checks' has no public name {name!r}; there are {', '.join(sorted(_WHERE))}")
        from importlib import import_module

        return getattr(import_module(home), name)


def __dir__() -> list[str]:
    """What a person is offered."""
    return sorted({*globals(), *_WHERE})
