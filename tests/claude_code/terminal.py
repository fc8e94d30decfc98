"""A real claude under a pty, and an endpoint that keeps the hook events it posts."""

import asyncio
import fcntl
import os
import pty
import re
import struct
import termios
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from meshbot_core.claude.answers import NO_ANSWER
from meshbot_core.claude.hooks import HookEvent, parse_hook
from tests.support.waiting import until

LIMIT_S = 20.0
_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[\[(][0-9;?<>=]*[ -/]*[@-~]|\x1b[=>78]"
)


@dataclass(slots=True)
class HookEndpoint:
    """What was posted, and with which authorization."""

    url: str = ""
    events: list[HookEvent] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)

    def named(self, name: str) -> list[HookEvent]:
        return [event for event in self.events if event.name == name]

    async def came(self, name: str, *, count: int = 1) -> HookEvent:
        await until(lambda: len(self.named(name)) >= count, LIMIT_S)
        return self.named(name)[count - 1]


@asynccontextmanager
async def hook_endpoint() -> AsyncIterator[HookEndpoint]:
    endpoint = HookEndpoint()

    async def take(request: web.Request) -> web.Response:
        endpoint.authorizations.add(request.headers.get("Authorization", ""))
        endpoint.events.append(parse_hook(await request.read()))
        return web.Response(body=NO_ANSWER, content_type="application/json")

    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.add_routes([web.post("/hooks", take)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
        yield endpoint
    finally:
        await runner.cleanup()


@dataclass(slots=True)
class Terminal:
    """What a claude under a pty drew, and its keyboard."""

    process: Process
    _fd: int
    _drawn: bytearray = field(default_factory=bytearray)

    @property
    def text(self) -> str:
        """All that was ever drawn, without escapes and without any space."""
        return "".join(_ESCAPES.sub("", self._drawn.decode(errors="replace")).split())

    async def type(self, text: str) -> None:
        """Type a line; the return comes by itself, or all would count as one paste."""
        os.write(self._fd, text.encode())
        await until(lambda: "".join(text.split()) in self.text, LIMIT_S)
        os.write(self._fd, b"\r")

    def press(self, keys: str) -> None:
        """Press keys, whatever is on the screen."""
        os.write(self._fd, keys.encode())

    def read(self) -> None:
        try:
            self._drawn += os.read(self._fd, 65536)
        except OSError:  # the other side is closed
            asyncio.get_running_loop().remove_reader(self._fd)


@asynccontextmanager
async def on_terminal(
    binary: Path, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> AsyncIterator[Terminal]:
    """Run ``binary`` under a pty of its own until the block ends; then it is killed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = await asyncio.create_subprocess_exec(
        binary,
        *arguments,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env={**environment, "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(theirs)
    terminal = Terminal(process, ours)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, terminal.read)
    try:
        yield terminal
    finally:
        loop.remove_reader(ours)
        if process.returncode is None:
            process.kill()
        await process.wait()
        os.close(ours)
