"""Speaking to a listener by hand: signed messages, bare sockets, whole answers."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from meshbot_core.mesh.keys import MeshKey
from meshbot_core.types import MessageKind, new_id
from meshbot_core.wire.admission import compose
from meshbot_core.wire.message import WireMessage, encode


@dataclass(frozen=True, slots=True)
class Said:
    """What came back: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Line:
    """One connection to a listener."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, is_head: bool = False) -> Said:
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").strip().split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            length = 0 if is_head else int(headers.get("content-length", "0"))
            body = await self.reader.readexactly(length)
        return Said(int(first.split()[1]), headers, body)

    async def ask(self, data: bytes) -> Said:
        await self.write(data)
        return await self.answer(is_head=data.startswith(b"HEAD "))

    async def ended(self) -> bool:
        """Whether the other side closes, within the test's time."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read(1) == b""
            except OSError:
                return True


def message(
    key: MeshKey,
    now_ms: int,
    *,
    sender: str = "tester",
    to: str = "alpha",
    kind: MessageKind = "message",
    payload: str = "hello",
    reply_to: str | None = None,
    message_id: str | None = None,
    nonce: str | None = None,
) -> WireMessage:
    return compose(
        key,
        id=message_id or new_id(),
        sender=sender,
        to=to,
        kind=kind,
        payload=payload,
        reply_to=reply_to,
        timestamp=now_ms,
        nonce=nonce or new_id(),
    )


PATHS = {"message": "/mesh/msg", "ask": "/mesh/ask", "response": "/mesh/response"}


def posted(key: MeshKey, wire: WireMessage, *, path: str | None = None) -> bytes:
    """The whole request that carries a message."""
    return request("POST", path or PATHS[wire.kind], encode(wire), key=key)


def request(
    method: str,
    path: str,
    body: bytes = b"",
    *,
    key: MeshKey | None = None,
    headers: dict[str, str] | None = None,
) -> bytes:
    given = {"Host": "localhost"}
    if key is not None:
        given["Authorization"] = f"Bearer {key.text}"
    if body:
        given |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    given |= headers or {}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def say(port: int, data: bytes) -> Said:
    """One request on a line of its own."""
    async with Line(port) as line:
        return await line.ask(data)
