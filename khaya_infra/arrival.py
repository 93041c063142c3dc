"""How a command comes to a target: the file is found and read, the shell leads there, the credentials belong there.

Every command that changes or reads a deployment starts here, so each refuses the same things in the same words.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from khaya_infra import ground
from khaya_infra.clients import Session, complaint, connect, refusals
from khaya_infra.package import BUILD, PackageError
from khaya_infra.settings import Settings, SettingsError, read_settings
from khaya_infra.stop import INTERRUPTED, NO_TOOLS, USAGE, Stop
from khaya_infra.toolchain import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TWIN_ACCOUNT = "000000000000"
_INSIDE = "Run it as `python -m checks twin run -- python -m khaya_infra.deploy …`, or use make"
_TARGET_FOLDERS = (Path("targets"), ROOT / "checks" / "targets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A deployment that a command has come to: its settings, and a session of its own account in its region."""

    target: Path
    settings: Settings
    session: Session

    @property
    def is_deployed(self) -> bool:
        """Whether the main stack was ever made as a whole."""
        return bool(ground.stack_outputs(self.session.client("cloudformation"), self.settings.main.name))

    def outputs(self) -> dict[str, str]:
        """What the main stack says of itself; `Stop` when it was never deployed."""
        name = self.settings.main.name
        outputs = ground.stack_outputs(self.session.client("cloudformation"), name)
        if not outputs:
            raise Stop(
                f"{self.settings.stage} is not deployed: there is no stack {name} with outputs in "
                f"{self.settings.main.region}",
                f"Run `make deploy TARGET={self.settings.stage}`",
            )
        return outputs


def arrive(target: str) -> Place:
    """Come to `target`, given as a path or a name; `Stop` or `SettingsError` when it is not where this shell leads."""
    path = target_path(target)
    settings = read_settings(path)
    check_place(settings, os.environ)
    session = connect(settings.main.region)
    ground.check_account(session.client("sts"), settings)
    return Place(target=path, settings=settings, session=session)


def target_path(target: str) -> Path:
    """The file of a target that was given as a path or by name; where it should be when there is none."""
    if target.endswith(".toml"):
        return Path(target)
    candidates = [folder / f"{target}.toml" for folder in _TARGET_FOLDERS]
    return next((path for path in candidates if path.exists()), candidates[-1])


def check_place(settings: Settings, environ: Mapping[str, str]) -> None:
    """A twin's target must meet a twin, and a real one must not: neither can be mistaken for the other."""
    endpoint = environ.get("AWS_ENDPOINT_URL", "")
    if not settings.twin:
        if endpoint or "TWIN_NAME" in environ:
            raise Stop(
                f"{settings.stage} is on AWS, but this shell points at {endpoint or 'a twin'}", "Unset it", code=USAGE
            )
        return
    if settings.account != TWIN_ACCOUNT:
        raise Stop(f"a twin's account is {TWIN_ACCOUNT}, not {settings.account}", "Correct account.id", code=USAGE)
    if "TWIN_NAME" not in environ or not _is_loopback(endpoint):
        raise Stop(f"{settings.stage} is a twin, and this shell does not lead to one", _INSIDE, code=NO_TOOLS)
    # Each of these would send some of what follows past the twin.
    astray = [
        name
        for name in environ
        if name.startswith("AWS_ENDPOINT_URL_") or name == "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
    ]
    if astray:
        raise Stop(f"{settings.stage} is a twin, and {', '.join(sorted(astray))} leads past it", _INSIDE, code=USAGE)


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def workroom(settings: Settings, environ: Mapping[str, str]) -> Path:
    """Where the CLI leaves its output: by stage, and with the twin it is for; of both there may be two at once."""
    if settings.twin and {"TWIN_HOME", "TWIN_NAME"} <= environ.keys():
        return Path(environ["TWIN_HOME"]) / environ["TWIN_NAME"] / "deploy" / settings.stage
    return BUILD / "deploy" / settings.stage


def checked_out_release() -> str:
    """The commit of this folder; `Stop` when it has none."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    except OSError:
        done = None
    if done is None or done.returncode:
        raise Stop("this folder has no commit to name the release after", "Give --release SHA", code=USAGE)
    return done.stdout.strip()


def guarded(who: str, work: Callable[[], object]) -> int:
    """Do `work`; its `int`, else 0. What goes wrong is told in one line by `who`, with the code of whose turn it is."""
    # Being told to end is the same as being interrupted: the CLI below must be ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        done = work()
    except Stop as stop:
        return _complain(who, str(stop), stop.code)
    except SettingsError as error:
        return _complain(who, str(error), USAGE)
    except PackageError as error:
        return _complain(who, f"{error}. Check the connection to the package index and try again", NO_TOOLS)
    except KeyboardInterrupt:
        return _complain(who, f"interrupted; {who} again to go on from here", INTERRUPTED)
    except refusals() as error:
        return _complain(who, *complaint(error))
    return done if isinstance(done, int) else 0


def _complain(who: str, sentence: str, code: int) -> int:
    sys.stderr.write(f"{who}: {sentence}\n")
    return code
