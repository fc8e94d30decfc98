"""Each tool as a deed: its arguments are checked at once, the host is asked later."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from meshbot_core.errors import UnknownPeerError
from meshbot_core.host.client import HostClient
from meshbot_core.mcp import results
from meshbot_core.mcp.arguments import (
    AskArguments,
    BroadcastArguments,
    ReadArguments,
    ReplyArguments,
    SendArguments,
    StatusArguments,
    check_timeout,
    taken,
)
from meshbot_core.mcp.asking import Asking, Progress, Question
from meshbot_core.mcp.inbox import checked, part
from meshbot_core.mcp.leases import CallId, Leases
from meshbot_core.mcp.results import ToolAnswer


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call: its JSON-RPC id, and how to tell that it goes on (None: nobody asked)."""

    id: CallId
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What deeds need of the session they are done in."""

    client: HostClient
    leases: Leases
    asking: Asking


GivenArguments = Mapping[str, object]
Deed = Callable[[Session, Call], Awaitable[ToolAnswer]]
Tool = Callable[[GivenArguments], Deed]


def _list_agents(given: GivenArguments) -> Deed:
    async def deed(session: Session, call: Call) -> ToolAnswer:
        return results.listed(await session.client.peers())

    return deed


def _send_message(given: GivenArguments) -> Deed:
    wanted = taken(SendArguments, "send_message", given)

    async def deed(session: Session, call: Call) -> ToolAnswer:
        return results.sent(await session.client.send(to=wanted.to, message=wanted.message))

    return deed


def _ask_agent(given: GivenArguments) -> Deed:
    wanted = taken(AskArguments, "ask_agent", given)
    check_timeout(wanted.timeout_s)
    question = Question(wanted.to, wanted.message, wanted.timeout_s)

    async def deed(session: Session, call: Call) -> ToolAnswer:
        result = await session.asking.ask(session.client, call.id, question, call.progress)
        return results.asked(result, wanted.timeout_s)

    return deed


def _reply(given: GivenArguments) -> Deed:
    wanted = taken(ReplyArguments, "reply", given)

    async def deed(session: Session, call: Call) -> ToolAnswer:
        result = await session.client.reply(
            to=wanted.to, message_id=wanted.message_id, message=wanted.message
        )
        return results.replied(result, wanted.message_id)

    return deed


def _get_agent_status(given: GivenArguments) -> Deed:
    wanted = taken(StatusArguments, "get_agent_status", given)

    async def deed(session: Session, call: Call) -> ToolAnswer:
        try:
            return results.status_of(await session.client.peer(wanted.name))
        except UnknownPeerError as error:
            return results.unknown_agent(error, wanted.name)

    return deed


def _broadcast(given: GivenArguments) -> Deed:
    wanted = taken(BroadcastArguments, "broadcast", given)

    async def deed(session: Session, call: Call) -> ToolAnswer:
        done = await session.client.broadcast(message=wanted.message, exclude=wanted.exclude)
        return results.broadcasted(done)

    return deed


def _check_messages(given: GivenArguments) -> Deed:
    async def deed(session: Session, call: Call) -> ToolAnswer:
        batch = await session.client.check()
        session.leases.carry(call.id, batch.lease_id)
        return checked(batch)

    return deed


def _read_message(given: GivenArguments) -> Deed:
    wanted = taken(ReadArguments, "read_message", given)

    async def deed(session: Session, call: Call) -> ToolAnswer:
        return part(await session.client.read_message(wanted.id, wanted.offset))

    return deed


DEEDS: Final[dict[str, Tool]] = {
    "list_agents": _list_agents,
    "send_message": _send_message,
    "ask_agent": _ask_agent,
    "reply": _reply,
    "get_agent_status": _get_agent_status,
    "broadcast": _broadcast,
    "check_messages": _check_messages,
    "read_message": _read_message,
}
