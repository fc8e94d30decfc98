"""The second act of the demonstration: sessions that agent hosts run, and nobody types."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.demo.checks import Check
from meshbot_core.demo.hosted import DAEMON, Hosted, host_of, hosted
from meshbot_core.demo.observer import PAGE, Observer, screen_of
from meshbot_core.demo.plans import AT_WORK, BUILT, RELEASE_FILE, RELEASED
from meshbot_core.demo.script import ModelRequest
from meshbot_core.demo.stage import Stage, ended
from meshbot_core.host.api import JournalRow
from meshbot_core.host.client import HostClient
from meshbot_core.session.records import Decision, Verdict

WORK_LIMIT_S: Final = 60.0
_LOOK_S: Final = 0.05
_COLUMNS: Final = 92
_ROWS: Final = 28
_THROUGH: Final[Mapping[str, str]] = {
    "stream": "its input",
    "native": "Claude Code's own socket",
    "waiter": "a hook that waited",
    "paste": "a paste at its prompt",
}


@dataclass(slots=True)
class Work:
    """The play; ``checks`` fill as it goes."""

    stage: Stage
    checks: list[Check] = field(default_factory=list)

    async def play(self) -> None:
        """Play the act; raises TimeoutError when it does not come to its end."""
        async with asyncio.timeout(WORK_LIMIT_S):
            self.stage.printer.heading("Agents that their hosts run, and nobody types")
            async with AsyncExitStack() as stack:
                agents = await stack.enter_async_context(
                    hosted(self.stage, AT_WORK, columns=_COLUMNS, rows=_ROWS)
                )
                ci = await stack.enter_async_context(host_of(self.stage, "ci"))
                clients = {name: agent.client for name, agent in agents.items()} | {"ci": ci}
                observer = Observer(self.stage.printer)
                group = await stack.enter_async_context(asyncio.TaskGroup())
                following = [group.create_task(observer.follow(*each)) for each in clients.items()]
                await self._everyone_is_up(agents)
                await self._one_thing_leads_to_another(agents, ci, observer)
                await self._nothing_missing(agents, clients)
                await self._a_look(agents["dev"])
                for task in following:
                    task.cancel()
            for pid in self.stage.claude_pids:
                await ended(pid)
            await self.stage.hosts_gone()

    async def _everyone_is_up(self, agents: Mapping[str, Hosted]) -> None:
        for name, agent in agents.items():
            await _idles(agent.client)
            where = "in a terminal of its own" if _has_screen(agent) else "headless"
            self.stage.printer.happening(f"{name} is up, {where}, and idles")

    async def _one_thing_leads_to_another(
        self, agents: Mapping[str, Hosted], ci: HostClient, observer: Observer
    ) -> None:
        dev = agents["dev"]
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await ci.send(to="dev", message=BUILT)
        await dev.model.asked(_says(BUILT))
        took_s = loop.time() - began_s
        through = _THROUGH[await observer.way_into("dev")]
        self._check("a message wakes an idle session", True, f"after {took_s:.1f} s, by {through}")
        answer = await observer.arrived("dev", lambda row: row.kind == "response")
        is_webs = answer.peer == "web"
        self._check("a session answers another", is_webs, "which the question had woken")
        decision = await self._a_permission(agents[DAEMON], observer)
        await observer.arrived("dev", lambda row: row.text == RELEASED)
        is_done = (self.stage.folder / DAEMON / RELEASE_FILE).exists()
        is_well = decision.behavior == "allow" and decision.by == "cli" and is_done
        self._check("a daemon asks before it acts", is_well, "allowed, and then done")

    async def _a_permission(self, daemon: Hosted, observer: Observer) -> Decision:
        """The person of this play says yes; what was decided, as the host keeps it."""
        approval = await observer.wanted()
        self.stage.printer.happening(f"a person says yes, as with: meshbot approve {approval.id}")
        await daemon.sessions.decide(approval.id, Verdict(behavior="allow"))
        kept = (await daemon.sessions.approvals(history=1)).decisions
        return next(each for each in kept if each.approval_id == approval.id)

    async def _nothing_missing(
        self, agents: Mapping[str, Hosted], clients: Mapping[str, HostClient]
    ) -> None:
        """Compare all mailboxes by message id, once everything was delivered and read."""
        for agent in agents.values():
            await _has_nothing_open(agent.client)
        journals = {name: await client.journal(limit=PAGE) for name, client in clients.items()}
        sent = [row for rows in journals.values() for row in rows if row.direction == "out"]
        well = [row for row in sent if _is_there_once(row, journals[row.peer])]
        detail = f"{len(well)} of {len(sent)} message ids are there, each once, and read"
        self._check("nothing missing, all of them", bool(sent) and well == sent, detail)

    async def _a_look(self, dev: Hosted) -> None:
        if not _has_screen(dev):
            return
        self.stage.printer.heading("What meshbot attach dev shows now")
        for line in await screen_of(dev.paths, columns=_COLUMNS, rows=_ROWS):
            self.stage.printer.line(f"  │ {line}".rstrip())

    def _check(self, what: str, is_well: bool, detail: str) -> None:
        self.checks.append(Check(what, is_well, detail))


def _has_screen(agent: Hosted) -> bool:
    return agent.options.kind == "interactive"


async def _idles(client: HostClient) -> None:
    """Wait until the session idles and its MCP server is there."""
    while True:
        status = await client.status()
        has_tools = any(each.kind == "serve" for each in status.clients)
        if has_tools and status.session is not None and status.session.state == "idle":
            return
        await asyncio.sleep(_LOOK_S)


async def _has_nothing_open(client: HostClient) -> None:
    """Wait until all that came was read and all that was sent is delivered."""
    while True:
        status = await client.status()
        if not (status.unread or status.leased or status.queued):
            return
        await asyncio.sleep(_LOOK_S)


def _is_there_once(sent: JournalRow, journal: tuple[JournalRow, ...]) -> bool:
    there = [row for row in journal if row.direction == "in" and row.id == sent.id]
    return sent.state == "delivered" and len(there) == 1


def _says(text: str) -> Callable[[ModelRequest], bool]:
    return lambda request: text in request.user_text
