"""An agent's host in this process, with sessions of small claudes."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from meshbot_core.host.client import HostClient
from meshbot_core.host.host import AgentHost, HostOptions, running
from meshbot_core.host.session_client import SessionClient
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.node.node import Listen
from meshbot_core.session.records import SessionOptions, SessionView
from meshbot_core.types import Clock, SystemClock
from tests.support.stand_in_claude import AtStart, stand_in_claude
from tests.support.waiting import until


class Dev:
    """An agent, its host, and who talks to it."""

    def __init__(
        self, host: AgentHost, agent: AgentPaths, client: HostClient, folder: Path
    ) -> None:
        self.host = host
        self.agent = agent
        self.client = client
        self.sessions = SessionClient(client)
        self.folder = folder

    async def starts(self, at_start: AtStart, kind: str = "headless", **more: object) -> Path:
        """Start a session of a claude that behaves so; the program."""
        claude = stand_in_claude(self.folder / f"claude-{at_start or 'good'}", at_start=at_start)
        facts = {"kind": kind, "folder": str(self.folder), "claude": str(claude), **more}
        await self.sessions.start(SessionOptions.model_validate(facts))
        return claude

    async def view(self) -> SessionView:
        found = (await self.sessions.session()).session
        assert found is not None
        return found

    async def is_in(self, state: str, *, is_over: bool = False) -> SessionView:
        async def look() -> bool:
            view = await self.view()
            return (view.state, view.is_over) == (state, is_over)

        try:
            await until(look, 10)
        except TimeoutError:
            raise AssertionError(f"not {state}: {await self.view()}\n{self.log}") from None
        return await self.view()

    @property
    def log(self) -> str:
        return self.agent.session_log.read_text()

    async def reads_what_waits(self, text: str) -> None:
        """A good claude is started, and is shown what the others were not."""
        waiting = await self.client.status()
        assert (waiting.unread, waiting.leased) == (1, 0)
        await self.starts("")
        await until(lambda: text in self.log, 10)

        async def is_empty() -> bool:
            status = await self.client.status()
            return (status.unread, status.leased) == (0, 0)

        await until(is_empty, 10)


@contextlib.asynccontextmanager
async def hosted(agent: AgentPaths, folder: Path, clock: Clock | None = None) -> AsyncIterator[Dev]:
    options = HostOptions(Listen(host=None, port=None, advertise=None))
    async with (
        running(agent, options, clock or SystemClock()) as host,
        HostClient.connected(agent, kind="test") as client,
    ):
        yield Dev(host, agent, client, folder)
