"""Whatever comes over the control socket: it is answered or closed, and the host works on."""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from meshbot_core.host.client import HostClient
from meshbot_core.host.host import HostOptions, running
from meshbot_core.host.session_client import SessionClient
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.node.node import Listen
from meshbot_core.session.records import SessionOptions
from meshbot_core.types import SystemClock, new_id
from tests.support.odd import BROKEN, answer, failures, posted
from tests.support.stand_in_claude import stand_in_claude, starts
from tests.support.waiting import until

SEED = 20_261_124
ROUNDS = 15
AT_ONCE = 24

MESSAGE = {"id": new_id(), "to": "dev", "message": "hello", "wait": False, "session": "s"}
LEASE = {"session": "s", "lease_id": "l", "acknowledge": ["l"]}
VERDICT = {"behavior": "allow", "scope": "once", "reason": "", "by": "cli"}
BODIES = {
    "/v1/send": MESSAGE,
    "/v1/broadcast": {"id": "b", "message": "hello", "exclude": ["dev"]},
    "/v1/ask": {**MESSAGE, "timeout_s": 0.1},
    "/v1/asks/x/leave": {},
    "/v1/reply": {**MESSAGE, "message_id": "x"},
    "/v1/check": LEASE,
    "/v1/pending": LEASE,
    "/v1/settle": {**LEASE, "give_back": ["l"]},
    "/v1/goodbye": {**LEASE, "give_back": ["l"]},
    "/v1/session": {"options": {"folder": "/nowhere", "flags": ["-p"], "claude": "/nowhere"}},
    "/v1/session/stop": {"timeout_s": -1, "signal_name": "SIGSTOP"},
    "/v1/session/restart": {"options": {"folder": "/nowhere", "columns": 0}},
    "/v1/session/resume": {},
    "/v1/approvals": {"id": "a", "tool": "Bash", "tool_input": {"command": "ls"}},
    "/v1/approvals/a": VERDICT,
    "/v1/native": {"session": "s", "path": "/nowhere", "claude_pid": 1},
    "/v1/pushes": {"session": "s", "frame_id": "f", "state": "failed"},
    "/v1/stop": {},
}
QUERIES = {
    "/v1/status": (),
    "/v1/events": ("kind", "session", "pid"),
    "/v1/asks/x": ("session", "wait"),
    f"/v1/asks/{MESSAGE['id']}": ("session", "wait"),
    "/v1/messages/x": ("offset",),
    f"/v1/messages/{MESSAGE['id']}": ("offset",),
    "/v1/peers": (),
    "/v1/peers/dev": (),
    "/v1/peers/%00": (),
    "/v1/journal": ("after", "before", "limit"),
    "/v1/session": (),
    "/v1/session/screen": ("columns", "rows", "onlooker"),
    "/v1/session/scrollback": ("before", "limit"),
    "/v1/approvals": ("history",),
    "/v1/%2e%2e/%ff": ("x",),
    "*": (),
}
CONTROLS = b"\3\4\x0f\x11\x13\x16\x1a\x1c"
HOOKS = (
    "SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure",
    "PermissionRequest", "Stop", "StopFailure", "SessionEnd", "Notification", "SubagentStop", "",
)  # fmt: skip
EVENT = {
    "session_id": "c", "agent_id": "", "tool_name": "Bash", "tool_use_id": "t", "prompt": "hello",
    "tool_input": {"command": "ls"}, "tool_response": {}, "model": "m", "source": "startup",
    "error": "rate_limit", "permission_suggestions": [{}], "last_assistant_message": "bye",
}  # fmt: skip
REPORT = {
    "session_id": "c", "model": {"id": "m", "display_name": "M"}, "cost": {"total_cost_usd": 1},
    "context_window": {"used_percentage": 3},
}  # fmt: skip
NUMBERS = ("", "x", "nan", "inf", "-inf", "0", "-1", "1e30", "9" * 400, "1e400", "0x1", "٣", "1_0")


def requests(chance: random.Random) -> Iterator[bytes]:
    """Odd requests, one after the other."""
    for _ in range(ROUNDS):
        for path, names in QUERIES.items():
            odd = [(name, chance.choice(NUMBERS)) for name in names if chance.random() < 0.7]
            query = "&".join(f"{name}={quote(text)}" for name, text in odd)
            method = chance.choice(("GET", "GET", "GET", "DELETE", "HEAD", "PUT", "BREW"))
            yield f"{method} {path}?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for path, body in BODIES.items():
            yield posted(path, body, chance)
        yield from BROKEN
        yield chance.randbytes(chance.randrange(300)) + b"\r\n\r\n"


@pytest.fixture
async def dev(
    mesh_paths: MeshPaths, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[AgentPaths]:
    """An agent with an interactive session; nothing that went wrong unseen is in its log."""
    caplog.set_level(logging.INFO)
    agent = mesh_paths.agent("dev")
    claude = stand_in_claude(tmp_path / "claude")
    options = HostOptions(Listen(host=None, port=None, advertise=None))
    async with running(agent, options, SystemClock()):
        async with HostClient.connected(agent, kind="test") as client:
            await SessionClient(client).start(
                SessionOptions(folder=str(tmp_path), claude=str(claude))
            )
        yield agent
        await works(agent)
    wrong = [record for record in caplog.records if record.exc_info or record.levelno > 30]
    assert not wrong, wrong[0].getMessage()


async def works(agent: AgentPaths) -> None:
    """The host and its session do what they are for."""
    async with HostClient.connected(agent, kind="test", present=True) as client:
        sent = await client.send(to="dev", message="still there?")
        assert sent.state == "delivered"
        view = (await SessionClient(client).session()).session
        assert view is not None
        assert not view.is_over


@pytest.mark.slow
async def test_no_request_makes_the_host_fail(dev: AgentPaths):
    todo = requests(random.Random(SEED))  # noqa: S311 - repeatable, no secret

    assert not await failures(dev.socket, todo, at_once=AT_ONCE)


@pytest.mark.slow
async def test_a_body_over_the_limit_is_refused_and_one_that_never_ends_holds_nobody(
    dev: AgentPaths,
):
    large = (
        b"POST /v1/send HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 9_000_000
    )
    assert b" 413 " in await answer(dev.socket, large)
    half = [await asyncio.open_unix_connection(dev.socket) for _ in range(50)]
    for _, writer in half:
        writer.write(b"POST /v1/send HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")

    await works(dev)

    for _, writer in half:
        writer.close()


@pytest.mark.slow
async def test_no_frame_makes_the_screen_fail(dev: AgentPaths):
    chance = random.Random(SEED)  # noqa: S311 - repeatable, no secret
    sizes = (-(2**70), -1, 0, 1, 2, 1000, 1_000_000, 2**40, 1e300, "5", None, True)
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(dev.socket))) as http:
        for _ in range(12):
            size = [chance.choice([size for size in sizes if isinstance(size, int)]) for _ in "xy"]
            place = f"http://x/v1/session/screen?columns={size[0]:d}&rows={size[1]:d}"
            async with http.ws_connect(place) as socket:
                for _ in range(25):
                    size = {"columns": chance.choice(sizes), "rows": chance.choice(sizes)}
                    said = (json.dumps({"type": "resize", **size}), json.dumps(size), "{", "", "[]")
                    if socket.closed:
                        break
                    await socket.send_str(chance.choice(said))
                    # Not what a terminal itself understands: Ctrl-C, Ctrl-D, Ctrl-S and the like.
                    typed = chance.randbytes(chance.randrange(200)).translate(None, CONTROLS)
                    await socket.send_bytes(typed)
        await until_it_shows(http, "after all")


async def until_it_shows(http: aiohttp.ClientSession, text: str) -> None:
    """Type ``text`` into the session and see what it answers."""
    async with http.ws_connect("http://x/v1/session/screen?columns=80&rows=24") as socket:
        await socket.send_bytes(b"\r" + text.encode() + b"\r")
        shown = b""

        async def look() -> bool:
            nonlocal shown
            message = await socket.receive(5)
            shown += message.data if isinstance(message.data, bytes) else b""
            return f"heard: {text}".encode() in shown

        await until(look, 10)


def events(chance: random.Random, token: str) -> Iterator[bytes]:
    """Odd events of hooks, status lines and waiters, with the right token and without."""
    for _ in range(ROUNDS):
        pid = chance.choice(NUMBERS).encode("ascii", "ignore").decode()
        headers = f"Authorization: Bearer {token}\r\nX-Claude-Pid: {pid}\r\n"
        for name in HOOKS:
            event = {**EVENT, "hook_event_name": name}
            yield posted("/hook", event, chance, headers=headers)
        yield posted("/status", REPORT, chance, headers=headers)
        yield posted("/wait", {**EVENT, "hook_event_name": "Stop"}, chance, headers=headers)
        yield posted("/woken/x", {}, chance, headers=headers)
        yield posted(chance.choice(("/hook", "/status", "/wait")), EVENT, chance)
        yield from BROKEN


@pytest.mark.slow
async def test_no_event_makes_a_session_fail(dev: AgentPaths, tmp_path: Path):
    claude = tmp_path / "claude" / "claude"
    await until(lambda: bool(starts(claude)))
    [start] = starts(claude)
    port = URL(start.environment["MESHBOT_HOOK_URL"]).port
    assert port
    token = start.environment["MESHBOT_HOOK_TOKEN"]
    todo = events(random.Random(SEED), token)  # noqa: S311 - repeatable, no secret

    assert not await failures(port, todo, at_once=AT_ONCE)
