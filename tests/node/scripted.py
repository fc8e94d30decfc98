"""A peer that answers as a test says: any status, nothing at all, or a closed door."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Reply = tuple[int, dict[str, object] | str]
HANG = (0, "hang")
CLOSE = (-1, "close")


@dataclass(slots=True)
class ScriptedPeer:
    """``answer`` gets path and message; what came is kept in ``requests`` and ``bodies``."""

    answer: Callable[[str, dict[str, object]], Reply]
    location: str = ""
    closes_after: int = 0
    connections: int = 0
    port: int = 0
    requests: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    async def heard(self, count: int, *, within_s: float = 10) -> None:
        """Wait for so many requests."""
        async with asyncio.timeout(within_s):
            while len(self.requests) < count:
                self.came.clear()
                await self.came.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        answered = 0
        try:
            while not self.closes_after or answered < self.closes_after:
                answered += 1
                reply = await self._one(reader)
                if reply == HANG:
                    await reader.read()
                    return
                if reply == CLOSE:
                    return
                status, text = reply
                body = text.encode() if isinstance(text, str) else json.dumps(text).encode()
                head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n"
                head += f"Location: {self.location}\r\n\r\n" if self.location else "\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader) -> Reply:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        length = next(
            (int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-l")),
            0,
        )
        body = await reader.readexactly(length)
        request = (head.split()[1], json.loads(body or b"{}"))
        self.requests.append(request)
        self.bodies.append(body)
        self.came.set()
        return self.answer(*request)


def delivered(_path: str, message: dict[str, object]) -> Reply:
    return 200, {"delivered": True, "messageId": message.get("id")}


@asynccontextmanager
async def scripted(
    answer: Callable[[str, dict[str, object]], Reply] = delivered,
) -> AsyncIterator[ScriptedPeer]:
    """Serve a scripted peer on a free port of loopback."""
    peer = ScriptedPeer(answer)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, limit=1 << 22)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        await server.wait_closed()
