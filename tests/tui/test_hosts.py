"""Looking on at hosts: killed, hanging, come back, of another version, forgotten."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from meshbot_core.host import api
from meshbot_core.host.owner import owner_pid
from meshbot_core.host.session_api import ApprovalPage
from meshbot_core.host.spawn import SpawnOptions, spawn_host
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.session.records import Approval
from meshbot_tui.connections import one_host
from meshbot_tui.connections.hosts import HostWatch
from meshbot_tui.connections.stamps import Stamps
from meshbot_tui.model import events
from meshbot_tui.model.apply import apply
from meshbot_tui.model.attention import rows
from meshbot_tui.model.picture import Picture
from tests.support.hosts import answering, hosts_ended
from tests.support.waiting import until
from tests.tui.test_picture import approval, status, view

LIMIT_S = 20.0


@dataclass
class Seen:
    """What a watch told."""

    picture: Picture = field(default_factory=Picture)
    changed: list[str] = field(default_factory=list)

    def sink(self, event: events.Event) -> None:
        self.picture = apply(self.picture, event)

    def word_of(self, name: str) -> str:
        found = [row.look.word for row in rows(self.picture) if row.name == name]
        return found[0] if found else ""

    @property
    def notices(self) -> list[str]:
        return [notice.text for notice in self.picture.notices]

    async def is_(self, name: str, word: str) -> None:
        try:
            await until(lambda: self.word_of(name) == word, LIMIT_S)
        except TimeoutError:
            raise AssertionError(f"{self.word_of(name)!r}, not {word!r}") from None


@pytest.fixture
def paths(mesh_paths: MeshPaths) -> Iterator[MeshPaths]:
    with hosts_ended(mesh_paths) as paths:
        yield paths


@asynccontextmanager
async def watched(paths: MeshPaths) -> AsyncIterator[Seen]:
    """A watch over all of the mesh, while the block runs."""
    found = Seen()
    async with asyncio.TaskGroup() as group:
        watch = HostWatch(paths, found.sink, found.changed.append, Stamps())
        task = group.create_task(watch.run())
        yield found
        task.cancel()


async def left_running(agent: AgentPaths) -> int:
    """A host to which nobody came yet; its pid."""
    await asyncio.to_thread(spawn_host(agent, SpawnOptions(linger_s=60)).wait)
    pid = owner_pid(agent)
    assert pid is not None
    return pid


@asynccontextmanager
async def scripted(
    agent: AgentPaths, told: api.HostStatus | None, *waiting: Approval
) -> AsyncIterator[None]:
    """A host that says ``told`` (None: what nobody understands), and who waits."""

    async def tell_status(_request: web.Request) -> web.StreamResponse:
        if told is None:
            return web.json_response({"api_version": 9, "how": "otherwise"})
        return web.json_response(text=told.model_dump_json())

    async def tell_approvals(_request: web.Request) -> web.StreamResponse:
        return web.json_response(text=ApprovalPage(approvals=waiting).model_dump_json())

    async def tell_events(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        if told is not None:
            await response.write(api.Hello(status=told).model_dump_json().encode() + b"\n")
        await asyncio.Event().wait()  # a stream that goes on
        return response

    app = web.Application()
    app.add_routes(
        [
            web.get("/v1/status", tell_status),
            web.get("/v1/approvals", tell_approvals),
            web.get("/v1/events", tell_events),
        ]
    )
    async with answering(agent, app):
        yield


@pytest.mark.slow
async def test_a_killed_host_is_told_and_one_that_leaves_a_session_is_gone(paths: MeshPaths):
    async with watched(paths) as seen:
        other, pid = await left_running(paths.agent("dev")), await left_running(paths.agent("ops"))
        await seen.is_("ops", "listens")
        await seen.is_("dev", "listens")
        os.kill(pid, signal.SIGKILL)
        await seen.is_("ops", "stopped")
        assert seen.notices == ["its host ended without a word"]

        paths.agent("dev").session_json.write_text("{}")
        os.kill(other, signal.SIGKILL)
        await seen.is_("dev", "gone")
        assert [row.name for row in rows(seen.picture)] == ["dev", "ops"]
        # A session that is left is told as what it is, not as a host that ended.
        assert len(seen.notices) == 1


@pytest.mark.slow
async def test_a_host_that_was_replaced_at_once_is_told_and_was_never_away(
    paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(one_host, "MOMENT_S", 15)
    async with watched(paths) as seen:
        pid = await left_running(paths.agent("ops"))
        await seen.is_("ops", "listens")
        os.kill(pid, signal.SIGKILL)
        other = await left_running(paths.agent("ops"))
        await until(lambda: seen.picture.agents["ops"].host.pid == other, LIMIT_S)
        assert seen.notices == [f"its host was gone; another one is there (pid {other})"]


@pytest.mark.slow
async def test_a_host_that_ended_in_order_is_nothing_to_be_told(paths: MeshPaths):
    async with watched(paths) as seen:
        pid = await left_running(paths.agent("ops"))
        await seen.is_("ops", "listens")
        os.kill(pid, signal.SIGTERM)
        await seen.is_("ops", "stopped")
        assert seen.notices == []


async def test_a_place_that_is_put_aside_leaves_the_picture(paths: MeshPaths):
    async with watched(paths) as seen:
        folder = paths.agent("ops").folder
        folder.mkdir(parents=True)
        await seen.is_("ops", "stopped")
        folder.rmdir()
        await until(lambda: "ops" not in seen.picture.agents, LIMIT_S)


async def test_a_host_that_hangs_is_told_within_its_time(
    paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(one_host, "SILENCE_S", 0.2)
    async with watched(paths) as seen:
        agent = paths.agent("ops")
        agent.folder.mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(agent.socket))
            silent.listen(64)
            await seen.is_("ops", "hangs")
        assert "says nothing for 0.2 s" in seen.picture.agents["ops"].host.problem
        agent.socket.unlink()
        await seen.is_("ops", "stopped")


async def test_a_host_of_a_newer_version_is_not_said_to_be_stopped(paths: MeshPaths):
    async with watched(paths) as seen:
        async with scripted(paths.agent("ops"), None):
            await seen.is_("ops", "other version")
            [row] = [row for row in rows(seen.picture) if row.name == "ops"]
            assert "does not understand" in row.doing
            assert "kill" in row.doing
        await seen.is_("ops", "stopped")


async def test_what_the_host_before_had_asked_waits_no_more_when_the_next_one_asks_anew(
    paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(one_host, "MOMENT_S", 15)
    async with watched(paths) as seen:
        agent, asking = paths.agent("web"), status("web", view("needs_approval"))
        async with scripted(agent, asking, approval("web", "old")):
            await until(lambda: [each.id for each in seen.picture.approvals] == ["old"], LIMIT_S)
        async with scripted(agent, asking, approval("web", "new")):
            await until(lambda: [each.id for each in seen.picture.approvals] == ["new"], LIMIT_S)
