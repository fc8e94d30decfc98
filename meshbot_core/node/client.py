"""HTTP towards peers, for processes that live long."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from meshbot_core.errors import PeerUnreachableError
from meshbot_core.mesh.config import MeshConfig, Peer, Timeouts
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.node.health import (
    ASKS_PATH,
    MAX_HEALTH_BYTES,
    AskStanding,
    PeerHealth,
    judged,
    offline,
    standing_in,
)
from meshbot_core.node.line import Line, opened, target_of
from meshbot_core.node.verdict import MAX_REPLY_BYTES
from meshbot_core.types import Clock

_REFUSED: Final = f"[Errno {errno.ECONNREFUSED}]"
_KEEPALIVE_S: Final = 4.0
"""Below the reference's 5 s, so that a line is not closed under a message."""


@dataclass(frozen=True, slots=True)
class _KeptLine:
    line: Line
    url: str
    tls: ssl.SSLContext | None
    used_at_s: float


class PeerClient:
    """Speaks to peers; made by ``connected``.

    Messages go over a connection of their own to each peer, unless a proxy is configured.
    """

    def __init__(self, session: aiohttp.ClientSession, key: MeshKey, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._headers = {
            "Authorization": f"Bearer {key.text}",
            "Content-Type": "application/json",
        }
        self._head_text = "".join(f"{name}: {text}\r\n" for name, text in self._headers.items())
        self._lines: dict[str, _KeptLine] = {}
        self._tls: ssl.SSLContext | None = None
        self._proxy: str | None = None
        self._timeouts = Timeouts()

    def configure(self, config: MeshConfig, tls: ssl.SSLContext | None) -> None:
        """Use these time limits, this proxy and this view of certificates from now on."""
        self._tls = tls
        self._proxy = config.proxy
        self._timeouts = config.timeouts

    async def post(self, name: str, peer: Peer, path: str, body: bytes) -> tuple[int, bytes]:
        """Send a signed message; the status and what was answered, cut at a bound.

        Not to be called for one peer again before it returns.

        Raises:
            PeerUnreachableError: No answer within the time limits.
        """
        try:
            if self._proxy is not None:
                return await self._posted_by_proxy(peer.url + path, body)
            async with asyncio.timeout(self._timeouts.send_seconds):
                return await self._posted(name, peer.url, path, body)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PeerUnreachableError(
                f'"{name}" does not answer at {peer.url}: {why(error)}',
                hint=f"start it there with: meshbot serve --as {name}",
            ) from error

    async def _posted(self, name: str, url: str, path: str, body: bytes) -> tuple[int, bytes]:
        target = target_of(url)
        head = (
            f"POST {target.base_path}{path} HTTP/1.1\r\nHost: {target.host_header}\r\n"
            f"{self._head_text}Content-Length: {len(body)}\r\n\r\n"
        )
        request = head.encode() + body
        line = self._kept_line(name, url)
        if line is not None:
            try:
                return await self._exchanged(name, url, line, request)
            except ConnectionError:
                # The peer had just closed an idle line: the same bytes again are safe.
                pass
        async with asyncio.timeout(self._timeouts.connect_seconds):
            line = await opened(target, self._tls, max_reply_bytes=MAX_REPLY_BYTES)
        return await self._exchanged(name, url, line, request)

    async def _exchanged(
        self, name: str, url: str, line: Line, request: bytes
    ) -> tuple[int, bytes]:
        reply = await line.exchange(request)
        if line.is_usable:
            now_s = asyncio.get_running_loop().time()
            self._lines[name] = _KeptLine(line, url, self._tls, now_s)
        return reply

    def _kept_line(self, name: str, url: str) -> Line | None:
        """The open line to a peer, if it leads where we want to go; it is no longer kept then."""
        kept = self._lines.pop(name, None)
        if kept is None:
            return None
        idle_s = asyncio.get_running_loop().time() - kept.used_at_s
        is_right = (kept.url, kept.tls) == (url, self._tls)
        if is_right and kept.line.is_usable and idle_s < _KEEPALIVE_S:
            return kept.line
        kept.line.close()
        return None

    def release(self, name: str) -> None:
        """Close the line to a peer soon, unless something is sent to it again."""
        asyncio.get_running_loop().call_later(_KEEPALIVE_S, self._close_if_idle, name)

    def _close_if_idle(self, name: str) -> None:
        kept = self._lines.get(name)
        now_s = asyncio.get_running_loop().time()
        if kept is not None and now_s - kept.used_at_s >= _KEEPALIVE_S:
            del self._lines[name]
            kept.line.close()

    def close(self) -> None:
        """Close every line."""
        for kept in self._lines.values():
            kept.line.close()
        self._lines.clear()

    async def _posted_by_proxy(self, url: str, body: bytes) -> tuple[int, bytes]:
        limits = aiohttp.ClientTimeout(
            total=self._timeouts.send_seconds, connect=self._timeouts.connect_seconds
        )
        async with self._session.post(
            URL(url),
            data=body,
            headers=self._headers,
            timeout=limits,
            ssl=self._tls or True,
            proxy=self._proxy,
            allow_redirects=False,
        ) as answer:
            return answer.status, await _bounded_body(answer, MAX_REPLY_BYTES)

    async def health(self, name: str, peer: Peer) -> PeerHealth:
        """Ask a peer how it is; whatever goes wrong is in the answer."""
        asked_at_ms = self._clock.now_ms()
        try:
            status, body = await self._got(peer.url + "/mesh/health")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return offline(name, peer, why(error))
        return judged(
            name,
            peer,
            status=status,
            body=body,
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
        )

    async def ask_standing(self, peer: Peer, ask_id: str) -> AskStanding:
        """Ask a peer how far an ask of ours is that it has."""
        headers = {"Authorization": self._headers["Authorization"]}
        try:
            return standing_in(
                *await self._got(peer.url + ASKS_PATH + quote(ask_id, safe=""), headers)
            )
        except (aiohttp.ClientError, OSError, ValueError):
            return "away"

    async def _got(self, url: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        limits = aiohttp.ClientTimeout(
            total=self._timeouts.health_seconds,
            connect=min(self._timeouts.connect_seconds, self._timeouts.health_seconds),
        )
        async with self._session.get(
            URL(url),
            headers=headers,
            timeout=limits,
            ssl=self._tls or True,
            proxy=self._proxy,
            allow_redirects=False,
        ) as answer:
            return answer.status, await _bounded_body(answer, MAX_HEALTH_BYTES)


@contextlib.asynccontextmanager
async def connected(key: MeshKey, clock: Clock) -> AsyncIterator[PeerClient]:
    """A client whose connections are closed when the block ends."""
    # No limit on connections: with a shared one, peers that hang would keep the others waiting.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_S)
    async with aiohttp.ClientSession(
        connector=connector,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        client = PeerClient(session, key, clock)
        try:
            yield client
        finally:
            client.close()


def why(error: Exception) -> str:
    """A library's error in a few words."""
    match error:
        case TimeoutError():
            text = "no answer in time"
        case aiohttp.ClientConnectorCertificateError():
            text = f"its certificate is not accepted: {error.certificate_error}"
        case ssl.SSLCertVerificationError():
            text = f"its certificate is not accepted: {error.verify_message}"
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            text = "its host name is not known"
        case aiohttp.ServerDisconnectedError():
            text = "it closed the connection"
        case OSError() if error.errno == errno.ECONNREFUSED or _REFUSED in str(error):
            text = "connection refused"
        case OSError():
            text = error.strerror or str(error)
        case _:
            text = str(error)
    return text or type(error).__name__


async def _bounded_body(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > max_bytes:
            answer.close()
            return b""
    return b"".join(pieces)
