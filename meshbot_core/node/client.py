"""HTTP towards peers, for processes that live long."""

import contextlib
import errno
import ssl
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
from yarl import URL

from meshbot_core.errors import PeerUnreachableError
from meshbot_core.mesh.config import MeshConfig, Peer
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.node.health import MAX_HEALTH_BYTES, PeerHealth, judged, offline
from meshbot_core.node.verdict import MAX_REPLY_BYTES
from meshbot_core.types import Clock

_KEEPALIVE_S: Final = 4.0
"""Below the reference's 5 s, so that a line is not closed under a message."""


class PeerClient:
    """Speaks to peers over one pool of connections; made by ``connected``."""

    def __init__(self, session: aiohttp.ClientSession, key: MeshKey, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._headers = {
            "Authorization": f"Bearer {key.text}",
            "Content-Type": "application/json",
        }
        self._tls: ssl.SSLContext | bool = True
        self._proxy: str | None = None
        self._timeouts = MeshConfig(mesh="any").timeouts

    def configure(self, config: MeshConfig, tls: ssl.SSLContext | None) -> None:
        """Use these time limits, this proxy and this view of certificates from now on."""
        self._tls = tls or True
        self._proxy = config.proxy
        self._timeouts = config.timeouts

    async def post(self, peer: str, url: str, body: bytes) -> tuple[int, bytes]:
        """Send a signed message; the status and what was answered, cut at a bound.

        Raises:
            PeerUnreachableError: No answer within the time limits.
        """
        try:
            return await self._posted_on_living_line(url, body)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _unreachable(peer, url, error) from error

    async def _posted_on_living_line(self, url: str, body: bytes) -> tuple[int, bytes]:
        try:
            return await self._posted(url, body)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # An idle line that the peer had just closed: the same bytes again are safe.
            return await self._posted(url, body)

    async def _posted(self, url: str, body: bytes) -> tuple[int, bytes]:
        limits = aiohttp.ClientTimeout(
            total=self._timeouts.send_seconds, connect=self._timeouts.connect_seconds
        )
        async with self._session.post(
            URL(url),
            data=body,
            headers=self._headers,
            timeout=limits,
            ssl=self._tls,
            proxy=self._proxy,
            allow_redirects=False,
        ) as answer:
            return answer.status, await _bounded_body(answer, MAX_REPLY_BYTES)

    async def health(self, name: str, peer: Peer) -> PeerHealth:
        """Ask a peer how it is; whatever goes wrong is in the answer."""
        limits = aiohttp.ClientTimeout(
            total=self._timeouts.health_seconds,
            connect=min(self._timeouts.connect_seconds, self._timeouts.health_seconds),
        )
        asked_at_ms = self._clock.now_ms()
        try:
            async with self._session.get(
                URL(peer.url + "/mesh/health"),
                timeout=limits,
                ssl=self._tls,
                proxy=self._proxy,
                allow_redirects=False,
            ) as answer:
                body = await _bounded_body(answer, MAX_HEALTH_BYTES)
                status = answer.status
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


@contextlib.asynccontextmanager
async def connected(key: MeshKey, clock: Clock) -> AsyncIterator[PeerClient]:
    """A client whose connections are closed when the block ends."""
    # No limit on connections: the courier holds one to each peer, and a shared limit would let
    # peers that hang keep the others waiting.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_S)
    async with aiohttp.ClientSession(
        connector=connector,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        yield PeerClient(session, key, clock)


def why(error: Exception) -> str:
    """A library's error in a few words."""
    match error:
        case TimeoutError():
            text = "no answer in time"
        case aiohttp.ClientConnectorCertificateError():
            text = f"its certificate is not accepted: {error.certificate_error}"
        case aiohttp.ClientConnectorDNSError():
            text = "its host name is not known"
        case aiohttp.ServerDisconnectedError():
            text = "it closed the connection"
        case aiohttp.ClientOSError() if error.errno == errno.ECONNREFUSED:
            text = "connection refused"
        case OSError():
            text = error.strerror or ""
        case _:
            text = str(error)
    return text or type(error).__name__


def _unreachable(peer: str, url: str, error: Exception) -> PeerUnreachableError:
    return PeerUnreachableError(
        f'"{peer}" does not answer at {url.rpartition("/mesh/")[0]}: {why(error)}',
        hint=f"start it there with: meshbot serve --as {peer}",
    )


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
