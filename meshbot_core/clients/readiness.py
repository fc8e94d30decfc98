"""What can be checked before a session is started; each failure is one line for a person."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from meshbot_core.claude.binary import check_logged_in, find_claude, inspect_claude
from meshbot_core.claude.flags import UserFlags
from meshbot_core.errors import SessionFolderError

_OTHER_LOGINS: Final = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_VERTEX",
)
"""Variables through which a session is let in without anybody having logged in."""


def check_ready(
    folder: Path, flags: UserFlags, environment: Mapping[str, str], *, claude: str | None = None
) -> None:
    """Let pass what a session needs; takes half a second. ``claude`` as in ``SessionOptions``.

    Raises:
        ClaudeError: Claude Code is missing, too old or not logged in.
        SessionFolderError: The folder is not there.
    """
    path = find_claude(claude, environment=environment)
    inspect_claude(path, environment=environment)
    # Settings of the user's may hold a key, or name a program that has one.
    if flags.settings is None:
        check_let_in(path, environment)
    check_folder(folder)


def check_let_in(path: Path, environment: Mapping[str, str]) -> None:
    """Let pass a claude with a login, or with a variable that does for one.

    Raises:
        ClaudeError: It does not run, or is not logged in.
    """
    if not any(environment.get(name) for name in _OTHER_LOGINS):
        check_logged_in(path, environment=environment)


def check_folder(folder: Path) -> None:
    """Let pass a folder that a session can run in.

    Raises:
        SessionFolderError: It is not there, or is none.
    """
    if (wrong := _wrong_with(folder)) is not None:
        raise SessionFolderError(f"{folder} {wrong}", hint="make it, or name another: --folder")


def _wrong_with(folder: Path) -> str | None:
    try:
        if folder.is_dir():
            return None
        return "is no folder" if folder.exists() else "is not there"
    except OSError as error:
        return f"cannot be used ({error.strerror})"


def is_trusted(folder: Path, environment: Mapping[str, str]) -> bool:
    """Whether Claude Code will start there without asking whether the folder is trusted.

    What cannot be read counts as trusted: it is only a note.
    """
    home = Path(environment.get("HOME") or Path.home())
    place = Path(environment.get("CLAUDE_CONFIG_DIR") or home) / ".claude.json"
    try:
        projects = json.loads(place.read_bytes())["projects"]
        chain = [str(folder), *(str(parent) for parent in folder.parents)]
        return any(projects.get(name, {}).get("hasTrustDialogAccepted") for name in chain)
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return True
