"""Where the ``claude`` of this machine is, and which version."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from meshbot_core.cli.findings import Finding, broken, note, well

_PLACES: Final = (
    "~/.local/bin/claude",
    "~/.claude/local/claude",
    "~/.npm-global/bin/claude",
    "~/.bun/bin/claude",
    "/opt/homebrew/bin/claude",
    "/usr/local/bin/claude",
)
_ANSWER_LIMIT_S: Final = 15.0
_INSTALL: Final = "install Claude Code, or set MESHBOT_CLAUDE to its path"


def find_claude() -> Path | None:
    """``MESHBOT_CLAUDE``, else the one on the PATH, else one in a usual place."""
    named = os.environ.get("MESHBOT_CLAUDE")
    if named:
        return Path(named).expanduser()
    on_path = shutil.which("claude")
    if on_path:
        return Path(on_path)
    usual = (Path(place).expanduser() for place in _PLACES)
    return next((place for place in usual if os.access(place, os.X_OK)), None)


def claude_finding() -> Finding:
    """Whether ``claude`` is there and runs."""
    path = find_claude()
    if path is None:
        return note("claude", "not found", _INSTALL)
    try:
        asked = _asked_for_version(path)
    except subprocess.TimeoutExpired:
        return broken("claude", f"{path} does not answer", _INSTALL)
    except OSError as error:
        return broken("claude", f"{path} does not run: {error.strerror}", _INSTALL)
    return _of_answer(path, asked)


def _asked_for_version(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the user's own program
        [path, "--version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_ANSWER_LIMIT_S,
        check=False,
    )


def _of_answer(path: Path, asked: subprocess.CompletedProcess[str]) -> Finding:
    version = re.match(r"\d[\w.+-]*", asked.stdout.strip())
    if asked.returncode or version is None:
        return broken("claude", f"{path} --version ends with {asked.returncode}", _INSTALL)
    return well("claude", f"{version[0]} at {path}")
