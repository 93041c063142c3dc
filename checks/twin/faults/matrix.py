"""The kill matrix: what every fault came to, three rates kept apart, and of what code and twin that is true."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from math import comb
from pathlib import Path
from typing import Any

from checks.twin.faults.words import Absent, Row

SCHEMA = 1
_PACKAGE = Path(__file__).resolve().parents[2]
# Of what is measured, and with what: each is digested by itself, so that one sees which of them has moved.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "faults": ("twin/faults",),
    "promises": ("promises", "catalogue.py", "blocking.py", "run.py", "controls.py"),
    "twin": ("twin",),
}
_SURE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """*hits* of *tries*; *least* is what the share exceeds with 95 % confidence, *most* what it stays below."""

    hits: int
    tries: int

    @property
    def share(self) -> float:
        """The share of hits; one where nothing was tried."""
        return self.hits / self.tries if self.tries else 1.0

    @property
    def least(self) -> float:
        """The exact one-sided lower bound (Clopper and Pearson) of the share."""
        return _bound(self.hits, self.tries)

    @property
    def most(self) -> float:
        """The exact one-sided upper bound of the share."""
        return 1 - _bound(self.tries - self.hits, self.tries)


def _bound(hits: int, tries: int) -> float:
    """The share of which *hits* or more of *tries* would be seen one time in twenty."""
    if not hits:
        return 0.0
    low, high = 0.0, hits / tries
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_least(hits, tries, middle) < _SURE else (low, middle)
    return low


def _at_least(hits: int, tries: int, share: float) -> float:
    return sum(comb(tries, k) * share**k * (1 - share) ** (tries - k) for k in range(hits, tries + 1))


def digests() -> dict[str, str]:
    """The digest of the source of each part, in a fixed order of files."""
    found = {}
    for part, places in _PARTS.items():
        digest = hashlib.sha256()
        for file in sorted(path for place in places for path in _sources(_PACKAGE / place)):
            if part == "twin" and "faults" in file.parts:
                continue
            digest.update(str(file.relative_to(_PACKAGE)).encode() + b"\0" + file.read_bytes() + b"\0")
        found[part] = digest.hexdigest()[:16]
    return found


def _sources(place: Path) -> Iterable[Path]:
    return place.rglob("*.py") if place.is_dir() else (place,)


def sources(plan: str) -> str:
    """One digest for all the parts, and for the *plan*, by its own digest, that they were measured with."""
    return hashlib.sha256(" ".join([*digests().values(), plan]).encode()).hexdigest()[:16]


def joined(rows: Sequence[Row], kept: Sequence[Row], order: Sequence[str]) -> tuple[Row, ...]:
    """*rows* and, of what was *kept* from earlier, the others that are still in *order*."""
    every = {each.id: each for each in (*kept, *rows)}
    return tuple(every[name] for name in order if name in every)


def read(path: Path) -> tuple[Row, ...]:
    """The rows of a document that was written before; none where there is none, or one of another schema."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["schema"] != SCHEMA:
            return ()
        return tuple(row_of({key: each[key] for key in each if key != "exact"}) for each in stored["rows"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def measured_elsewhere(path: Path) -> tuple[str, str, tuple[Row, ...]]:
    """Name and digest of the plan of the deployment that the document at *path* is of, and its rows.

    Raises ValueError, naming what is wrong, for what is no such document.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return str(stored["target"]), str(stored["plan"]), read(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: {type(error).__name__}: {error}; expected what `mutate --json` wrote") from error


def beside(rows: Sequence[Row], others: Sequence[Row], *, on: str) -> tuple[Row, ...]:
    """*rows*, where one that could not be staged here gives way to that of *others*, which is *on* another."""
    fit = {each.id: replace(each, on=on) for each in others if each.outcome != "unfit"}
    return tuple(fit.get(each.id, each) if each.outcome == "unfit" or each.on == on else each for each in rows)


def row_of(stored: Mapping[str, object]) -> Row:
    """A row as it was written. Raises TypeError for one of another version."""
    return Row(**{key: tuple(value) if key == "strays" else value for key, value in stored.items()})  # type: ignore[arg-type]


def document(
    rows: Sequence[Row],
    absent: Sequence[Absent],
    *,
    now: datetime,
    target: str,
    plan: str,
    others: Mapping[str, str] | None = None,
    unasked: Sequence[str] = (),
    unmeasured: Sequence[str] = (),
) -> dict[str, Any]:
    """The matrix as JSON: rows, rates, and what they are of.

    *plan* is the digest of the plan, *others* are those of other deployments that rows were measured on, *unasked* are
    promises that no fault is about, *unmeasured* the faults that have no row yet.
    """
    return {
        "schema": SCHEMA,
        "measured": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "target": target,
        "digests": digests(),
        "plan": plan,
        "others": {name: {"plan": each, "sources": sources(each)} for name, each in (others or {}).items()},
        "sources": sources(plan),
        "rates": {name: _told(rate) for name, rate in rates(rows).items()},
        "counts": dict(Counter(f"{each.kind}: {each.outcome}" for each in rows)),
        "unasked": list(unasked),
        "unmeasured": list(unmeasured),
        "rows": [{**asdict(each), "exact": each.exact} for each in rows],
        "absent": [asdict(each) for each in absent],
    }


def measured_with(row: Mapping[str, Any], seen: Mapping[str, Any]) -> Mapping[str, str]:
    """The digests of plan and sources of the deployment that a row of the document *seen* was measured on."""
    return dict(seen["others"][row["on"]] if row["on"] else {key: seen[key] for key in ("plan", "sources")})


def rates(rows: Sequence[Row]) -> dict[str, Rate]:
    """Three rates that are never pooled, live and patched apart."""
    found: dict[str, Rate] = {}
    for fidelity in ("live", "patched"):
        ours = [row for row in rows if (row.kind, row.fidelity) == ("fault", fidelity) and row.outcome != "unfit"]
        found[f"{fidelity}: caught by the right check"] = Rate(
            hits=sum(row.outcome == "caught" for row in ours), tries=len(ours)
        )
        found[f"{fidelity}: caught by any check"] = Rate(
            hits=sum(row.outcome != "missed" for row in ours), tries=len(ours)
        )
    calm = [row for row in rows if row.kind == "benign" and row.outcome != "unfit"]
    runs = sum(row.runs for row in calm)
    found["benign runs with a false alarm"] = Rate(hits=sum(row.alarms for row in calm), tries=runs)
    upset = [row for row in rows if row.kind == "meta" and row.outcome != "unfit"]
    found["meta: the right status in bounded time"] = Rate(
        hits=sum(row.outcome == "caught" for row in upset), tries=len(upset)
    )
    return found


def _told(rate: Rate) -> dict[str, float | int]:
    return {
        "hits": rate.hits, "tries": rate.tries, "share": round(rate.share, 5), "at_least": round(rate.least, 5),
        "at_most": round(rate.most, 5),
    }  # fmt: skip


def page(seen: Mapping[str, Any]) -> str:
    """The matrix as Markdown, from its document."""
    rates_told = "\n".join(
        f"| {name} | {each['hits']} of {each['tries']} | {each['share']:.1%} | {_bounds(name, each)} |"
        for name, each in seen["rates"].items()
    )
    digests_told = ", ".join(f"{part} `{digest}`" for part, digest in seen["digests"].items())
    longest = max((row["seconds"] for row in seen["rows"] if row["kind"] == "meta"), default=0.0)
    return _PAGE.format(
        measured=seen["measured"],
        target=seen["target"],
        digests=digests_told,
        since=sum(row["of"] != measured_with(row, seen)["sources"] for row in seen["rows"]),
        others=_OTHERS.format(names=", ".join(f"`{name}`" for name in seen["others"])) if seen["others"] else "",
        oldest=min((row["measured"] for row in seen["rows"]), default=seen["measured"]),
        unmeasured=", ".join(seen["unmeasured"]) or "nothing.",
        unasked=", ".join(f"`{name}`" for name in seen["unasked"]) or "None.",
        minutes=sum(row["seconds"] for row in seen["rows"]) / 60,
        longest=longest,
        rates=rates_told,
        rows="\n".join(map(_row, seen["rows"])),
        promise="\n".join(_absent(each) for each in seen["absent"] if each["lacks"] == "promise") or _NONE,
        twin="\n".join(_absent(each) for each in seen["absent"] if each["lacks"] == "twin") or _NONE,
    )


def _bounds(name: str, rate: Mapping[str, float]) -> str:
    return f"at most {rate['at_most']:.1%}" if "false alarm" in name else f"at least {rate['at_least']:.1%}"


def _row(row: Mapping[str, Any]) -> str:
    sign = "yes" if row["exact"] else "not planned here" if row["outcome"] == "unfit" else "**no**"
    named = ", ".join(f"`{name}`" for name in row["named"]) or row["expected"]
    where = f", on `{row['on']}`" if row["on"] else ""
    told = f"{row['outcome']}{where}" if row["exact"] else f"{row['outcome']}{where}: {_why(row)}"
    cells = (row["id"], row["kind"], row["fidelity"], row["breaks"], named, sign, told)
    return "| " + " | ".join(_cell(each) for each in cells) + " |"


def _why(row: Mapping[str, Any]) -> str:
    parts = [row["why"], *row["strays"]]
    parts += [] if row["code"] == row["wanted_code"] else [f"exit {row['code']} instead of {row['wanted_code']}"]
    return "; ".join(each for each in parts if each)[:300]


def _cell(text: str) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _absent(each: Mapping[str, str]) -> str:
    return f"| {each['id']} | {each['kind']} | {_cell(each['breaks'])} | {_cell(each['why'])} |"


def write(seen: Mapping[str, Any], path: Path) -> None:
    """The document as JSON, one row a line, so that a review shows which of them changed."""
    head = {key: value for key, value in seen.items() if key not in {"rows", "absent"}}
    lists = {
        key: "[\n  " + ",\n  ".join(json.dumps(each, ensure_ascii=True) for each in seen[key]) + "\n ]"
        for key in ("rows", "absent")
    }
    text = json.dumps(head, indent=1, ensure_ascii=True)[:-2]
    path.write_text(f'{text},\n "rows": {lists["rows"]},\n "absent": {lists["absent"]}\n}}\n', encoding="utf-8")


_OTHERS = """
What this deployment has none of is broken on another one, which stands beside the outcome: {names}.
"""
_NONE = "| – | – | – | – |"
_PAGE = """\
# Kill matrix

Who checks the checks: a twin is broken on purpose, one fault at a time, and every fault must be caught by the promise
that is about it, with the right exit code, and by nothing that it has nothing to do with; after its repair everything
is green again. Benign changes must raise no alarm. Faults of the harness's own surroundings must end in bounded time
with the right status. `python -m checks mutate` measures it on whatever is deployed to a twin; `make mutate` writes
this page.

Measured {measured} on `{target}`; sources: {digests}. The oldest row is of {oldest}; {since} rows are of sources
that have changed since. Not measured yet: {unmeasured}
It took {minutes:.0f} minutes; the longest meta-fault {longest:.1f} s.
{others}
## Rates

They are never pooled. `live`: AWS's interface holds the fault, or whoever connects meets it. `patched`: an answer of
AWS was rewritten on its way, because the emulator cannot hold that state. The bounds are exact and one-sided, at 95 %,
for this population of faults alone.

| rate | seen | share | 95 % sure |
| --- | --- | --- | --- |
{rates}

## Every fault

| id | kind | fidelity | what is changed | who must notice | exactly | outcome |
| --- | --- | --- | --- | --- | --- | --- |
{rows}

## Promises that no fault is about

{unasked}

## Nothing promises the opposite

These would go unseen on this deployment, or be seen by accident.

| id | kind | what is changed | what is missing |
| --- | --- | --- | --- |
{promise}

## Not representable on the twin

| id | kind | what is changed | why not |
| --- | --- | --- | --- |
{twin}
"""
