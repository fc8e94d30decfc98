"""The hooks and the status line that tie a session to its host."""

import shlex
import sys
from pathlib import Path
from typing import Final

from meshbot_core.claude.hook_settings import WAITER_LIMIT_S, CommandHook, HttpHook, SessionHooks

TOKEN_VARIABLE: Final = "MESHBOT_HOOK_TOKEN"  # noqa: S105 - a name, no secret
URL_VARIABLE: Final = "MESHBOT_HOOK_URL"
_RELAY: Final = str(Path(__file__).with_name("relay.py"))
_FLAGS: Final = "-SEP"  # no site, no PYTHON variables, no modules out of our own folder


def session_hooks(url: str, *, waiter_limit_s: int = WAITER_LIMIT_S) -> SessionHooks:
    """Hooks that tell the listener at ``url``, and start waiters for it."""
    return SessionHooks(
        events=HttpHook(f"{url}/hook", TOKEN_VARIABLE),
        started=_relay("hook"),
        waiter=_relay("wait"),
        waiter_limit_s=waiter_limit_s,
    )


def _relay(what: str) -> CommandHook:
    return CommandHook(sys.executable, (_FLAGS, _RELAY, what))


def status_line_command(theirs: str | None) -> str:
    """The shell command that tells the host, and shows the user's own status line."""
    words = [sys.executable, _FLAGS, _RELAY, "status", *([theirs] if theirs else [])]
    return shlex.join(words)
