"""As much of an MCP client as the stand-in needs: JSON-RPC, a line each, over stdio."""

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from meshbot_core.claude.headless import ContentBlock, McpServer
from meshbot_core.errors import MeshError

_LINE_LIMIT: Final = 64 * 1024 * 1024
_END_LIMIT_S: Final = 3.0
_PROTOCOL: Final = "2025-06-18"


class ServerGoneError(MeshError):
    """The MCP server ended before it answered."""

    code = "mcp_server_gone"


class _Tool(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    name: str


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    tools: tuple[_Tool, ...] = ()
    content: tuple[ContentBlock, ...] = ()
    isError: bool = False  # noqa: N815 - spelled so by MCP


class _Refusal(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    message: str = ""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int | None = None
    result: _Result | None = None
    error: _Refusal | None = None


@dataclass(slots=True)
class StdioClient:
    """One MCP server that runs; requests go one after the other."""

    _process: Process
    _last_id: int = 0
    tools: tuple[str, ...] = field(default=())

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    async def begin(self) -> None:
        """Shake hands and learn the tools' names."""
        info: dict[str, JsonValue] = {"name": "meshbot-stand-in", "version": "1"}
        await self._request(
            "initialize",
            {"protocolVersion": _PROTOCOL, "capabilities": {}, "clientInfo": info},
        )
        await self._write({"method": "notifications/initialized"})
        listed = await self._request("tools/list", {})
        self.tools = tuple(tool.name for tool in listed.tools)

    async def call(self, tool: str, arguments: Mapping[str, JsonValue]) -> tuple[list[str], bool]:
        """Call ``tool``; its result's texts, and whether it is an error.

        Raises:
            ServerGoneError: The server ended meanwhile.
        """
        result = await self._request("tools/call", {"name": tool, "arguments": dict(arguments)})
        return [part.text for part in result.content], result.isError

    async def _request(self, method: str, params: dict[str, JsonValue]) -> _Result:
        self._last_id += 1
        await self._write({"id": self._last_id, "method": method, "params": params})
        assert self._process.stdout is not None  # noqa: S101 - opened with PIPE below
        async for line in self._process.stdout:
            try:
                answer = _Answer.model_validate_json(line)
            except ValidationError:
                continue
            if answer.id == self._last_id:
                refused = answer.error.message if answer.error else "an empty answer"
                block = ContentBlock(type="text", text=refused)
                return answer.result or _Result(content=(block,), isError=True)
        raise ServerGoneError(f"the MCP server ended before it answered {method}")

    async def _write(self, message: dict[str, JsonValue]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened with PIPE below
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0"} | message).encode() + b"\n")
        try:
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise ServerGoneError("the MCP server ended") from error


@asynccontextmanager
async def connected(
    server: McpServer, environment: Mapping[str, str]
) -> AsyncIterator[StdioClient]:
    """Start ``server`` and speak to it until the block ends; its stdin's end ends it."""
    process = await asyncio.create_subprocess_exec(
        *server.command,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={**environment, **server.environment},
        limit=_LINE_LIMIT,
    )
    try:
        client = StdioClient(process)
        await client.begin()
        yield client
    finally:
        await _ended(process)


async def _ended(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_END_LIMIT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
