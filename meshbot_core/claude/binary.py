"""Finding the ``claude`` of this machine: the one place of this package that does I/O."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshbot_core.claude.version import (
    LOGIN_ARGUMENTS,
    VERSION_ARGUMENTS,
    Version,
    check_login,
    check_supported,
    parse_version,
)
from meshbot_core.errors import ClaudeMissingError

CHOSEN_BY: Final = "MESHBOT_CLAUDE"
"""The environment variable that names the binary."""

_NAME: Final = "claude"
_ANSWER_LIMIT_S: Final = 20.0
_HOME_FOLDERS: Final = (
    ".local/bin",  # the native installer
    ".claude/local",  # the older local install
    ".claude/bin",
    ".npm-global/bin",
    ".npm-packages/bin",
    ".bun/bin",
    ".volta/bin",
    ".local/share/pnpm",
    "Library/pnpm",
    ".yarn/bin",
)
_SYSTEM_FOLDERS: Final = (
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "/usr/bin",
    "/snap/bin",
)
_INSTALL_HINT: Final = (
    "install it (https://code.claude.com/docs/en/setup), "
    f"or name it with {CHOSEN_BY}=/path/to/claude"
)


@dataclass(frozen=True, slots=True)
class ClaudeBinary:
    """A ``claude`` that runs here."""

    path: Path
    version: Version


def find_claude(
    configured: str | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    home: Path | None = None,
) -> Path:
    """The binary to use: ``MESHBOT_CLAUDE``, ``configured``, PATH, then the usual folders.

    The first two are a person's choice: when they name nothing that runs, nothing else is taken
    in its place.

    Args:
        configured: A path, or a name to look for on PATH; ``~`` stands for ``home``.
        environment: In place of this process's own.
        home: In place of the user's home folder.

    Raises:
        ClaudeMissingError: There is none.
    """
    variables = os.environ if environment is None else environment
    folder = home or Path(variables.get("HOME") or Path.home())
    path = variables.get("PATH", os.defpath)
    for source, chosen in ((CHOSEN_BY, variables.get(CHOSEN_BY)), ("the config", configured)):
        if chosen:
            return _chosen(chosen, source, path, folder)
    if found := shutil.which(_NAME, path=path):
        return Path(found).absolute()
    for candidate in _usual_places(variables, folder):
        if _is_program(candidate):
            return candidate
    raise ClaudeMissingError("Claude Code is not installed here", hint=_INSTALL_HINT)


def _chosen(chosen: str, source: str, path: str, home: Path) -> Path:
    if os.sep not in chosen and (found := shutil.which(chosen, path=path)):
        return Path(found).absolute()
    beneath_home = chosen == "~" or chosen.startswith("~/")
    candidate = (home / chosen[2:] if beneath_home else Path(chosen)).absolute()
    if not _is_program(candidate):
        raise ClaudeMissingError(
            f"{source} names {chosen!r}, which is no program", hint="correct it, or leave it out"
        )
    return candidate


def _usual_places(variables: Mapping[str, str], home: Path) -> Iterator[Path]:
    prefixes = (variables.get("npm_config_prefix"), variables.get("NPM_CONFIG_PREFIX"))
    for prefix in filter(None, prefixes):
        yield Path(prefix) / "bin" / _NAME
    for folder in _HOME_FOLDERS:
        yield home / folder / _NAME
    nvm = Path(variables.get("NVM_DIR") or home / ".nvm") / "versions" / "node"
    yield from sorted(nvm.glob(f"*/bin/{_NAME}"), key=_newest_last, reverse=True)
    for folder in _SYSTEM_FOLDERS:
        yield Path(folder) / _NAME


def _newest_last(program: Path) -> tuple[int, ...]:
    release = program.parent.parent.name
    return tuple(int(part) for part in release.lstrip("v").split(".") if part.isdecimal())


def _is_program(candidate: Path) -> bool:
    return candidate.is_file() and os.access(candidate, os.X_OK)


def inspect_claude(path: Path, *, environment: Mapping[str, str] | None = None) -> ClaudeBinary:
    """Ask the binary for its version; takes some 50 ms.

    Raises:
        ClaudeMissingError: It does not run, or is not Claude Code.
        ClaudeTooOldError: It is older than what meshbot supports.
    """
    said = _answer(path, VERSION_ARGUMENTS, environment)
    version = parse_version(said.decode(errors="replace"))
    check_supported(version)
    return ClaudeBinary(path, version)


def check_logged_in(path: Path, *, environment: Mapping[str, str] | None = None) -> None:
    """Ask the binary whether it is logged in; a version that cannot tell passes.

    Raises:
        ClaudeMissingError: It does not run.
        ClaudeNotLoggedInError: It says that it is not.
    """
    check_login(_answer(path, LOGIN_ARGUMENTS, environment))


def _answer(path: Path, arguments: tuple[str, ...], environment: Mapping[str, str] | None) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, fixed arguments
            [path, *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ANSWER_LIMIT_S,
            env=None if environment is None else dict(environment),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ClaudeMissingError(f"{path} does not run: {error}", hint=_INSTALL_HINT) from error
    return done.stdout
