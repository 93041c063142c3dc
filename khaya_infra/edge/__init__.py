"""What runs at the edge, in CloudFront's own JavaScript, before a request goes anywhere."""

from __future__ import annotations

import json
from pathlib import Path

_HERE = Path(__file__).parent


def site_function_source(domain: str) -> str:
    """Source of the function on the default behaviour: aliases → apex, and pages → index.html."""
    return f"var APEX = {json.dumps(domain)};\n{(_HERE / 'site.js').read_text(encoding='utf-8')}"


def api_function_source() -> str:
    """Source of the function on the API behaviours: takes the leading /api away."""
    return (_HERE / "api.js").read_text(encoding="utf-8")
