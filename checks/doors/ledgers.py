"""Where a target's runs are kept, as far as this machine can see: its canary's stack, or a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checks.nights.record import Record, from_row, newest_first, record
from checks.target import Settings, SettingsError
from checks.world.ledger import Folder, Ledger


def open_ledger(settings: Settings, folder: Path | None = None) -> Ledger:
    """The ledger in *folder*, or the one that ``[canary]`` names. Raises SettingsError where there is neither."""
    if folder is not None:
        return Folder(folder)
    if not settings.canary.stack:
        told = "add [canary] with stack and region, or name a folder of run documents with --from"
        raise SettingsError(f"{settings.source}: no canary is named; {told}")
    from checks.world.aws.ledger import AwsLedger, shelf_of

    access, region = access_of(settings), settings.canary.region
    return AwsLedger(access, shelf_of(access, stack=settings.canary.stack, region=region), region=region)


def records(settings: Settings, folder: Path | None = None) -> Sequence[Record]:
    """Every run that is known, the newest first; a folder may hold run documents alone."""
    if folder is None or (folder / "index").is_dir():
        return newest_first(from_row(each) for each in open_ledger(settings, folder).rows(settings.name))
    return newest_first(
        record(each, kept_as=str(file)) for file, each in documents(folder) if each["target"] == settings.name
    )


def documents(folder: Path) -> Sequence[tuple[Path, Any]]:
    """The run documents of schema 1 anywhere in *folder*."""
    import json

    found = [(file, json.loads(file.read_text("utf-8"))) for file in sorted(folder.rglob("*.json"))]
    return [
        (file, each) for file, each in found if isinstance(each, dict) and each.get("schema") == 1 and "results" in each
    ]


def access_of(settings: Settings) -> Any:  # noqa: ANN401 - session.Access; importing it here would load it for all
    """The credentials and the endpoint that reach the canary's account: the target's own, without its role."""
    from checks.world.aws.session import Access, Credentials

    if not settings.twin:
        return Access(ca_bundle=settings.network.ca_bundle)
    from checks import twin

    here = twin.read()
    return Access(
        endpoint=here.endpoint,
        ca_bundle=here.ca_bundle,
        credentials=Credentials(access_key_id=here.access_key_id, secret_access_key=here.secret_access_key),
    )
