"""One MCP session: the SDK's loop between the wire and the tools, from start to goodbye."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from typing import Final, get_args

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.runner import serve_loop
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    EmptyResult,
    ListToolsResult,
    LoggingLevel,
    NotificationParams,
    PaginatedRequestParams,
    SetLevelRequestParams,
    TextContent,
    Tool,
)
from mcp_types.jsonrpc import JSONRPCRequest

from meshbot_core.claude.tools import ALWAYS_LOAD, APPROVAL_VARIABLE
from meshbot_core.errors import MeshError
from meshbot_core.host.api import MessageEvent
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import Spawned, SpawnOptions
from meshbot_core.mcp.approving import APPROVE
from meshbot_core.mcp.calls import Calls
from meshbot_core.mcp.deeds import Call
from meshbot_core.mcp.inbox import arrival
from meshbot_core.mcp.instructions import instructions
from meshbot_core.mcp.leases import CallId, Leases
from meshbot_core.mcp.link import HostLink
from meshbot_core.mcp.native_push import NativePush, RateLedger, native_place
from meshbot_core.mcp.pipes import Descriptors
from meshbot_core.mcp.registration import SERVER_NAME
from meshbot_core.mcp.tools import TOOLS
from meshbot_core.mcp.wire import Wire
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.version import VERSION

log = logging.getLogger(__name__)

_LEVELS: Final[tuple[LoggingLevel, ...]] = get_args(LoggingLevel)
_GOODBYE_LIMIT_S: Final = 1.0
_LAST_WORD_S: Final = 0.03
"""How long an end of input may be ahead of the end of the output's reader, in a killed client."""

Context = ServerRequestContext[None]


class McpSession:
    """What the SDK calls, and what the wire tells."""

    def __init__(
        self,
        agent: AgentPaths,
        calls: Calls,
        leases: Leases,
        *,
        can_approve: bool = False,
        native: NativePush | None = None,
    ) -> None:
        self._agent = agent
        self._calls = calls
        self._native = native
        self._tools = (*TOOLS, APPROVE) if can_approve else TOOLS
        self._leases = leases
        self._written: list[str] = []
        self._has_written = asyncio.Event()
        self._is_initialized = asyncio.Event()
        self._level: LoggingLevel = "debug"

    def server(self) -> Server[None]:
        """The SDK's server with our handlers."""
        server = Server[None](
            SERVER_NAME,
            version=VERSION,
            instructions=instructions(self._agent.agent, self._agent.mesh.mesh),
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )
        server.add_request_handler("logging/setLevel", SetLevelRequestParams, self._set_level)
        server.add_notification_handler(
            "notifications/initialized", NotificationParams, self._initialized
        )
        return server

    async def announce(self, link: HostLink, wire: Wire) -> None:
        """Tell the client of every message that comes in, once it listens."""
        client = await link.first_client()
        async for event in client.events():
            if self._native is not None:
                self._native.hear(event)
            if isinstance(event, MessageEvent) and self._may_tell("info"):
                await wire.notify(
                    "notifications/message", {"level": "info", "data": arrival(event.message)}
                )

    async def tell_written(self, link: HostLink) -> None:
        """Tell the host which messages stand in complete results: the end of the turn reads them.

        What is not told is proven by a later call, as in a session that no host runs.
        """
        client = SessionClient(await link.first_client())
        while True:
            await self._has_written.wait()
            self._has_written.clear()
            written, self._written = self._written, []
            with contextlib.suppress(MeshError):
                await client.was_written(written)

    # -- what the wire tells

    def began(self, request: JSONRPCRequest, place: int) -> None:
        """Note a tool call: it proves that results written before it were read."""
        if request.method == "tools/call":
            self._leases.began(request.id, place)

    def answered(self, call: CallId, place: int) -> None:
        """Note that a result was written completely."""
        if leases := self._leases.written(call, place):
            self._written += leases
            self._has_written.set()

    def dropped(self, call: CallId) -> None:
        """Note that nobody will read this call's result."""
        self._leases.dropped(call)

    async def cancelled(self, call: CallId) -> None:
        """Withdraw at the host what the client withdrew here."""
        try:
            await self._calls.cancelled(call)
        except MeshError as error:
            log.warning("a withdrawn call could not be withdrawn at the host: %s", error)

    # -- what the SDK calls

    async def _list_tools(
        self, context: Context, params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(
            tools=[
                Tool(
                    name=tool.name,
                    description=tool.description,
                    input_schema=tool.schema,
                    _meta={ALWAYS_LOAD: True},
                )
                for tool in self._tools
            ]
        )

    async def _call_tool(self, context: Context, params: CallToolRequestParams) -> CallToolResult:
        async def report(waited_s: float, limit_s: float, standing: str) -> None:
            await context.session.report_progress(round(waited_s, 3), limit_s, standing)

        wants_progress = bool(context.meta) and "progress_token" in (context.meta or {})
        call = Call(context.request_id or 0, report if wants_progress else None)
        result = await self._calls.call(call, params.name, params.arguments or {})
        parts = [TextContent(text=text) for text in result.parts]
        return CallToolResult(content=[*parts], is_error=result.is_error)

    async def _set_level(self, context: Context, params: SetLevelRequestParams) -> EmptyResult:
        self._level = params.level
        return EmptyResult()

    async def _initialized(self, context: Context, params: NotificationParams) -> None:
        self._is_initialized.set()

    def _may_tell(self, level: LoggingLevel) -> bool:
        is_wanted = _LEVELS.index(level) >= _LEVELS.index(self._level)
        return is_wanted and self._is_initialized.is_set()


async def run_session(
    agent: AgentPaths,
    spawn: SpawnOptions,
    *,
    started: Spawned | None,
    descriptors: Descriptors,
    stopped: asyncio.Event,
    on_ending: Callable[[], None],
) -> None:
    """Serve one client until it leaves, or until ``stopped``; tells when the end begins.

    Raises:
        MeshError: No host can serve this session, and trying again would not help.
    """
    refused = asyncio.Event()
    leases = Leases()
    link = HostLink(agent, spawn, started, refused.set)
    can_approve = bool(os.environ.get(APPROVAL_VARIABLE))
    calls = Calls(link, leases, can_approve=can_approve)
    native = _native_push()
    session = McpSession(agent, calls, leases, can_approve=can_approve, native=native)
    async with asyncio.TaskGroup() as group:
        linking = group.create_task(link.run())
        async with Wire.opened(descriptors, session) as wire:
            helpers = [
                group.create_task(session.announce(link, wire)),
                group.create_task(session.tell_written(link)),
                group.create_task(_stop_when(stopped, wire)),
                group.create_task(_stop_when(refused, wire)),
            ]
            if native is not None:
                helpers.append(group.create_task(native.run(link)))
            await _served(session, wire)
            on_ending()
            for helper in helpers:
                helper.cancel()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_LIMIT_S):
                    await link.end(leases.at_end(reader_is_there=await _was_read(wire)))
            linking.cancel()
    if link.refusal is not None:
        raise link.refusal


def _native_push() -> NativePush | None:
    """What pushes over Claude Code's own socket, if the session around us has one."""
    place = native_place(os.environ)
    clock = asyncio.get_running_loop().time
    return NativePush(place, RateLedger(clock)) if place else None


async def _served(session: McpSession, wire: Wire) -> None:
    server = session.server()
    options = server.create_initialization_options(NotificationOptions(tools_changed=True))
    await serve_loop(server, wire, wire, lifespan_state=None, init_options=options)


async def _stop_when(event: asyncio.Event, wire: Wire) -> None:
    await event.wait()
    wire.stop("told to stop")


async def _was_read(wire: Wire) -> bool:
    """Whether what was written completely may count as read at the end of the session."""
    if wire.ended == "end of input":
        # A killed client's descriptors close one after the other.
        await asyncio.sleep(_LAST_WORD_S)
    return wire.has_reader()
