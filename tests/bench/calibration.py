"""How fast this machine is just now: figures that have nothing to do with us.

Two that every reader can compare with: importing click, and a bare aiohttp echo under the same
kind of load as the listener gets.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time

from aiohttp import web

Figures = dict[str, float]
_REQUEST = (
    b"POST / HTTP/1.1\r\nHost: echo\r\nContent-Type: application/json\r\n"
    b"Content-Length: 200\r\n\r\n" + b"x" * 200
)
_CONNECTIONS = 64
_REQUESTS = 15_000


def run() -> Figures:
    """Milliseconds to import click and aiohttp.web, of one fsync, and echoes a second."""
    return {
        "import_click_ms": _import_ms("click"),
        "import_host_ms": _import_ms("meshbot_core.host.process"),
        "import_mcp_ms": _import_ms("mcp.server.lowlevel"),
        "fsync_ms": _fsync_ms(),
        "aiohttp_echo_per_s": asyncio.run(_echoes()),
    }


def _import_ms(module: str) -> float:
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    taken = [
        float(
            subprocess.run(  # noqa: S603 - our own interpreter
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(5)
    ]
    return statistics.median(taken) * 1000


def _fsync_ms(rounds: int = 300) -> float:
    with tempfile.NamedTemporaryFile() as file:
        began = time.perf_counter()
        for _ in range(rounds):
            os.write(file.fileno(), b"x" * 500)
            os.fsync(file.fileno())
        return (time.perf_counter() - began) / rounds * 1000


async def _echo(request: web.BaseRequest) -> web.Response:
    return web.Response(body=await request.read(), content_type="application/json")


async def _echoes() -> float:
    """Echoes a second, server and load in one process (so about half of what two would do)."""
    loop = asyncio.get_running_loop()
    runner = web.ServerRunner(web.Server(_echo, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    began = loop.time()
    async with asyncio.TaskGroup() as group:
        for _ in range(_CONNECTIONS):
            group.create_task(_ping(port, _REQUESTS // _CONNECTIONS))
    seconds = loop.time() - began
    await runner.cleanup()
    return _REQUESTS / seconds


async def _ping(port: int, times: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(times):
        writer.write(_REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(200)
    writer.close()
    await writer.wait_closed()
