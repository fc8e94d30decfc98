"""A session's way to its agent's host: made in the background, looked for again when needed."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from meshbot_core.errors import HostUnavailableError, MeshError
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import Spawned, SpawnOptions
from meshbot_core.mcp.leases import Settlement
from meshbot_core.mesh.paths import AgentPaths

log = logging.getLogger(__name__)

CONNECT_LIMIT_S: Final = 10.0
"""What a tool call waits for the first connection. Later the client itself looks for 5 s."""


class HostLink:
    """Owns the session's ``HostClient``; ``run`` holds it until ``end``.

    ``refusal`` is why no host can ever serve this session, such as a port that is in use.
    """

    def __init__(
        self,
        agent: AgentPaths,
        spawn: SpawnOptions,
        started: Spawned | None,
        on_refused: Callable[[], None],
    ) -> None:
        self.refusal: MeshError | None = None
        self._agent = agent
        self._spawn = spawn
        self._started = started
        self._on_refused = on_refused
        self._client: HostClient | None = None
        self._failure: MeshError | None = None
        self._has_outcome = asyncio.Event()
        self._is_connected = asyncio.Event()
        self._is_wanted = asyncio.Event()
        self._ending = asyncio.Event()

    async def run(self) -> None:
        """Connect, and stay so until ``end``; after a failure, once somebody asks again."""
        while not self._ending.is_set():
            try:
                await self._stay_connected()
            except HostUnavailableError as error:
                log.warning("%s", error)
                self._failure = error
            except MeshError as error:
                self.refusal = self._failure = error
                self._has_outcome.set()
                self._on_refused()
                return
            self._has_outcome.set()
            await self._is_wanted.wait()
            self._is_wanted.clear()

    async def _stay_connected(self) -> None:
        started, self._started = self._started, None
        if started is not None:
            await asyncio.to_thread(started.wait)
        async with HostClient.connected(
            self._agent, kind="serve", spawn=self._spawn, present=True
        ) as client:
            self._client = client
            self._has_outcome.set()
            self._is_connected.set()
            await self._ending.wait()

    async def client(self) -> HostClient:
        """The session's client, once there is one.

        Raises:
            HostUnavailableError: There is no host, and none came up.
            MeshError: No host can serve this session.
        """
        if self._failure is not None and self.refusal is None:
            self._failure = None
            self._has_outcome.clear()
            self._is_wanted.set()
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                await self._has_outcome.wait()
        except TimeoutError as error:
            raise HostUnavailableError(
                f"the host of {self._agent.agent!r} is not up yet",
                hint="Call the tool again in a moment; if it goes on, run: meshbot doctor",
            ) from error
        if self._client is None:
            raise self._failure or HostUnavailableError("the session ends")
        return self._client

    async def first_client(self) -> HostClient:
        """The session's client, however long it takes; starts nothing."""
        await self._is_connected.wait()
        return await self.client()

    async def end(self, last: Settlement) -> None:
        """Say goodbye with what was read and what was not."""
        if self._client is not None:
            await self._client.goodbye(acknowledge=last.acknowledge, give_back=last.give_back)
        self._ending.set()
        self._is_wanted.set()
