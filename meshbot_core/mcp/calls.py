"""What happens in every tool call: check, settle leases, do, attach what came in."""

from dataclasses import dataclass

from meshbot_core.claude.tools import APPROVAL_TOOL
from meshbot_core.errors import MeshError
from meshbot_core.mcp import results
from meshbot_core.mcp.approving import approve
from meshbot_core.mcp.arguments import MalformedArgumentsError
from meshbot_core.mcp.asking import Asking
from meshbot_core.mcp.deeds import DEEDS, Call, Deed, GivenArguments, Session
from meshbot_core.mcp.inbox import inbox_part
from meshbot_core.mcp.leases import CallId, Leases
from meshbot_core.mcp.link import HostLink
from meshbot_core.mcp.results import ToolAnswer


@dataclass(frozen=True, slots=True)
class CallResult:
    """The texts of a result's parts."""

    parts: tuple[str, ...]
    is_error: bool = False


class Calls:
    """The tool calls of one session; ``can_approve``: Claude Code asks it for permission."""

    def __init__(self, link: HostLink, leases: Leases, *, can_approve: bool = False) -> None:
        self._can_approve = can_approve
        self._link = link
        self._leases = leases
        self._asking = Asking(leases)

    async def call(self, call: Call, tool: str, given: GivenArguments) -> CallResult:
        """Run one tool; what goes wrong is told in the result."""
        if tool == APPROVAL_TOOL and self._can_approve:
            return _alone(await approve(self._link, given))
        if tool not in DEEDS:
            return _alone(results.unknown_tool(tool, tuple(DEEDS)))
        return await self._attempted(call, tool, given)

    async def cancelled(self, call: CallId) -> None:
        """The client withdrew ``call``: its ask is waited for no longer, its leases go back."""
        session = await self._session()
        await self._asking.cancelled(session.client, call)
        await self._settle_due(session, call)

    async def _session(self) -> Session:
        return Session(await self._link.client(), self._leases, self._asking)

    async def _attempted(self, call: Call, tool: str, given: GivenArguments) -> CallResult:
        try:
            return await self._carried_out(call, tool, DEEDS[tool](given))
        except MalformedArgumentsError as error:
            return _alone(results.bad_arguments(error))
        except MeshError as error:
            return _alone(results.refused(error, **_context(tool, given)))

    async def _carried_out(self, call: Call, tool: str, deed: Deed) -> CallResult:
        session = await self._session()
        await self._settle_due(session, call.id)
        await self._asking.leave_failed(session.client)
        answer = await deed(session, call)
        if answer.is_error or tool == "check_messages":
            return _alone(answer)
        beside = await self._beside(session, call)
        return CallResult((answer.text,) if beside is None else (answer.text, beside))

    async def _settle_due(self, session: Session, call: CallId) -> None:
        """Tell the host what the beginning of ``call`` proves read, and what came to nothing."""
        due = self._leases.due(call)
        if due:
            await session.client.settle(acknowledge=due.acknowledge, give_back=due.give_back)
            self._leases.settled(due)

    async def _beside(self, session: Session, call: Call) -> str | None:
        """What goes beside a result: messages that wait, first the ask that crossed ours."""
        crossing = self._asking.taken_crossing(call.id)
        views = () if crossing is None else (crossing,)
        try:
            batch = await session.client.pending()
        except MeshError:
            # The result itself must be told; the messages come with the next one.
            return inbox_part(views, 0)
        self._leases.carry(call.id, batch.lease_id)
        return inbox_part((*views, *batch.messages), batch.remaining)


def _alone(answer: ToolAnswer) -> CallResult:
    return CallResult((answer.text,), answer.is_error)


def _context(tool: str, given: GivenArguments) -> dict[str, object]:
    """What an error of ``tool`` says before its reason, as the reference's does."""
    outcome = {"send_message": {"delivered": False}, "reply": {"replied": False}}.get(tool, {})
    to = given.get("to")
    return {**outcome, **({"to": to} if isinstance(to, str) else {})}
