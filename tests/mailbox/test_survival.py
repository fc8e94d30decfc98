"""Nothing that was acknowledged is lost: not by SIGKILL, not by a full disk, not by any order."""

import asyncio
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshbot_core.errors import MailboxUnavailableError, ReplayedMessageError
from meshbot_core.mailbox.records import MailboxLimits
from tests.mailbox.support import UNTIL_MS, Place, reader, receive, wire
from tests.support.clock import FakeClock

ROOT = Path(__file__).parents[2]


def child(what: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 -- our own program only
        [sys.executable, "-m", "tests.mailbox.child", what, str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("round_number", range(3))
async def test_protocol_7_what_was_acknowledged_survives_kill_9(place, round_number):
    stored: dict[str, str] = {}
    done: set[str] = set()
    lines = random.Random(round_number).randrange(200, 2000)  # noqa: S311 -- no secret is drawn
    with child("receive", place.path) as process:
        for number, line in enumerate(process.stdout):
            if number == lines:
                process.kill()
            if not line.endswith("\n"):
                break
            word, *ids = line.split()
            if word == "stored":
                stored[ids[0]] = ids[1]
            elif word == "done":
                done.update(ids)
    assert len(stored) > 50

    async with place.opened(limits=MailboxLimits()) as mailbox:
        states = {entry.id: entry.state for entry in await everything(mailbox)}
        assert stored.keys() <= states.keys()
        assert {states[message_id] for message_id in done} <= {"done"}
        last_nonce = stored[list(stored)[-1]]
        with pytest.raises(ReplayedMessageError):
            await receive(mailbox, wire(nonce=last_nonce))
        counts = mailbox.counts
        found = list(states.values())
        assert (counts.unread, counts.leased) == (found.count("new"), found.count("leased"))
        await mailbox.give_back(session="s1")
        assert mailbox.notices == ()
        assert mailbox._store.was_unclean


async def everything(mailbox):
    entries, after = [], 0
    while page := await mailbox.journal(after=after, limit=1000):
        entries += page
        after = page[-1].seq
    return entries


@pytest.mark.slow
async def test_protocol_7_a_disk_that_is_full_refuses_and_recovers_by_itself(place):
    with child("fill", place.path) as process:
        said = [line.split() for line in process.stdout]
    assert process.returncode == 0

    (refused,) = [words for words in said if words[0] == "refused"]
    stored = [words[1] for words in said if words[0] == "stored"]
    assert refused[1] == "503"
    assert stored[-1] == refused[2]  # The sender kept it, and it was taken when sent again.
    async with place.opened() as mailbox:
        assert [entry.id for entry in await everything(mailbox)] == stored


async def test_protocol_7_a_file_at_its_size_limit_refuses_and_recovers_by_itself(mailbox):
    def allow(pages: int):
        return mailbox._write(
            lambda ledger: ledger.execute(f"PRAGMA max_page_count = {pages}").fetchall()
        )

    await receive(mailbox, wire("kept"))
    await allow(1)
    message = wire("x" * 100_000)

    with pytest.raises(MailboxUnavailableError, match="full"):
        await receive(mailbox, message)
    await allow(2**30)
    await receive(mailbox, message)

    assert [entry.payload for entry in await mailbox.journal()] == ["kept", message.payload]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("receive"), st.integers(1, 5)),
        st.tuples(st.just("lease"), st.integers(1, 4), st.sampled_from(["s1", "s2"])),
        st.tuples(st.just("acknowledge"), st.integers(0, 3)),
        st.tuples(st.just("give_back"), st.sampled_from(["s1", "s2"])),
        st.tuples(st.just("reopen")),
        st.tuples(st.just("again"), st.integers(0, 20)),
    ),
    max_size=25,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_message_is_new_leased_or_done_whatever_happens(steps):
    with tempfile.TemporaryDirectory() as folder:
        model = Model(Place(Path(folder) / "mailbox.db", FakeClock()))
        asyncio.run(model.play(steps))


class Model:
    """What the mailbox must hold: each message in one of three places, in order."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.order: list[str] = []
        self.state: dict[str, str] = {}
        self.leases: dict[str, tuple[str, list[str]]] = {}

    async def play(self, steps) -> None:
        rest = list(steps)
        while rest:
            async with self.place.opened() as self.mailbox:
                await self.check()
                while rest:
                    name, *values = rest.pop(0)
                    if name == "reopen":
                        break
                    await getattr(self, name)(*values)
                    await self.check()

    async def receive(self, count: int) -> None:
        messages = [wire() for _ in range(count)]
        await receive(self.mailbox, *messages)
        self.order += [message.id for message in messages]
        self.state |= {message.id: "new" for message in messages}

    async def again(self, which: int) -> None:
        if self.order:
            message = wire(id=self.order[which % len(self.order)])
            receipt = await self.mailbox.receive(message, nonce_until_ms=UNTIL_MS)
            assert receipt.outcome == "duplicate"

    async def lease(self, count: int, session: str) -> None:
        batch = await self.mailbox.lease(reader(session, max_messages=count))
        ids = [message.id for message in batch.messages]
        assert ids == [one for one in self.order if self.state[one] == "new"][:count]
        self.state |= dict.fromkeys(ids, "leased")
        if ids:
            self.leases[batch.lease_id] = (session, ids)

    async def acknowledge(self, which: int) -> None:
        for lease_id in list(self.leases)[which : which + 1]:
            _, ids = self.leases.pop(lease_id)
            assert await self.mailbox.acknowledge([lease_id]) == len(ids)
            self.state |= dict.fromkeys(ids, "done")

    async def give_back(self, session: str) -> None:
        await self.mailbox.give_back(session=session)
        for lease_id, (holder, ids) in list(self.leases.items()):
            if holder == session:
                del self.leases[lease_id]
                self.state |= dict.fromkeys(ids, "new")

    async def check(self) -> None:
        entries = await self.mailbox.journal(after=0, limit=1000)
        assert [(e.id, e.state) for e in entries] == [(i, self.state[i]) for i in self.order]
        states, counts = list(self.state.values()), self.mailbox.counts
        assert (counts.unread, counts.leased) == (states.count("new"), states.count("leased"))
