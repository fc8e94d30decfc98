"""Somebody who looks on while agents work: prints what happens, touches nothing."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.demo.printing import Printer
from meshbot_core.host.api import AskEvent, JournalRow, MessageEvent
from meshbot_core.host.client import HostClient
from meshbot_core.host.screen_client import ScreenClient
from meshbot_core.host.session_api import ApprovalEvent, LogEvent
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.records import Approval
from meshbot_core.terminal.frames import Output, Repaint
from meshbot_core.terminal.screen import Screen

PAGE: Final = 1000
"""Rows of a mailbox; no play has more."""
_QUIET_S: Final = 0.3
"""A screen on which nothing happened for so long stands still."""


@dataclass(slots=True)
class Observer:
    """Holds what came to each agent, and what waits for a permission."""

    printer: Printer
    approvals: list[Approval] = field(default_factory=list)
    _ways: dict[str, str] = field(default_factory=dict)
    """By which way each session was given what came first."""
    _arrived: dict[str, list[JournalRow]] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def follow(self, name: str, client: HostClient) -> None:
        """Tell what happens in one host, for as long as it lives."""
        rows = self._arrived.setdefault(name, [])
        async for event in client.events():
            match event:
                case MessageEvent() | AskEvent():
                    after = rows[-1].seq if rows else None
                    for row in await client.journal(after=after, limit=PAGE):
                        if row.direction == "in":
                            self.printer.message(row.peer, name, row.kind, row.text)
                            rows.append(row)
                case ApprovalEvent(approval=approval, decision=None):
                    self.printer.happening(
                        f"{name} wants to use {approval.tool}: {_what(approval)}"
                    )
                    self.approvals.append(approval)
                case LogEvent(what="pushed", text=hop):
                    self._ways.setdefault(name, hop)
                case _:
                    continue
            async with self._news:
                self._news.notify_all()

    async def arrived(self, name: str, fits: Callable[[JournalRow], bool]) -> JournalRow:
        """Wait for a message to an agent that ``fits``; the caller sets the time limit."""
        async with self._news:
            while True:
                for row in self._arrived.get(name, ()):
                    if fits(row):
                        return row
                await self._news.wait()

    async def way_into(self, name: str) -> str:
        """By which way a session was given its first message; the caller sets the time limit."""
        async with self._news:
            await self._news.wait_for(lambda: name in self._ways)
            return self._ways[name]

    async def wanted(self) -> Approval:
        """Wait until an agent wants a permission; the caller sets the time limit."""
        async with self._news:
            await self._news.wait_for(lambda: bool(self.approvals))
            return self.approvals[0]


def _what(approval: Approval) -> str:
    wanted = approval.tool_input
    return str(wanted.get("command", "")) if isinstance(wanted, Mapping) else ""


async def screen_of(agent: AgentPaths, *, columns: int, rows: int) -> tuple[str, ...]:
    """What an agent's screen shows once nothing moves on it, without what is blank below.

    Raises:
        NoSessionError: It has no session with a screen.
    """
    screen = Screen(columns, rows)
    async with ScreenClient.connected(agent, columns=columns, rows=rows, is_onlooker=True) as shown:
        frames = aiter(shown.frames())
        try:
            while True:
                async with asyncio.timeout(_QUIET_S):
                    frame = await anext(frames)
                match frame:
                    case Repaint(data=data):
                        screen = Screen(frame.columns, frame.rows)
                        screen.feed(data)
                    case Output(data=data):
                        screen.feed(data)
        except (TimeoutError, StopAsyncIteration):
            return tuple("\n".join(screen.text()).rstrip().splitlines())
