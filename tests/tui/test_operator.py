"""The person on the mesh: their host, their inbox, what they were asked."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from meshbot_core.errors import MailboxError
from meshbot_core.host.lock import owned
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import operator_name
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.types import SystemClock
from meshbot_tui.connections import operator as person
from meshbot_tui.connections.operator import Operator
from meshbot_tui.connections.questions import open_questions
from meshbot_tui.connections.stamps import Stamps
from meshbot_tui.model import events
from meshbot_tui.model.apply import apply
from meshbot_tui.model.picture import Picture
from tests.host.hosted import hosted
from tests.mailbox.support import draft, receive, wire
from tests.support.waiting import until

LIMIT_S = 20.0


@pytest.fixture
def own(mesh_paths: MeshPaths) -> AgentPaths:
    agent = mesh_paths.agent(operator_name(read_config(mesh_paths)))
    agent.folder.mkdir(parents=True)
    return agent


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AGAIN_S", "_LOOK_S", "_TOGETHER_S"):
        monkeypatch.setattr(person, name, 0.05)


class Told:
    """What it told."""

    def __init__(self, agent: AgentPaths) -> None:
        self.picture = Picture()
        self.problems: list[str] = []
        self.ignored: set[tuple[str, str]] = set()
        self.operator = Operator(
            agent, self.sink, Stamps(), lambda sender, id_: (sender, id_) in self.ignored
        )

    def sink(self, event: events.Event) -> None:
        self.picture = apply(self.picture, event)
        if isinstance(event, events.PersonSeen):
            self.problems.append(event.problem)

    @property
    def asked(self) -> dict[str, bool]:
        """Which questions are known, and whether they are late."""
        return {id_: each.is_late for id_, each in self.picture.questions.items()}


@asynccontextmanager
async def told(agent: AgentPaths) -> AsyncIterator[Told]:
    """The person, while the block runs."""
    found = Told(agent)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(found.operator.run())
        yield found
        task.cancel()


@asynccontextmanager
async def mailbox(agent: AgentPaths) -> AsyncIterator[Mailbox]:
    agent.folder.mkdir(parents=True, exist_ok=True)
    async with Mailbox.opened(
        agent.mailbox, agent=agent.agent, machine_id="here", clock=SystemClock()
    ) as box:
        yield box


async def asked(agent: AgentPaths, *ids: str, sender: str = "dev") -> None:
    now_ms = SystemClock().now_ms()
    async with mailbox(agent) as box:
        for id_ in ids:
            await receive(
                box,
                wire("may I?", id=id_, kind="ask", sender=sender, to=agent.agent, timestamp=now_ms),
            )


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Nobody else can read it."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("COMMIT")
        yield


async def test_a_host_that_does_not_start_is_told_once_and_what_was_asked_is_known(own):
    await asked(own, "q1")
    async with told(own) as found:
        async with owned(own):
            await until(lambda: any("runs already" in each for each in found.problems), LIMIT_S)
            await until(lambda: found.asked == {"q1": False}, LIMIT_S)
            assert found.operator.client is None
            assert len(found.problems) == 1
        await until(lambda: found.problems[-1] == "", LIMIT_S)
        assert found.operator.client is not None
        assert found.picture.off_mesh == ""
    # No host is left behind.
    await until(lambda: not own.socket.exists(), LIMIT_S)


async def test_what_comes_in_a_burst_is_read_to_the_last_and_nothing_stays_leased(own, tmp_path):
    async with hosted(own, tmp_path) as dev, told(own) as found:
        await until(lambda: found.operator.client is not None, LIMIT_S)
        for number in range(300):
            await dev.client.send(to=own.agent, message=f"message {number}")
            found.operator.read_inbox()

        async def is_read() -> bool:
            status = await dev.client.status()
            return (status.unread, status.leased) == (0, 0)

        await until(is_read, LIMIT_S)


async def test_a_mailbox_that_cannot_be_read_now_is_no_answer(own):
    await asked(own, "q1")
    async with owned(own), told(own) as found:
        await until(lambda: found.asked == {"q1": False}, LIMIT_S)
        with locked(own.mailbox):
            with pytest.raises(MailboxError, match="locked"):
                await asyncio.to_thread(open_questions, own, SystemClock().now_ms())
            found.operator.look_again()
            await asyncio.sleep(0)
            assert found.asked == {"q1": False}
        await asked(own, "q2")
        await until(lambda: found.asked == {"q1": False, "q2": False}, LIMIT_S)


async def test_who_gave_up_is_told_and_what_the_person_put_aside_is_told_no_more(own):
    dev = own.mesh.agent("dev")
    async with mailbox(dev) as box:
        for id_ in ("q1", "q2"):
            expires_at_ms = SystemClock().now_ms() + 3_600_000
            await box.enqueue(
                draft(id=id_, to=own.agent, kind="ask", session="s", expires_at_ms=expires_at_ms)
            )
        await asked(own, "q1", "q2")
        async with owned(own), told(own) as found:
            await until(lambda: found.asked == {"q1": False, "q2": False}, LIMIT_S)
            await box.end_ask("q1")
            await until(lambda: found.asked == {"q1": True, "q2": False}, LIMIT_S)
            assert found.picture.waiting == 1
            found.ignored.add(("dev", "q1"))
            found.operator.look_again()
            await until(lambda: found.asked == {"q2": False}, LIMIT_S)
