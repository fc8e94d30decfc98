"""Odd requests: what a server must answer or hang up on, and then go on."""

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path

WAITS_S = 0.4
"""A request that is still open then waits, as it may; it is broken off."""

ODD = (
    None, True, 0, -1, 1.5, 2**31, 2**63, -(2**70), 1e308, "", "x", "\0", "\ud800", "../../x",
    "x" * 70_000, [], {}, [None], ["\udfff"] * 50, {"": [{}]}, "1", "SIGKILL", "dev", "ghost",
)  # fmt: skip
BROKEN = (
    b"\r\n", b"\0\0\0\0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n", b"GET /v1/status",
    b"POST /v1/send HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /v1/send HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v1/send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
    b"POST /v1/send HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    b"POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /v1/status HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"y" * 70_000 + b"\r\n\r\n",
    b"GET /v1/status?" + b"z" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/session/screen HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\n\r\n",
)  # fmt: skip


def mutated(body: object, chance: random.Random) -> object:
    """``body`` with something of it replaced, lost or added; sometimes it is left whole."""
    if not isinstance(body, dict) or chance.random() < 0.1:
        return chance.choice(ODD)
    found = dict(body)
    for _ in range(chance.randint(0, 2)):
        name = chance.choice([*found, "options", "\0"])
        match chance.randrange(3):
            case 0:
                found.pop(name, None)
            case 1:
                found[name] = chance.choice(ODD)
            case _:
                found[name] = mutated(found.get(name), chance)
    return found


def posted(path: str, body: object, chance: random.Random, *, headers: str = "") -> bytes:
    """A request with a body that is ``body``, mutated, or no JSON at all."""
    said = json.dumps(mutated(body, chance)).encode()
    if chance.random() < 0.1:
        said = chance.choice((b"", b"{", b"\xff\xfe", b"NaN", b"[" * 50_000))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {len(said)}\r\n\r\n"
    return head.encode() + said


async def answer(place: Path | int, request: bytes) -> bytes:
    """The status line that comes back; empty when the server closes, or waits for more.

    ``place`` is a Unix socket, or a port of this machine.
    """
    if isinstance(place, int):
        reader, writer = await asyncio.open_connection("127.0.0.1", place)
    else:
        reader, writer = await asyncio.open_unix_connection(place)
    try:
        writer.write(request)
        async with asyncio.timeout(WAITS_S):
            return await reader.readline()
    except (TimeoutError, ConnectionError):
        return b""
    finally:
        writer.close()


async def failures(
    place: Path | int, requests: Iterator[bytes], *, at_once: int
) -> list[tuple[bytes, bytes]]:
    """Make all the requests; the answers that are no answer, and to what."""
    failed: list[tuple[bytes, bytes]] = []

    async def work() -> None:
        for request in requests:
            line = await answer(place, request)
            if line and not line.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4", b"HTTP/1.0 4")):
                failed.append((line, request[:300]))

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    return failed
