"""The mesh that the console's demonstration opens on: its agents talk, and want permissions."""

import asyncio
from pathlib import Path

import pytest

from meshbot_core.demo.binaries import NEWEST
from meshbot_core.demo.mesh import FIRST, demo_mesh
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import operator_name
from meshbot_core.session.records import Approval, Verdict
from tests.support.claude import required_claude
from tests.support.processes import commands_with
from tests.support.waiting import until

pytestmark = [pytest.mark.slow]

LIMIT_S = 40.0
SOON_S = 1.0


async def approval_in(sessions: SessionClient) -> Approval:
    """One that waits, as soon as there is one."""
    waiting: list[Approval] = []

    async def look() -> bool:
        waiting.extend((await sessions.approvals()).approvals)
        return bool(waiting)

    await until(look, LIMIT_S)
    return waiting[0]


async def play(binary: Path | None) -> dict[str, str]:
    """See a permission wanted and used, and the folder gone; the kinds of the sessions."""
    async with demo_mesh(binary, build_s=SOON_S) as demo:
        folder = demo.mesh.home
        kinds = {}
        for name in ("dev", "web", "ops"):
            async with HostClient.connected(demo.mesh.agent(name), kind="test") as client:
                view = (await SessionClient(client).session()).session
                kinds[name] = view.kind if view else ""
        async with HostClient.connected(demo.mesh.agent(FIRST), kind="test") as client:
            sessions = SessionClient(client)
            wanted = await approval_in(sessions)
            assert not list((folder / FIRST).glob("released-*"))
            await sessions.decide(wanted.id, Verdict(behavior="allow"))
            await until(lambda: bool(list((folder / FIRST).glob("released-*"))), LIMIT_S)
        assert demo.is_real is (binary is not None)
    assert not folder.exists()
    await until(lambda: not commands_with(str(folder)))
    return kinds


async def test_stand_ins_go_on_talking_and_want_a_permission():
    assert set((await play(None)).values()) == {"headless"}


@pytest.mark.claude
async def test_the_real_claude_does_so_in_terminals():
    kinds = await play(required_claude(NEWEST))

    assert kinds == {"dev": "interactive", "web": "interactive", "ops": "headless"}


async def test_the_person_is_asked_and_gets_answers_from_everybody():
    async with demo_mesh(None, build_s=SOON_S) as demo:
        own = demo.mesh.agent(operator_name(read_config(demo.mesh)))
        async with HostClient.connected(own, kind="test", spawn=SpawnOptions()) as person:
            names = ("dev", "web", "ops")
            asks = [
                await person.ask(to=name, message="How is it going?", timeout_s=LIMIT_S)
                for name in names
            ]
            answers = await asyncio.gather(
                *(person.ask_state(ask.id, wait_s=LIMIT_S) for ask in asks)
            )
            assert [answer.state for answer in answers] == ["answered"] * len(names)
            asked: list[str] = []

            async def look() -> bool:
                rows = await person.journal(limit=100)
                asked[:] = [row.text for row in rows if (row.peer, row.kind) == ("ci", "ask")]
                return bool(asked)

            await until(look, LIMIT_S)
            assert "Is it to stay?" in asked[0]
