"""Hook events of Claude Code, as they are posted or come on a command's stdin.

Fields were seen on 2.1.197 and 2.1.330. What a newer version adds is ignored, and an event that
has no class here is an ``UnknownHook``.
"""

from typing import Final

from pydantic import Field, JsonValue

from meshbot_core.claude.documents import MAX_DOCUMENT_BYTES, Document, Text, read_document

LIMIT_ERRORS: Final = frozenset({"rate_limit", "overloaded"})
"""Errors of the API that pass by themselves."""


class HookEvent(Document):
    """What every event carries.

    ``cwd`` follows the session (a worktree, ``cd``). ``agent_id`` is there when a subagent did
    it: such events carry no messages and end no turn of the session. ``prompt_id`` names the
    turn, where the event belongs to one.
    """

    name: Text = Field(alias="hook_event_name")
    session_id: str
    transcript_path: Text = ""
    cwd: Text = ""
    prompt_id: str | None = None
    permission_mode: str | None = None
    agent_id: str | None = None
    agent_type: str | None = None

    @property
    def is_of_subagent(self) -> bool:
        """Whether a subagent, and not the session itself, did it."""
        return self.agent_id is not None


class SessionStart(HookEvent):
    """A conversation begins; ``source`` is ``startup``, ``resume``, ``clear`` or ``compact``.

    ``clear`` comes with a new ``session_id``, the others keep it.
    """

    source: Text = ""
    model: str | None = None


class UserPromptSubmit(HookEvent):
    """A turn begins, or text joins the running one: typed, pushed, or a wake."""

    prompt: Text = ""


class ToolEvent(HookEvent):
    """Something about one tool call."""

    tool: Text = Field(alias="tool_name")
    tool_input: JsonValue = None
    call_id: str | None = Field(default=None, alias="tool_use_id")


class PreToolUse(ToolEvent):
    """A tool is about to be called; a permission prompt may still follow."""


class PermissionRequest(ToolEvent):
    """A permission prompt is on the screen, or about to be.

    ``suggestions`` are rules that Claude Code offers to keep; they are answered with as they
    came. There is no ``call_id``.
    """

    suggestions: tuple[JsonValue, ...] = Field(default=(), alias="permission_suggestions")


class PostToolUse(ToolEvent):
    """A tool call ended."""

    response: JsonValue = Field(default=None, alias="tool_response")
    duration_ms: float | None = None


class PostToolUseFailure(ToolEvent):
    """A tool call failed, or was ended by the user (``is_interrupt``)."""

    error: Text = ""
    is_interrupt: bool = False


class Notification(HookEvent):
    """The user is called; ``kind`` is ``permission_prompt``, ``idle_prompt``, ..."""

    message: Text = ""
    kind: Text = Field(default="", alias="notification_type")


class Stop(HookEvent):
    """A turn ended well; ``is_continued`` when a hook had made it go on."""

    is_continued: bool = Field(default=False, alias="stop_hook_active")
    last_text: Text = Field(default="", alias="last_assistant_message")


class StopFailure(HookEvent):
    """A turn ended by an API error: ``rate_limit``, ``authentication_failed``, ``unknown``, ..."""

    error: Text = ""
    details: Text = Field(default="", alias="error_details")
    last_text: Text = Field(default="", alias="last_assistant_message")

    @property
    def is_limit(self) -> bool:
        """Whether a limit of the account or the API was reached."""
        return self.error in LIMIT_ERRORS


class SubagentStart(HookEvent):
    """A subagent begins."""


class SubagentStop(HookEvent):
    """A subagent ended."""

    last_text: Text = Field(default="", alias="last_assistant_message")


class PreCompact(HookEvent):
    """The conversation is about to be shortened; ``trigger`` is ``manual`` or ``auto``."""

    trigger: Text = ""


class SessionEnd(HookEvent):
    """A conversation ends; ``reason`` is ``clear``, ``prompt_input_exit``, ``other``, ..."""

    reason: Text = ""


class UnknownHook(HookEvent):
    """An event that has no class here."""


_EVENTS: Final[dict[str, type[HookEvent]]] = {
    event.__name__: event
    for event in (
        SessionStart,
        UserPromptSubmit,
        PreToolUse,
        PermissionRequest,
        PostToolUse,
        PostToolUseFailure,
        Notification,
        Stop,
        StopFailure,
        SubagentStart,
        SubagentStop,
        PreCompact,
        SessionEnd,
    )
}


def parse_hook(data: bytes, *, max_bytes: int = MAX_DOCUMENT_BYTES) -> HookEvent:
    """The event in a hook's JSON.

    Raises:
        ClaudeEventError: It is no JSON object, or lacks what an event of its name has.
        ClaudeEventTooLargeError: It is larger than ``max_bytes``.
    """
    event = read_document(UnknownHook, data, what="hook event", max_bytes=max_bytes)
    known = _EVENTS.get(event.name)
    if known is None:
        return event
    return read_document(known, data, what=f"{event.name} hook", max_bytes=max_bytes)
