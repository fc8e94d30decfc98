"""Starting a session in an agent's host: what ``start`` and ``run`` have in common."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from meshbot_core.claude.flags import UserFlags
from meshbot_core.clients.readiness import check_ready
from meshbot_core.errors import NoSessionError
from meshbot_core.host.api import GoodbyeEvent, Hello
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_api import SessionEvent
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.defaults import with_defaults
from meshbot_core.session.records import SessionOptions, SessionView

_KILLED: Final = 128
_MOMENT_S: Final = 0.7


@dataclass(frozen=True, slots=True)
class Wanted:
    """A session that a person wants; ``flags`` are those of ``options``, sorted.

    ``host`` is the agent's host on its way, if somebody has started it already.
    """

    agent: AgentPaths
    options: SessionOptions
    flags: UserFlags
    spawn: SpawnOptions = field(default_factory=SpawnOptions)
    host: Future[None] | None = None

    def sized(self, columns: int, rows: int) -> "Wanted":
        """The same for a terminal of that size."""
        options = self.options.model_copy(update={"columns": columns, "rows": rows})
        return replace(self, options=options)

    @property
    def folder(self) -> Path:
        """Where it is to work."""
        return Path(self.options.folder)


@contextlib.asynccontextmanager
async def started(wanted: Wanted) -> AsyncIterator[HostClient]:
    """A client of the agent's host, in which the session was started.

    Raises:
        ClaudeError: Claude Code is missing, too old, not logged in, or refuses its flags.
        SessionRunningError: The agent has a session.
        MeshError: There is no host to be had.
    """
    environment = dict(os.environ)
    claude = with_defaults(wanted.options, wanted.agent.mesh).claude
    checking = asyncio.to_thread(
        check_ready, wanted.folder, wanted.flags, environment, claude=claude
    )
    # The host takes as long to come up as the checks do.
    async with asyncio.TaskGroup() as group:
        checked = group.create_task(checking)
        if wanted.host is not None:
            await asyncio.wrap_future(wanted.host)
        async with HostClient.connected(
            wanted.agent, kind="cli", spawn=wanted.spawn, present=True
        ) as client:
            await checked
            await heard_hello(client)
            options = wanted.options.model_copy(update={"inherited": environment})
            await SessionClient(client).start(options)
            yield client


async def heard_hello(client: HostClient) -> None:
    """Nothing of the session is missed once its client listens."""
    async for event in client.events():
        if isinstance(event, Hello):
            return


async def views(client: HostClient) -> AsyncIterator[SessionView]:
    """The session as it is now and each time that it changed, until it is over.

    Raises:
        NoSessionError: The host ended, or has no session.
    """
    async for event in client.events():
        match event:
            case Hello(status=status):
                view = status.session
            case SessionEvent(session=view):
                pass
            case GoodbyeEvent():
                raise NoSessionError("the agent's host was ended")
            case _:
                continue
        if view is None:
            raise NoSessionError("the agent has no session any more")
        yield view
        if view.is_over:
            return


async def settled(client: HostClient) -> SessionView:
    """The session after a moment in which it may have ended at once."""
    answer = await SessionClient(client).session()
    if answer.session is None:
        raise NoSessionError("the agent has no session any more")
    view = answer.session
    try:
        async with asyncio.timeout(_MOMENT_S):
            async for each in views(client):
                view = each
    except TimeoutError:
        pass
    return view


def shell_status(status: int | None) -> int:
    """An exit status as shells show it: 128 and the number for a signal."""
    if status is None:
        return 0
    return status if status >= 0 else _KILLED - status
