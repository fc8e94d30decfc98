"""Pushes over Claude Code's own socket: a real serve between a scripted host and a socket."""

import asyncio
import contextlib
import json
import os
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from meshbot_core.claude.native import (
    BURST,
    MAX_FRAME_BYTES,
    SOCKET_VARIABLE,
    message_frame,
    parse_frame,
)
from meshbot_core.host.session_api import PushEvent
from meshbot_core.mcp.native_push import RateLedger, native_place
from tests.mcp.driving import serving
from tests.mcp.scripted_host import scripted_host
from tests.support.waiting import until

_LIMIT_S = 10


@dataclass
class Inbound:
    """The socket of a session, as Claude Code has it: lines come, nothing goes back."""

    path: Path
    lines: list[bytes] = field(default_factory=list)

    @property
    def frames(self) -> list[dict]:
        return [json.loads(line) for line in self.lines]

    async def heard(self, count: int) -> None:
        await until(lambda: len(self.lines) >= count, _LIMIT_S)

    async def tell(self, frame: dict) -> None:
        """Send a frame to where the first one came from."""
        _, writer = await asyncio.open_unix_connection(self.answer_path)
        writer.write(json.dumps(frame).encode() + b"\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    @property
    def answer_path(self) -> str:
        return parse_frame(self.lines[0]).sender

    def answer_mode(self) -> int | None:
        path = Path(self.answer_path)
        return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


@contextlib.asynccontextmanager
async def inbound(path: Path) -> AsyncIterator[Inbound]:
    found = Inbound(path)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            found.lines.append(line)
        writer.close()

    async with await asyncio.start_unix_server(take, path, limit=2**22):
        yield found


@pytest.fixture
async def claude(tmp_path, monkeypatch):
    path = tmp_path / "4711.sock"
    monkeypatch.setenv(SOCKET_VARIABLE, str(path))
    async with inbound(path) as found:
        yield found


def push(name: str, text: str = "hello") -> PushEvent:
    return PushEvent(frame_id=name, text=text, sender_name="mesh@alpha")


@pytest.mark.slow
async def test_what_the_host_pushes_is_posted_and_what_became_of_it_is_told(paths, claude):
    async with scripted_host(paths.agent("alpha")) as host, serving("alpha", ready=False) as serve:
        await serve.initialize()
        await until(lambda: bool(host.announced), _LIMIT_S)
        (place,) = host.announced
        assert (place.path, place.claude_pid) == (str(claude.path), 4711)
        assert place.session.startswith(f"serve-{serve.process.pid}-")

        await host.publish(push("f-1"))
        assert (await host.reported("f-1")).state == "written"
        await claude.heard(1)
        (frame,) = claude.frames
        assert (frame["msg_id"], frame["type"]) == ("f-1", "user")
        assert 'from-name="mesh@alpha"' in frame["message"]["content"]
        assert claude.answer_mode() == 0o600

        told = {"type": "control", "action": "peer_message_status", "orig_msg_id": "f-1"}
        await claude.tell({**told, "status": "seen-by-nobody-yet"})
        await claude.tell({**told, "orig_msg_id": "f-of-another", "status": "denied"})
        await claude.tell({**told, "status": "held", "reason": "mode"})
        await until(lambda: len(host.reports) == 2, _LIMIT_S)
        assert (host.reports[1].frame_id, host.reports[1].state) == ("f-1", "held")
        assert host.reports[1].reason == "mode"

        answer = message_frame("thanks", uuid="x", sender=str(claude.path), sender_name="claude")
        await claude.tell(json.loads(answer))
        await claude.heard(2)
        assert "mcp__mesh__reply" in claude.frames[1]["message"]["content"]
    assert claude.answer_mode() is None


@pytest.mark.slow
async def test_no_more_is_posted_than_a_session_takes_and_failures_are_told(paths, claude):
    async with scripted_host(paths.agent("alpha")) as host, serving("alpha", ready=False) as serve:
        await serve.initialize()
        await until(lambda: bool(host.announced), _LIMIT_S)
        await host.publish(push("large", "x" * MAX_FRAME_BYTES))
        for number in range(BURST + 3):
            await host.publish(push(f"f-{number}"))
        await host.reported(f"f-{BURST + 2}")
        await claude.heard(BURST)

        assert [frame["msg_id"] for frame in claude.frames] == [f"f-{n}" for n in range(BURST)]
        assert (await host.reported("large")).state == "failed"
        dropped = [(each.state, each.reason) for each in host.reports if each.state != "written"]
        assert dropped[1:] == [("dropped", "rate")] * 3


@pytest.mark.slow
async def test_a_host_that_comes_back_is_told_again_and_a_dead_socket_is_a_failure(paths, claude):
    agent = paths.agent("alpha")
    async with scripted_host(agent) as first, serving("alpha", ready=False) as serve:
        await serve.initialize()
        await until(lambda: bool(first.announced), _LIMIT_S)
        await first.end()
        async with scripted_host(agent) as second:
            await until(lambda: bool(second.announced), _LIMIT_S)
            assert second.announced == first.announced

            claude.path.unlink()
            await second.publish(push("f-1"))
            report = await second.reported("f-1")
            assert (report.state, bool(report.reason)) == ("failed", True)
            await serve.end()


def test_the_ledger_lets_a_burst_through_and_then_what_is_refilled():
    now_s = [0.0]
    ledger = RateLedger(lambda: now_s[0])

    assert [ledger.take() for _ in range(BURST + 1)] == [True] * BURST + [False]
    now_s[0] = 3.9
    assert [ledger.take() for _ in range(2)] == [True, False]
    now_s[0] = 1e6
    assert [ledger.take() for _ in range(BURST + 1)] == [True] * BURST + [False]


def test_the_claude_around_us_is_known_by_its_sockets_name_or_as_our_parent():
    assert native_place({}) is None
    named = native_place({SOCKET_VARIABLE: "/run/cc-socks/12.sock"})
    other = native_place({SOCKET_VARIABLE: "/run/mine.sock"})
    assert named is not None
    assert other is not None
    assert (named.claude_pid, other.claude_pid) == (12, os.getppid())
