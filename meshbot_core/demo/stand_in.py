"""Stands in for ``claude`` where it cannot be had: ``python -m meshbot_core.demo.stand_in``.

It takes the arguments and stdin of a headless session, asks the same Messages API, calls the
same MCP server, runs what a person allowed and prints the same kind of events, so that whoever
drives a session need not know which one it is. It is no model and no agent: without the
scripted model it says nothing.
"""

import argparse
import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import aiohttp
from pydantic import BaseModel, ConfigDict, JsonValue

from meshbot_core.claude.headless import ContentBlock, McpServer
from meshbot_core.claude.tools import APPROVAL_TOOL
from meshbot_core.demo.script import BASH_TOOL, MESH_TOOL, RequestMessage
from meshbot_core.demo.stdio_client import ServerGoneError, StdioClient, connected
from meshbot_core.errors import MeshError

_SESSION: Final = "stand-in"


class _ServerEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    command: str
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    mcpServers: dict[str, _ServerEntry]  # noqa: N815 - spelled so by Claude Code


class _UserLine(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    message: RequestMessage
    uuid: str = ""


@dataclass(slots=True)
class Conversation:
    """What the stand-in and the model said so far, and who they say it with."""

    http: aiohttp.ClientSession
    model_url: str
    mcp: StdioClient
    session_id: str = _SESSION
    has_replays: bool = False
    _messages: list[JsonValue] = field(default_factory=list)

    async def turn(self, line: _UserLine) -> None:
        """Play one turn: ask the model, call the tools it wants, until it wants no more."""
        user = line.message
        tools: list[JsonValue] = [MESH_TOOL + tool for tool in self.mcp.tools]
        servers: list[JsonValue] = [{"name": "mesh", "status": "connected"}]
        self._print({"type": "system", "subtype": "init", "tools": tools, "mcp_servers": servers})
        said_so: JsonValue = user.model_dump(mode="json")
        if self.has_replays:
            self._print({"type": "user", "message": said_so, "isReplay": True, "uuid": line.uuid})
        self._messages.append(said_so)
        said = ""
        while True:
            blocks = await self._asked(tools)
            said = next((block.text for block in blocks if block.type == "text"), said)
            content: list[JsonValue] = [block.model_dump(mode="json") for block in blocks]
            self._tell("assistant", content)
            results: list[JsonValue] = [
                await self._called(block) for block in blocks if block.type == "tool_use"
            ]
            if not results:
                break
            self._tell("user", results)
        self._print({"type": "result", "subtype": "success", "is_error": False, "result": said})

    def _print(self, line: dict[str, JsonValue]) -> None:
        sys.stdout.write(json.dumps(line | {"session_id": self.session_id}) + "\n")
        sys.stdout.flush()

    def _tell(self, role: str, content: list[JsonValue]) -> None:
        message: JsonValue = {"role": role, "content": content}
        self._messages.append(message)
        self._print({"type": role, "message": message})

    async def _asked(self, tools: list[JsonValue]) -> list[ContentBlock]:
        named: list[JsonValue] = [{"name": tool} for tool in tools]
        body = {"model": _SESSION, "stream": True, "tools": named, "messages": self._messages}
        async with self.http.post(f"{self.model_url}/v1/messages", json=body) as answer:
            if not answer.ok:
                raise MeshError(f"the model answered {answer.status}: {await answer.text()}")
            return [block async for block in _blocks(answer.content)]

    async def _called(self, block: ContentBlock) -> JsonValue:
        try:
            texts, is_error = await self._done(block)
        except ServerGoneError as error:
            texts, is_error = [str(error)], True
        content: list[JsonValue] = [{"type": "text", "text": text} for text in texts]
        return {
            "type": "tool_result",
            "tool_use_id": block.id,
            "content": content,
            "is_error": is_error,
        }

    async def _done(self, block: ContentBlock) -> tuple[list[str], bool]:
        """What a tool says, and whether that is an error; Bash runs when a person allows it."""
        if block.name != BASH_TOOL:
            return await self.mcp.call(block.name.removeprefix(MESH_TOOL), block.input)
        wanted: dict[str, JsonValue] = {
            "tool_name": BASH_TOOL,
            "input": block.input,
            "tool_use_id": block.id,
        }
        texts, is_error = await self.mcp.call(APPROVAL_TOOL, wanted)
        if is_error:
            return texts, True
        said = _Permission.model_validate_json(texts[0])
        if said.behavior != "allow":
            return [said.message], True
        return await _ran(str(block.input.get("command", "")))


class _Permission(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    behavior: str
    message: str = ""


async def _ran(command: str) -> tuple[list[str], bool]:
    shell = await asyncio.create_subprocess_shell(
        command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
    )
    output, _ = await shell.communicate()
    return [output.decode(errors="replace")], shell.returncode != 0


class _Delta(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    text: str = ""
    partial_json: str = ""


class _StreamEvent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    content_block: ContentBlock = ContentBlock()
    delta: _Delta = _Delta()


async def _blocks(stream: aiohttp.StreamReader) -> AsyncIterator[ContentBlock]:
    block, text, arguments = ContentBlock(), "", ""
    async for line in stream:
        if not line.startswith(b"data:"):
            continue
        event = _StreamEvent.model_validate_json(line[5:])
        match event.type:
            case "content_block_start":
                block, text, arguments = event.content_block, "", ""
            case "content_block_delta":
                text += event.delta.text
                arguments += event.delta.partial_json
            case "content_block_stop":
                update = {"text": text, "input": json.loads(arguments or "{}")}
                yield block.model_copy(update=update)


async def _user_messages() -> AsyncIterator[_UserLine]:
    reader = asyncio.StreamReader(limit=2**26)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    async for line in reader:
        yield _UserLine.model_validate_json(line)


async def play(config_json: str, session_id: str, *, has_replays: bool) -> None:
    """Play user messages from stdin until it ends.

    Raises:
        MeshError: The model refused, or the MCP server did not start.
    """
    name, entry = next(iter(_Config.model_validate_json(config_json).mcpServers.items()))
    server = McpServer(name, (entry.command, *entry.args), entry.env)
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http,
        connected(server, os.environ) as mcp,
    ):
        conversation = Conversation(
            http, os.environ["ANTHROPIC_BASE_URL"], mcp, session_id, has_replays
        )
        async for user in _user_messages():
            await conversation.turn(user)


def main() -> int:
    """Play a session; 1 when it could not go on."""
    parser = argparse.ArgumentParser(prog="stand_in", description="A stand-in for claude -p.")
    parser.add_argument("--mcp-config", required=True)
    parser.add_argument("--session-id", default=_SESSION)
    parser.add_argument("--replay-user-messages", action="store_true")
    known, _ = parser.parse_known_args()
    try:
        asyncio.run(
            play(known.mcp_config, known.session_id, has_replays=known.replay_user_messages)
        )
    except MeshError as error:
        sys.stderr.write(f"stand-in: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
