"""A long-lived headless Claude Code session: how to start it, talk to it and read it.

Nothing here runs anything. Observed on versions 2.1.197 and 2.1.330.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError


@dataclass(frozen=True, slots=True)
class McpServer:
    """A program that Claude Code starts and speaks MCP to over stdio."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A turn begins; ``servers`` maps MCP servers to their status (``connected``, ...)."""

    session_id: str
    tools: tuple[str, ...]
    servers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Spoke:
    """The model said something."""

    text: str


@dataclass(frozen=True, slots=True)
class CalledTool:
    """The model calls a tool; ``call_id`` comes back with the result."""

    call_id: str
    tool: str
    arguments: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    """A tool's result, one text a content part."""

    call_id: str
    parts: tuple[str, ...]
    is_error: bool


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is over; ``denied`` names tools that no rule allowed."""

    text: str
    is_error: bool
    denied: tuple[str, ...]


SessionEvent = SessionStarted | Spoke | CalledTool | ToolAnswered | TurnEnded


def mcp_config(server: McpServer) -> str:
    """The JSON of ``--mcp-config``; its tools are loaded at once, never deferred."""
    entry = {
        "type": "stdio",
        "command": server.command[0],
        "args": list(server.command[1:]),
        "env": dict(server.environment),
        "alwaysLoad": True,
    }
    return json.dumps({"mcpServers": {server.name: entry}})


def session_arguments(server: McpServer) -> tuple[str, ...]:
    """Arguments of ``claude`` for a session that takes user messages on stdin, a line each.

    All tools of ``server`` are allowed: without a rule a headless session denies them silently.
    """
    return (
        *("-p", "--verbose"),
        *("--input-format", "stream-json"),
        *("--output-format", "stream-json"),
        *("--mcp-config", mcp_config(server)),
        "--strict-mcp-config",
        *("--allowedTools", f"mcp__{server.name}"),
    )


def prompt_arguments(prompt: str, server_name: str) -> tuple[str, ...]:
    """Arguments of ``claude`` for one prompt, with the MCP servers that are registered."""
    return (
        *("-p", prompt, "--verbose"),
        *("--output-format", "stream-json"),
        *("--allowedTools", f"mcp__{server_name}"),
    )


def user_line(text: str) -> bytes:
    """One line of a session's stdin: the user says ``text``."""
    content = [{"type": "text", "text": text}]
    line = {"type": "user", "message": {"role": "user", "content": content}}
    return json.dumps(line).encode() + b"\n"


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ContentBlock(_Lenient):
    """A block of a message, whatever its type; members that it lacks are empty."""

    type: str = ""
    text: str = ""
    id: str = ""
    name: str = ""
    input: dict[str, JsonValue] = {}
    tool_use_id: str = ""
    content: "str | tuple[ContentBlock, ...]" = ""
    is_error: bool = False

    def texts(self) -> tuple[str, ...]:
        """The texts of a tool result, one a part."""
        if isinstance(self.content, str):
            return (self.content,)
        return tuple(part.text for part in self.content if part.type == "text")


class _Message(_Lenient):
    content: str | tuple[ContentBlock, ...] = ()


class _Server(_Lenient):
    name: str
    status: str = ""


class _Denial(_Lenient):
    tool_name: str = ""


class _Line(_Lenient):
    type: str
    subtype: str = ""
    session_id: str = ""
    tools: tuple[str, ...] = ()
    mcp_servers: tuple[_Server, ...] = ()
    message: _Message = _Message()
    result: str = ""
    is_error: bool = False
    permission_denials: tuple[_Denial, ...] = ()


def events_of(line: bytes) -> tuple[SessionEvent, ...]:
    """What one line of a session's stdout tells; nothing for lines of no interest."""
    try:
        said = _Line.model_validate_json(line)
    except ValidationError:
        return ()
    events: tuple[SessionEvent, ...] = ()
    match (said.type, said.subtype):
        case ("system", "init"):
            servers = {server.name: server.status for server in said.mcp_servers}
            events = (SessionStarted(said.session_id, said.tools, servers),)
        case ("assistant" | "user", _):
            events = _content_events(said.message)
        case ("result", _):
            denied = tuple(denial.tool_name for denial in said.permission_denials)
            events = (TurnEnded(said.result, said.is_error, denied),)
    return events


def _content_events(message: _Message) -> tuple[SessionEvent, ...]:
    if isinstance(message.content, str):
        return ()
    events: list[SessionEvent] = []
    for block in message.content:
        match block.type:
            case "text":
                events.append(Spoke(block.text))
            case "tool_use":
                events.append(CalledTool(block.id, block.name, block.input))
            case "tool_result":
                events.append(ToolAnswered(block.tool_use_id, block.texts(), block.is_error))
    return tuple(events)
