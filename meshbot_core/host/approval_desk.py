"""What a session's tool calls wait for: a person's word, given through this host."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from meshbot_core.errors import NoSessionError
from meshbot_core.host.session_api import ApprovalEvent, ApprovalPage, ApprovalRequest
from meshbot_core.host.streams import Streams
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.session.approvals import Approvals
from meshbot_core.session.ledger import decision_of, row_of
from meshbot_core.session.log import SessionLog
from meshbot_core.session.records import Approval, Decision, Verdict
from meshbot_core.session.rights import check_may_decide
from meshbot_core.session.session import Session
from meshbot_core.types import Clock


@dataclass(slots=True)
class ApprovalDesk:
    """Takes requests and verdicts, keeps decisions, and tells all who listen."""

    agent: str
    mailbox: Mailbox
    clock: Clock
    streams: Streams
    log: SessionLog
    session: Callable[[], Session | None]
    claude_pid: Callable[[], int | None]
    requests: Approvals = field(init=False)

    def __post_init__(self) -> None:
        self.requests = Approvals(
            agent=self.agent, clock=self.clock, keep=self._keep, changed=self._changed
        )

    async def ask(self, call: ApprovalRequest) -> Decision:
        """Let a person decide about a headless session's tool call."""
        session = self.session()
        if session is None:
            raise NoSessionError("no session of this host runs")
        return await self.requests.ask(
            id=call.id,
            kind="headless",
            tool=call.tool,
            tool_input=call.tool_input,
            limit_s=session.options.approval_limit_s,
        )

    async def decide(
        self, approval_id: str, verdict: Verdict, *, pid: int | None, uid: int | None
    ) -> Decision:
        """Take a person's word.

        Raises:
            DecisionForbiddenError: The deciding process belongs to a session.
        """
        await self.check_is_human(pid)
        return await self.requests.decide(approval_id, verdict, pid=pid, uid=uid)

    async def check_is_human(self, pid: int | None) -> None:
        """Refuse what a session is not to do for itself.

        Raises:
            DecisionForbiddenError: The process belongs to a session.
        """
        claude = self.claude_pid()
        await asyncio.to_thread(check_may_decide, pid, (claude,) if claude else ())

    async def page(self, history: int) -> ApprovalPage:
        """What waits, and the newest decisions."""
        rows = await self.mailbox.decisions(history) if history else ()
        return ApprovalPage(
            approvals=self.requests.waiting(),
            decisions=tuple(decision_of(row) for row in rows),
        )

    async def _keep(self, decision: Decision) -> None:
        await self.mailbox.keep_decision(row_of(decision))

    def _changed(self, approval: Approval, decision: Decision | None) -> None:
        said = f"{approval.tool} {approval.id}"
        if decision is None:
            self.log.write("asks approval", said)
        else:
            self.log.write(decision.behavior, f"{said} by {decision.by}")
        self.streams.publish(ApprovalEvent(approval=approval, decision=decision))
        if (session := self.session()) is not None:
            session.approvals_changed()
