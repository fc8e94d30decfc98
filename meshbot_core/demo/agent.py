"""One agent that plays in the demonstration: a session, its mail, and what arrived."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from meshbot_core.claude.headless import McpServer, ToolAnswered
from meshbot_core.demo.claude_home import prepare_home
from meshbot_core.demo.model import ScriptedModel, serving
from meshbot_core.demo.plans import MAIL
from meshbot_core.demo.printing import Printer
from meshbot_core.demo.script import Script
from meshbot_core.demo.session import Session, SessionGoneError, running
from meshbot_core.demo.stage import Stage
from meshbot_core.errors import HostUnavailableError
from meshbot_core.host.api import JournalRow
from meshbot_core.host.client import HostClient
from meshbot_core.mesh.paths import AgentPaths

_LOOK_S: Final = 0.05
_PAGE: Final = 1000


@dataclass(slots=True)
class Agent:
    """An agent with a living session. ``arrived`` is its mailbox's incoming half, in order."""

    paths: AgentPaths
    session: Session
    model: ScriptedModel
    client: HostClient
    printer: Printer
    arrived: list[JournalRow]
    _talking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _mail: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def told(self, text: str) -> tuple[ToolAnswered, ...]:
        """The agent's user says ``text``; what the tools answered in that turn."""
        async with self._talking:
            events = await self.session.turn(text)
        return tuple(event for event in events if isinstance(event, ToolAnswered))

    async def has(self, fits: Callable[[JournalRow], bool]) -> JournalRow:
        """Wait for a message that ``fits``; the caller sets the time limit."""
        async with self._news:
            while True:
                for row in self.arrived:
                    if fits(row):
                        return row
                await self._news.wait()

    async def delivered_all(self) -> None:
        """Wait until the host has noted every delivery; the caller sets the time limit."""
        while (await self.client.status()).queued:  # noqa: ASYNC110 - the host tells before it notes
            await asyncio.sleep(_LOOK_S)

    async def history(self) -> tuple[JournalRow, ...]:
        """Everything in this agent's mailbox, both ways."""
        return await self.client.journal(limit=_PAGE)

    async def follow(self) -> None:
        """Print what arrives, for as long as the agent plays."""
        await self._look()
        async for _ in self.client.events():
            # A host that was killed is away for a moment; its successor says hello here.
            with contextlib.suppress(HostUnavailableError):
                await self._look()

    async def attend(self) -> None:
        """Have the session read its mail whenever some arrived."""
        while True:
            await self._mail.wait()
            self._mail.clear()
            with contextlib.suppress(SessionGoneError):
                await self.told(MAIL)

    async def _look(self) -> None:
        last_seq = self.arrived[-1].seq if self.arrived else None
        rows = await self.client.journal(after=last_seq, limit=_PAGE)
        new = [row for row in rows if row.direction == "in"]
        for row in new:
            self.printer.message(row.peer, self.paths.agent, row.kind, row.text)
        if any(row.kind != "response" for row in new):
            self._mail.set()
        async with self._news:
            self.arrived += new
            self._news.notify_all()


@asynccontextmanager
async def on_stage(
    stage: Stage, name: str, script: Script, arrived: list[JournalRow]
) -> AsyncIterator[Agent]:
    """Play agent ``name`` until the block ends; ``arrived`` goes on from an earlier time."""
    paths = stage.mesh.agent(name)
    home, project = stage.folder / "claude" / name, stage.folder / "work" / name
    project.mkdir(parents=True, exist_ok=True)
    prepare_home(home, project)
    server = McpServer("mesh", serve_command(name), {})
    async with (
        serving(script) as model,
        running(stage.binary, server, home=home, folder=project, model_url=model.url) as session,
        _client_of_started_host(paths) as client,
        asyncio.TaskGroup() as tasks,
    ):
        stage.note_host(paths)
        agent = Agent(paths, session, model, client, stage.printer, arrived)
        playing = [tasks.create_task(agent.follow()), tasks.create_task(agent.attend())]
        try:
            yield agent
        finally:
            for task in playing:
                task.cancel()


def serve_command(agent: str) -> tuple[str, ...]:
    """How Claude Code starts our MCP server: as installed beside this interpreter."""
    installed = Path(sys.executable).with_name("meshbot")
    meshbot = (str(installed),) if installed.exists() else (sys.executable, "-m", "meshbot_core")
    return (*meshbot, "serve", "--as", agent)


@asynccontextmanager
async def _client_of_started_host(paths: AgentPaths) -> AsyncIterator[HostClient]:
    """A client of the host that the session's MCP server starts, once it is there."""
    while not paths.host_json.exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(_LOOK_S)
    async with HostClient.connected(paths, kind="cli", present=True) as client:
        yield client
