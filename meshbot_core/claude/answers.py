"""What a hook, or the permission tool of a headless session, answers Claude Code."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

MAX_CONTEXT_CHARS: Final = 10_000
"""A longer context goes into a file, and the model reads the first 2 kB (2.1.197 and 2.1.330)."""

NO_ANSWER: Final = b"{}"
"""Heard, and nothing to say: also for what went wrong, for Claude Code shows errors its user."""


def with_context(event: str, text: str) -> bytes:
    """Put ``text`` before the model in the running turn.

    ``event`` is the hook that is answered: PostToolUse, UserPromptSubmit or SessionStart.
    """
    return _specific(event, {"additionalContext": text})


def fits_context(text: str) -> bool:
    """Whether the model is shown the whole ``text`` by ``with_context``."""
    return len(text.encode("utf-16-le", errors="replace")) // 2 <= MAX_CONTEXT_CHARS


def permission_allowed(
    *,
    changed_input: Mapping[str, JsonValue] | None = None,
    kept_rules: Sequence[JsonValue] = (),
) -> bytes:
    """Answer PermissionRequest: the tool may be called.

    ``kept_rules`` are suggestions of the event that shall hold from now on, as they came.
    """
    decision: dict[str, JsonValue] = {"behavior": "allow"}
    if changed_input is not None:
        decision["updatedInput"] = dict(changed_input)
    if kept_rules:
        decision["updatedPermissions"] = list(kept_rules)
    return _specific("PermissionRequest", {"decision": decision})


def permission_denied(reason: str, *, ends_turn: bool = False) -> bytes:
    """Answer PermissionRequest: the tool may not be called; the model reads ``reason``."""
    decision: dict[str, JsonValue] = {"behavior": "deny", "message": reason}
    if ends_turn:
        decision["interrupt"] = True
    return _specific("PermissionRequest", {"decision": decision})


def tool_refused(reason: str) -> bytes:
    """Answer PreToolUse: this call must not be made, whatever the rules say."""
    decision: dict[str, JsonValue] = {
        "permissionDecision": "deny",
        "permissionDecisionReason": reason,
    }
    return _specific("PreToolUse", decision)


def go_on(reason: str) -> bytes:
    """Answer Stop: the turn goes on with ``reason`` as input.

    The user is shown it as an error, so waking is the better way.
    """
    return _bytes({"decision": "block", "reason": reason})


def tool_allowed_text(tool_input: JsonValue) -> str:
    """The permission tool's result: yes. 2.1.197 takes none without the input that it gave."""
    changed = tool_input if isinstance(tool_input, dict) else {}
    return json.dumps({"behavior": "allow", "updatedInput": changed})


def tool_denied_text(reason: str) -> str:
    """The permission tool's result: no, which the model reads with its ``reason``."""
    return json.dumps({"behavior": "deny", "message": reason or "denied"})


def _specific(event: str, said: Mapping[str, JsonValue]) -> bytes:
    return _bytes({"hookSpecificOutput": {"hookEventName": event, **said}})


def _bytes(said: Mapping[str, JsonValue]) -> bytes:
    return json.dumps(said).encode()
