"""The person's own host: it is started with the console, and tells of peers and questions."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import MailboxError, MeshError
from meshbot_core.host import api
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mailbox.reader import MailboxReader
from meshbot_core.mailbox.records import JournalEntry
from meshbot_core.mesh.paths import AgentPaths
from meshbot_tui.connections.hosts import Sink
from meshbot_tui.connections.stamps import Stamps
from meshbot_tui.model import events
from meshbot_tui.model.picture import Question

HEALTH_S: Final = 5.0
_LOOKED_AT: Final = 1000
_QUESTION_LIVES_MS: Final = 24 * 3600 * 1000


@dataclass(slots=True)
class Operator:
    """The person on the mesh; made by ``connected``."""

    agent: AgentPaths
    client: HostClient
    sink: Sink
    stamps: Stamps
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(
        cls, agent: AgentPaths, sink: Sink, stamps: Stamps
    ) -> AsyncIterator["Operator"]:
        """Be on the mesh until the block ends.

        Raises:
            MeshError: The operator's host does not start.
        """
        async with HostClient.connected(
            agent, kind="console", spawn=SpawnOptions(), present=True
        ) as client:
            yield cls(agent, client, sink, stamps)

    async def run(self) -> None:
        """Tell of questions and of the peers' health until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._look_around())
            group.create_task(self._keep_questions())

    async def read_inbox(self) -> None:
        """Count what came in as read: the person has it before their eyes."""
        while True:
            batch = await self.client.check()
            if not batch.messages:
                return
            await self.client.settle(acknowledge=[batch.lease_id])

    def look_again(self) -> None:
        """Questions may have been answered."""
        self._asked.set()

    async def _listen(self) -> None:
        async for event in self.client.events():
            if isinstance(event, api.Hello | api.MessageEvent | api.DeliveryEvent):
                self._asked.set()

    async def _look_around(self) -> None:
        while True:
            with contextlib.suppress(MeshError):
                stamp = self.stamps.next()
                peers = await self.client.peers()
                self.sink(events.PeersSeen(peers, stamp))
            await asyncio.sleep(HEALTH_S)

    async def _keep_questions(self) -> None:
        while True:
            stamp = self.stamps.next()
            questions = await asyncio.to_thread(open_questions, self.agent, stamp)
            self.sink(events.QuestionsSeen(questions, stamp))
            await self._asked.wait()
            self._asked.clear()


def open_questions(agent: AgentPaths, now_ms: int) -> tuple[Question, ...]:
    """The asks among the newest messages that the person has not answered, oldest first."""
    try:
        with MailboxReader.opened(agent.mailbox) as reader:
            rows = reader.journal(limit=_LOOKED_AT)
    except MailboxError:
        return ()
    answered = {(row.reply_to, row.peer) for row in rows if row.direction == "out"}
    return tuple(
        Question(row.id, row.peer, row.payload, row.at_ms)
        for row in rows
        if _is_open(row, now_ms) and (row.id, row.peer) not in answered
    )


def _is_open(row: JournalEntry, now_ms: int) -> bool:
    is_ask = row.direction == "in" and row.kind == "ask"
    return is_ask and now_ms - row.at_ms < _QUESTION_LIVES_MS
