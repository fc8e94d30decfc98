"""One message, or one round of health questions, without a host: for commands that end.

Nothing heavy is imported here: the command line waits for it.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Final

import httpx

from meshbot_core.errors import PeerUnreachableError
from meshbot_core.mesh.config import MeshConfig, Peer
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.mesh.peers import peer as peer_named
from meshbot_core.node.health import MAX_HEALTH_BYTES, PeerHealth, judged, offline
from meshbot_core.node.tls import client_context, speaks_tls
from meshbot_core.node.verdict import MAX_REPLY_BYTES, PATHS, Fate, refusal, verdict
from meshbot_core.types import Clock, SystemClock, new_id
from meshbot_core.wire.admission import compose
from meshbot_core.wire.message import encode

_MAX_PROBES: Final = 256


def send_once(
    config: MeshConfig,
    key: MeshKey,
    paths: MeshPaths,
    *,
    sender: str,
    to: str,
    message: str,
    now_ms: int,
) -> str:
    """Send one plain message, try once, and return its id.

    Raises:
        UnknownPeerError: ``to`` is not in the mesh.
        PeerUnreachableError: It does not answer in time.
        PeerRefusedError: It said no.
    """
    peer = peer_named(config, to)
    wire = compose(
        key,
        id=new_id(),
        sender=sender,
        to=to,
        kind="message",
        payload=message,
        reply_to=None,
        timestamp=now_ms,
        nonce=new_id(),
    )
    headers = {"Authorization": f"Bearer {key.text}", "Content-Type": "application/json"}
    status, body = asyncio.run(_posted(config, paths, to, peer, body=encode(wire), headers=headers))
    found = verdict(status, body)
    if found.fate is not Fate.DELIVERED:
        raise refusal(to, status, found)
    return wire.id


def probe_peers(
    config: MeshConfig, paths: MeshPaths, *, clock: Clock | None = None
) -> Iterator[PeerHealth]:
    """Ask every peer how it is, all at once; answers as they come."""
    with asyncio.Runner() as runner:
        answers = probes(config, paths, clock=clock or SystemClock())
        while True:
            found = runner.run(_next(answers))
            if found is None:
                return
            yield found


async def probes(
    config: MeshConfig, paths: MeshPaths, *, clock: Clock
) -> AsyncIterator[PeerHealth]:
    """The same for callers with a loop."""
    slots = asyncio.Semaphore(_MAX_PROBES)
    found: asyncio.Queue[PeerHealth] = asyncio.Queue()
    async with _client(config, paths, config.timeouts.health_seconds) as client:

        async def ask(name: str, peer: Peer) -> None:
            async with slots:
                found.put_nowait(await _health(client, config, name, peer, clock))

        async with asyncio.TaskGroup() as group:
            for name, peer in config.peers.items():
                group.create_task(ask(name, peer))
            for _ in config.peers:
                yield await found.get()


async def _next(answers: AsyncIterator[PeerHealth]) -> PeerHealth | None:
    return await anext(answers, None)


async def _posted(
    config: MeshConfig,
    paths: MeshPaths,
    name: str,
    peer: Peer,
    *,
    body: bytes,
    headers: dict[str, str],
) -> tuple[int, bytes]:
    limit_s = config.timeouts.send_seconds
    try:
        async with asyncio.timeout(limit_s), _client(config, paths, limit_s) as client:
            url = peer.url + PATHS["message"]
            async with client.stream("POST", url, content=body, headers=headers) as answer:
                return answer.status_code, await _bounded_body(answer, MAX_REPLY_BYTES)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ssl.SSLError, OSError) as error:
        raise PeerUnreachableError(
            f'"{name}" does not answer at {peer.url}: {_why(error)}',
            hint=f"start it there with: meshbot serve --as {name}",
        ) from error


async def _health(
    client: httpx.AsyncClient, config: MeshConfig, name: str, peer: Peer, clock: Clock
) -> PeerHealth:
    asked_at_ms = clock.now_ms()
    try:
        async with (
            asyncio.timeout(config.timeouts.health_seconds),
            client.stream("GET", peer.url + "/mesh/health") as answer,
        ):
            body = await _bounded_body(answer, MAX_HEALTH_BYTES)
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ssl.SSLError, OSError) as error:
        return offline(name, peer, _why(error))
    return judged(
        name,
        peer,
        status=status,
        body=body,
        asked_at_ms=asked_at_ms,
        answered_at_ms=clock.now_ms(),
    )


def _client(config: MeshConfig, paths: MeshPaths, limit_s: float) -> httpx.AsyncClient:
    # Reading the system's authorities takes 20 ms; a mesh on plain HTTP does without.
    needs_tls = speaks_tls(config)
    context = (
        client_context(config, paths) if needs_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    connect_s = min(config.timeouts.connect_seconds, limit_s)
    return httpx.AsyncClient(
        verify=context,
        proxy=config.proxy,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(limit_s, connect=connect_s, pool=None),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
    )


async def _bounded_body(answer: httpx.Response, max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.aiter_raw():
        pieces.append(piece)
        size += len(piece)
        if size > max_bytes:
            return b""
    return b"".join(pieces)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "no answer in time"
    text = str(error)
    if "Connection refused" in text or "All connection attempts failed" in text:
        return "connection refused"
    if any(isinstance(each, socket.gaierror) for each in _causes(error)):
        return "its host name is not known"
    return text or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
