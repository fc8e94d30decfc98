"""The person's own host: it is started with the console, and tells of peers and questions."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import MailboxError, MeshError
from meshbot_core.host import api
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions, host_answers
from meshbot_core.mesh.paths import AgentPaths
from meshbot_tui.connections.one_host import Sink
from meshbot_tui.connections.questions import open_questions
from meshbot_tui.connections.reasons import reason_of
from meshbot_tui.connections.stamps import Stamps
from meshbot_tui.model import events
from meshbot_tui.model.picture import Question

HEALTH_S: Final = 5.0
AGAIN_S: Final = 3.0
_FIRST_S: Final = 0.5
_LOOK_S: Final = 5.0
"""That an asker gave up is seen without a word of it."""
_TOGETHER_S: Final = 0.1
"""What comes in a row is one reason to look."""


@dataclass(slots=True)
class Operator:
    """The person on the mesh, as long as ``run`` runs; ``client`` None: not now.

    ``is_ignored`` tells the questions that the person will not answer, by sender and id.
    """

    agent: AgentPaths
    sink: Sink
    stamps: Stamps
    is_ignored: Callable[[str, str], bool] = lambda sender, id_: False
    client: HostClient | None = None
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _came: asyncio.Event = field(default_factory=asyncio.Event)
    _problem: str | None = None

    async def run(self) -> None:
        """Be on the mesh, and come back to it; tell of questions and of the peers' health."""
        async with asyncio.TaskGroup() as group:
            # What was asked lies in a file, and is read also while the host does not start.
            group.create_task(self._keep_questions())
            if not await asyncio.to_thread(host_answers, self.agent):
                # A host that starts takes a core: who else is there is shown first.
                await asyncio.sleep(_FIRST_S)
            while True:
                try:
                    await self._be_there()
                except MeshError as error:
                    self._say(reason_of(error))
                await asyncio.sleep(AGAIN_S)

    def read_inbox(self) -> None:
        """What came in is to count as read: the person has it before their eyes."""
        self._came.set()

    def look_again(self) -> None:
        """Questions may have been asked, answered, given up or set aside."""
        self._asked.set()

    async def _be_there(self) -> None:
        """On the mesh until cancelled.

        Raises:
            MeshError: The host does not start.
        """
        async with HostClient.connected(
            self.agent, kind="console", spawn=SpawnOptions(), present=True
        ) as client:
            self.client = client
            self._say("")
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._listen(client))
                    group.create_task(self._look_around(client))
                    group.create_task(self._read(client))
            finally:
                self.client = None

    def _say(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self.sink(events.PersonSeen(problem, self.stamps.next()))

    async def _listen(self, client: HostClient) -> None:
        async for event in client.events():
            if isinstance(event, api.Hello | api.MessageEvent | api.DeliveryEvent):
                self._asked.set()

    async def _look_around(self, client: HostClient) -> None:
        """Health of the peers, and with it whether the person's host is still there."""
        while True:
            stamp = self.stamps.next()
            try:
                peers = await client.peers()
            except MeshError as error:
                self._say(reason_of(error))
            else:
                self._say("")
                self.sink(events.PeersSeen(peers, stamp))
            await asyncio.sleep(HEALTH_S)

    async def _read(self, client: HostClient) -> None:
        """Take what came in and say that it was read, one after the other and never half."""
        while True:
            await self._came.wait()
            self._came.clear()
            with contextlib.suppress(MeshError):
                while (batch := await client.check()).messages:
                    await client.settle(acknowledge=[batch.lease_id])

    async def _keep_questions(self) -> None:
        told: tuple[Question, ...] | None = None
        while True:
            stamp = self.stamps.next()
            # What cannot be read now is no answer.
            with contextlib.suppress(MailboxError):
                found = await asyncio.to_thread(open_questions, self.agent, stamp)
                left = tuple(each for each in found if not self.is_ignored(each.sender, each.id))
                if left != told:
                    told = left
                    self.sink(events.QuestionsSeen(left, stamp))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._asked.wait()
            await asyncio.sleep(_TOGETHER_S)
            self._asked.clear()
