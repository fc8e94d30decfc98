"""The hooks that put a session on the mesh, as settings of Claude Code.

An event that a version does not know stops its start with a dialog, so only known ones are
written. Tried on 2.1.197 and 2.1.330.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import JsonValue

from meshbot_core.claude.settings import Settings
from meshbot_core.claude.version import OLDEST_SUPPORTED, Version

SessionKind = Literal["interactive", "headless"]

_SINCE: Final[tuple[tuple[Version, frozenset[str]], ...]] = (
    (
        OLDEST_SUPPORTED,
        frozenset(
            {
                "ConfigChange",
                "CwdChanged",
                "Elicitation",
                "ElicitationResult",
                "FileChanged",
                "InstructionsLoaded",
                "MessageDisplay",
                "Notification",
                "PermissionDenied",
                "PermissionRequest",
                "PostCompact",
                "PostToolBatch",
                "PostToolUse",
                "PostToolUseFailure",
                "PreCompact",
                "PreToolUse",
                "SessionEnd",
                "SessionStart",
                "Setup",
                "Stop",
                "StopFailure",
                "SubagentStart",
                "SubagentStop",
                "TaskCompleted",
                "TaskCreated",
                "TeammateIdle",
                "UserPromptExpansion",
                "UserPromptSubmit",
                "WorktreeCreate",
                "WorktreeRemove",
            }
        ),
    ),
    # Somewhere after 2.1.197; a version between that has them loses nothing by our caution.
    (Version(2, 1, 330), frozenset({"DirectoryAdded", "PostModelSwitch", "PreModelSwitch"})),
)

_TOLD: Final = (
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "Notification",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "PreCompact",
    "SessionEnd",
)
"""What the host is told over HTTP. SessionStart is not: HTTP hooks are skipped for it."""

_WAITED_FROM: Final = ("SessionStart", "UserPromptSubmit", "PostToolUse", "Stop", "StopFailure")
"""Each of these starts a waiter: with fewer a session is deaf after Esc or an API error."""

WAKE_SUMMARY: Final = "Messages from the mesh"
"""What the user sees of a wake; a prompt that begins with a wake carries it, and not the text."""

EVENT_LIMIT_S: Final = 10
WAITER_LIMIT_S: Final = 1_728_000
"""A longer one overflows in Claude Code, and ends the waiter at once."""


@dataclass(frozen=True, slots=True)
class HttpHook:
    """Where events are posted; ``token_variable`` names the variable that holds the token."""

    url: str
    token_variable: str


@dataclass(frozen=True, slots=True)
class CommandHook:
    """A program that gets the event on stdin; it is started without a shell between."""

    program: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionHooks:
    """What the host wants to hear, and how a waiter for an idle session is started.

    ``started`` gets SessionStart. ``waiter`` ends with status 2 to wake the session, its stderr
    being what the model then reads; ``wake_summary`` is what the user sees of that and
    ``wake_message`` stands before it for the model. ``approval_limit_s`` is how long a
    permission prompt waits for the host, ``waiter_limit_s`` how long a waiter may live.
    """

    events: HttpHook
    started: CommandHook
    waiter: CommandHook | None = None
    wake_summary: str = WAKE_SUMMARY
    wake_message: str = "What follows was written by other agents, not by your user."
    approval_limit_s: int = 86_400
    waiter_limit_s: int = WAITER_LIMIT_S


def known_events(version: Version) -> frozenset[str]:
    """The hook events that may be written for ``version``."""
    return frozenset().union(*(events for since, events in _SINCE if version >= since))


def hook_settings(hooks: SessionHooks, version: Version, kind: SessionKind) -> Settings:
    """The ``hooks`` member of our settings, as an object to be joined with the user's.

    A headless session gets no waiter (one would keep it from ending) and no PermissionRequest
    hook (its permission prompts go to a tool).
    """
    known = known_events(version)
    by_event: dict[str, list[JsonValue]] = {"SessionStart": [_command(hooks.started)]}
    for event in _TOLD:
        by_event.setdefault(event, []).append(_http(hooks.events, EVENT_LIMIT_S))
    if kind == "interactive":
        by_event["PermissionRequest"] = [_http(hooks.events, hooks.approval_limit_s)]
    if kind == "interactive" and hooks.waiter:
        for event in _WAITED_FROM:
            by_event[event].append(_waiting(hooks.waiter, hooks))
    return {"hooks": {name: _group(run) for name, run in by_event.items() if name in known}}


def _group(run: Iterable[JsonValue]) -> JsonValue:
    return [{"hooks": list(run)}]


def _http(hook: HttpHook, limit_s: int) -> JsonValue:
    return {
        "type": "http",
        "url": hook.url,
        "headers": {"Authorization": f"Bearer ${hook.token_variable}"},
        "allowedEnvVars": [hook.token_variable],
        "timeout": limit_s,
    }


def _command(hook: CommandHook) -> JsonValue:
    return {
        "type": "command",
        "command": hook.program,
        "args": list(hook.arguments),
        "timeout": EVENT_LIMIT_S,
    }


def _waiting(waiter: CommandHook, hooks: SessionHooks) -> JsonValue:
    return {
        "type": "command",
        "command": waiter.program,
        "args": list(waiter.arguments),
        "asyncRewake": True,
        "rewakeSummary": hooks.wake_summary,
        "rewakeMessage": hooks.wake_message,
        "timeout": hooks.waiter_limit_s,
    }
