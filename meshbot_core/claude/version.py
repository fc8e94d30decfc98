"""Versions of Claude Code, and what it says about itself and its login; no I/O."""

import re
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meshbot_core.errors import ClaudeMissingError, ClaudeNotLoggedInError, ClaudeTooOldError

VERSION_ARGUMENTS: Final = ("--version",)
"""What makes ``claude`` print its version, without a network or a login."""

LOGIN_ARGUMENTS: Final = ("auth", "status")
"""What makes ``claude`` print, as JSON, whether it is logged in; it ends with 1 when it is not."""

_VERSION: Final = re.compile(r"\s*v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?![\d.])")
_SHOWN_CHARS: Final = 80


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A release of Claude Code."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


OLDEST_SUPPORTED: Final = Version(2, 1, 197)


def parse_version(said: str) -> Version:
    """The version in what ``claude --version`` printed (``2.1.330 (Claude Code)``).

    Raises:
        ClaudeMissingError: It is not what Claude Code prints.
    """
    found = _VERSION.match(said)
    if found is None:
        raise ClaudeMissingError(
            f"claude --version said {said.strip()[:_SHOWN_CHARS]!r}, which is no version",
            hint="is this Claude Code? set MESHBOT_CLAUDE to its path",
        )
    return Version(*(int(part) for part in found.groups()))


def check_supported(version: Version) -> None:
    """Let a version pass that sessions can be run with.

    Raises:
        ClaudeTooOldError: It is older than the oldest that meshbot supports.
    """
    if version < OLDEST_SUPPORTED:
        raise ClaudeTooOldError(
            f"Claude Code {version} is too old; {OLDEST_SUPPORTED} is the oldest that works",
            hint="update it with: claude update",
        )


class Login(BaseModel):
    """What ``claude auth status`` tells; ``method`` is ``api_key``, ``claude.ai``, ``none``, ..."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    is_logged_in: bool = Field(alias="loggedIn")
    method: str = Field(alias="authMethod", default="")


def parse_login(said: bytes) -> Login | None:
    """What ``claude auth status`` printed; None when it cannot be read, which says nothing."""
    try:
        return Login.model_validate_json(said)
    except ValidationError:
        return None


def check_login(said: bytes) -> None:
    """Let a login pass that is there, or that cannot be told.

    Raises:
        ClaudeNotLoggedInError: There is none.
    """
    login = parse_login(said)
    if login is not None and not login.is_logged_in:
        raise not_logged_in()


def not_logged_in() -> ClaudeNotLoggedInError:
    """The error for a session without a login, however that was noticed."""
    return ClaudeNotLoggedInError(
        "Claude Code is not logged in",
        hint="run claude once and log in with /login, or set ANTHROPIC_API_KEY",
    )
