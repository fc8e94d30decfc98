"""``doctor``'s checks of this machine, whatever the mesh."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from meshbot_core.claude.binary import CHOSEN_BY, find_claude, inspect_claude
from meshbot_core.cli.findings import Finding, broken, note, well
from meshbot_core.clients.readiness import check_let_in
from meshbot_core.errors import ClaudeMissingError, ClaudeNotLoggedInError, MeshError
from meshbot_core.mesh.machine import ensure_supported_platform, is_network_filesystem
from meshbot_core.mesh.paths import runtime_folder
from meshbot_core.version import VERSION

_LITTLE_BYTES: Final = 500 * 1024 * 1024
_TOO_LITTLE_BYTES: Final = 20 * 1024 * 1024
_MEGABYTE: Final = 1024 * 1024
_LINGER: Final = Path("/var/lib/systemd/linger")


def machine_findings(home: Path) -> Iterator[Finding]:
    """Everything that does not depend on a mesh."""
    yield _platform_finding()
    yield _command_finding()
    yield _disk_finding(home)
    yield _filesystem_finding(home)
    yield from _runtime_findings()


def _platform_finding() -> Finding:
    version = f"{VERSION}, Python {platform.python_version()}, {sys.platform}"
    try:
        ensure_supported_platform()
    except MeshError as error:
        return broken("meshbot", f"{version}: {error}", error.hint)
    return well("meshbot", version)


def _command_finding() -> Finding:
    found = shutil.which("meshbot")
    if found:
        return well("meshbot command", found)
    here = Path(sys.executable).parent
    return note(
        "meshbot command",
        "not on the PATH, so Claude Code will not find it",
        f'export PATH="{here}:$PATH", or register it by its full path',
    )


def claude_finding(configured: str | None = None) -> Finding:
    """The Claude Code that sessions run; ``configured`` is the mesh's choice."""
    try:
        path = find_claude(configured)
    except ClaudeMissingError as error:
        # Commands and hosts do without; only a wrong choice is a mistake.
        missing = broken if os.environ.get(CHOSEN_BY) or configured else note
        return missing("claude", str(error), error.hint)
    try:
        found = inspect_claude(path)
        check_let_in(path, os.environ)
    except ClaudeNotLoggedInError as error:
        # Settings that a start names may hold a key.
        return note("claude", f"{path}: {error}", error.hint)
    except MeshError as error:
        return broken("claude", f"{path}: {error}", error.hint)
    return well("claude", f"{found.version} at {found.path}")


def _disk_finding(home: Path) -> Finding:
    place = _nearest(home / ".mesh")
    if not os.access(place, os.W_OK | os.X_OK):
        return broken("disk", f"{place} cannot be written", "check its owner and permissions")
    free = shutil.disk_usage(place).free
    text = f"{free // _MEGABYTE} MB free at {place}"
    if free < _TOO_LITTLE_BYTES:
        return broken("disk", text, "make room: messages are refused when it is full")
    if free < _LITTLE_BYTES:
        return note("disk", text, "make room")
    return well("disk", text)


def _filesystem_finding(home: Path) -> Finding:
    place = _nearest(home / ".mesh")
    if is_network_filesystem(place):
        return broken(
            "file system",
            f"{place} is on the network, where mailboxes get damaged",
            "set MESHBOT_HOME to a folder on a local disk",
        )
    return well("file system", f"{place} is local")


def _runtime_findings() -> Iterator[Finding]:
    try:
        folder = runtime_folder()
    except MeshError as error:
        yield broken("runtime folder", str(error), error.hint)
        return
    yield well("runtime folder", str(folder))
    if Path("/run/user") in folder.parents and _LINGER.parent.is_dir():
        yield _linger_finding()


def _linger_finding() -> Finding:
    user = os.environ.get("USER") or str(os.geteuid())
    if (_LINGER / user).exists():
        return well("lingering", "hosts stay reachable after you log out")
    return note(
        "lingering",
        "logging out removes the runtime folder; hosts make it again when they are asked for",
        "loginctl enable-linger",
    )


def _nearest(path: Path) -> Path:
    """``path``, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())
