"""The trail of changes: one object for each batch, in a bucket that lets nobody replace or remove one for a year.

`changes/<noun>/<year>/<month>/<day>/<sequence>-<number of changes>.jsonl`, one line of JSON for each change. A batch
that comes again is written again, under the same name when it is the same; both versions are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from khaya_api.aws import asking
from khaya_api.errors import PartOut
from khaya_api.kit import Kit

PART = "trail"
FOLDER = "changes"

Entry = Mapping[str, object]


def keep(kit: Kit, entries: Sequence[Entry]) -> None:
    """Put entries (`noun`, `at` and `sequence` among what they say) into the bucket. `PartOut` when that fails."""
    if not entries:
        return
    if not kit.settings.trail_bucket:
        raise PartOut(PART, "not configured", "TRAIL_BUCKET is not set")
    lines = "".join(json.dumps(entry, separators=(",", ":"), sort_keys=True) + "\n" for entry in entries)
    with asking(PART):
        kit.connect("s3").put_object(
            Bucket=kit.settings.trail_bucket,
            Key=_key(entries),
            Body=lines.encode(),
            ContentType="application/x-ndjson",
        )


def _key(entries: Sequence[Entry]) -> str:
    first = entries[0]
    day = str(first["at"])[:10].replace("-", "/")
    return f"{FOLDER}/{first['noun']}/{day}/{first['sequence']}-{len(entries)}.jsonl"
