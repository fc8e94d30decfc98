"""The lines that a headless session writes, and those that it reads (stream-json).

Seen on 2.1.197 and 2.1.330. Members that we do not know are ignored, and a line of a kind that
has no class here is an ``UnknownEvent``.
"""

import json
from collections.abc import Mapping
from typing import Final

from pydantic import Field, JsonValue

from meshbot_core.claude.documents import MAX_DOCUMENT_BYTES, Document, Text, read_document
from meshbot_core.claude.headless import ContentBlock
from meshbot_core.claude.hooks import LIMIT_ERRORS

NOT_LOGGED_IN: Final = "authentication_failed"


class StreamEvent(Document):
    """What every line carries; ``kind`` and ``detail`` say what it is."""

    kind: str = Field(alias="type")
    detail: Text = Field(default="", alias="subtype")
    session_id: Text = ""
    uuid: Text = ""


class ServerState(Document):
    """An MCP server of the session; ``status`` is ``connected``, ``failed``, ``pending``, ..."""

    name: str
    status: Text = ""


class TurnBegan(StreamEvent):
    """``system/init``: a turn begins, with these tools."""

    cwd: Text = ""
    model: Text = ""
    version: Text = Field(default="", alias="claude_code_version")
    permission_mode: Text = Field(default="", alias="permissionMode")
    tools: tuple[str, ...] = ()
    servers: tuple[ServerState, ...] = Field(default=(), alias="mcp_servers")
    socket: Text = Field(default="", alias="messaging_socket_path")


class _Message(Document):
    content: str | tuple[ContentBlock, ...] = ()


class _MessageEvent(StreamEvent):
    message: _Message = _Message()
    parent_call_id: str | None = Field(default=None, alias="parent_tool_use_id")

    @property
    def is_of_subagent(self) -> bool:
        """Whether it belongs to a subagent's conversation."""
        return self.parent_call_id is not None

    @property
    def blocks(self) -> tuple[ContentBlock, ...]:
        """The content; a plain string counts as one block of text."""
        content = self.message.content
        return (ContentBlock(type="text", text=content),) if isinstance(content, str) else content

    @property
    def text(self) -> str:
        """All blocks of text, a line apart."""
        return "\n".join(block.text for block in self.blocks if block.type == "text")


class AssistantSpoke(_MessageEvent):
    """The model said something or calls tools; ``error`` names what the API failed with."""

    error: Text = ""

    @property
    def is_limit(self) -> bool:
        """Whether a limit of the account or the API was reached."""
        return self.error in LIMIT_ERRORS


class UserSpoke(_MessageEvent):
    """Tool results; or, when ``is_replay``, input of ours that the model is given now.

    Lines that came close together are replayed as one, under the ``uuid`` of one of them: look
    for message ids in the text.
    """

    is_replay: bool = Field(default=False, alias="isReplay")


class Denial(Document):
    """A tool call that was not allowed."""

    tool: str = Field(default="", alias="tool_name")
    tool_input: JsonValue = None


class TurnEnded(StreamEvent):
    """``result``: the turn is over.

    ``cost_usd`` is that of the whole process up to now. ``api_status`` is the HTTP status that
    the API refused with.
    """

    is_error: bool = False
    text: Text = Field(default="", alias="result")
    cost_usd: float = Field(default=0.0, alias="total_cost_usd")
    turns: int = Field(default=0, alias="num_turns")
    duration_ms: float = 0.0
    denials: tuple[Denial, ...] = Field(default=(), alias="permission_denials")
    ended_by: Text = Field(default="", alias="terminal_reason")
    api_status: int | None = Field(default=None, alias="api_error_status")


class LineState(StreamEvent):
    """``command_lifecycle``: what became of a line of ours that had a uuid (2.1.330)."""

    line: str = Field(alias="command_uuid")
    state: str

    @property
    def is_lost(self) -> bool:
        """Whether it was not given to the model, and will not be."""
        return self.state in ("discarded", "refused", "cancelled")


class _RateLimit(Document):
    status: Text = ""
    resets_at: int | None = Field(default=None, alias="resetsAt")
    window: Text = Field(default="", alias="rateLimitType")
    utilization: float | None = None


class RateLimited(StreamEvent):
    """``rate_limit_event``: where the account stands; only with a login, not seen, read."""

    info: _RateLimit = Field(default=_RateLimit(), alias="rate_limit_info")

    @property
    def is_rejected(self) -> bool:
        """Whether the limit is reached; else it is only near."""
        return self.info.status == "rejected"

    @property
    def until_ms(self) -> int | None:
        """When it ends, Unix milliseconds, if that was said."""
        return None if self.info.resets_at is None else self.info.resets_at * 1000


class Retrying(StreamEvent):
    """``system/api_retry``: the API failed, and is asked again after ``delay_ms``."""

    attempt: int = 0
    max_retries: int = 0
    delay_ms: float = Field(default=0, alias="retry_delay_ms")
    api_status: int | None = Field(default=None, alias="error_status")
    error: Text = ""


class _ControlAnswer(Document):
    detail: Text = Field(default="", alias="subtype")
    request_id: Text = ""
    error: Text = ""


class RequestAnswered(StreamEvent):
    """``control_response``: what became of a request of ours, such as an interruption."""

    response: _ControlAnswer = _ControlAnswer()


class UnknownEvent(StreamEvent):
    """A line that has no class here."""


_EVENTS: Final[dict[str, type[StreamEvent]]] = {
    "system/init": TurnBegan,
    "system/api_retry": Retrying,
    "assistant": AssistantSpoke,
    "user": UserSpoke,
    "result": TurnEnded,
    "command_lifecycle": LineState,
    "rate_limit_event": RateLimited,
    "control_response": RequestAnswered,
}


def parse_event(line: bytes, *, max_bytes: int = MAX_DOCUMENT_BYTES) -> StreamEvent:
    """The event in one line of a headless session's stdout.

    Raises:
        ClaudeEventError: The line is no JSON object, or lacks what one of its kind has.
        ClaudeEventTooLargeError: It is larger than ``max_bytes``.
    """
    event = read_document(UnknownEvent, line, what="stream event", max_bytes=max_bytes)
    known = _EVENTS.get(event.kind) or _EVENTS.get(f"{event.kind}/{event.detail}")
    if known is None:
        return event
    return read_document(known, line, what=f"{event.kind} event", max_bytes=max_bytes)


def user_line(text: str, *, uuid: str) -> bytes:
    """A line of stdin: the user says ``text``. What becomes of it is told under ``uuid``."""
    content = [{"type": "text", "text": text}]
    return _line({"type": "user", "uuid": uuid, "message": {"role": "user", "content": content}})


def interrupt_line(request_id: str) -> bytes:
    """A line of stdin that ends the running turn, as Esc does; lines that wait stay."""
    request = {"subtype": "interrupt"}
    return _line({"type": "control_request", "request_id": request_id, "request": request})


def _line(said: Mapping[str, object]) -> bytes:
    return json.dumps(said).encode() + b"\n"
