"""Watching and driving a session's screen from another process."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import aiohttp
from pydantic import ValidationError

from meshbot_core.errors import (
    DecisionForbiddenError,
    HostUnavailableError,
    MeshError,
    NoSessionError,
)
from meshbot_core.host.api import ErrorBody
from meshbot_core.host.screen_frames import TO_VIEWER, EndedFrame, ResizeFrame
from meshbot_core.host.whereabouts import socket_of
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.terminal.screen import ScrollbackPage

_CLOSING: Final = aiohttp.ClientWSTimeout(ws_close=0.5)
"""A host that hangs keeps nobody."""


@dataclass(frozen=True, slots=True)
class Output:
    """Bytes of the program, as they came."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Repainted:
    """The whole screen, of this size: clear yours and write ``data``."""

    columns: int
    rows: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The session has ended; ``status`` is claude's, negative for a signal."""

    status: int | None
    reason: str


Frame = Output | Repainted | Ended


class ScreenClient:
    """One viewer; made by ``connected``."""

    def __init__(
        self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        self._http = http
        self._socket = socket

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(
        cls, agent: AgentPaths, *, columns: int, rows: int, is_onlooker: bool = False
    ) -> AsyncIterator["ScreenClient"]:
        """Watch the screen of the agent's session, for as long as the block runs.

        An onlooker answers none of the program's questions, which the host does for it, and
        sets the size only by typing or resizing.

        Raises:
            NoSessionError: It has no session, or one without a screen.
            DecisionForbiddenError: This process belongs to a session.
            HostUnavailableError: No host answers.
        """
        connector = aiohttp.UnixConnector(str(socket_of(agent)))
        no_limit = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(
            "http://host", connector=connector, timeout=no_limit
        ) as http:
            size = urlencode({"columns": columns, "rows": rows, "onlooker": int(is_onlooker)})
            try:
                socket = await http.ws_connect(
                    f"/v1/session/screen?{size}", max_msg_size=0, timeout=_CLOSING
                )
            except aiohttp.WSServerHandshakeError as error:
                raise await _refusal(http, error) from error
            except aiohttp.ClientError as error:
                raise HostUnavailableError(
                    f"no host of {agent.agent!r} answers", hint="see: meshbot ps"
                ) from error
            try:
                yield cls(http, socket)
            finally:
                await socket.close()

    async def frames(self) -> AsyncIterator[Frame]:
        """What is to be shown, until the session ends or its host is gone."""
        repaint: tuple[int, int] | None = None
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                if repaint is None:
                    yield Output(message.data)
                else:
                    yield Repainted(*repaint, message.data)
                repaint = None
            elif message.type is aiohttp.WSMsgType.TEXT:
                with contextlib.suppress(ValidationError):
                    said = TO_VIEWER.validate_json(message.data)
                    if isinstance(said, EndedFrame):
                        yield Ended(said.status, said.reason)
                        return
                    repaint = (said.columns, said.rows)

    async def type(self, data: bytes) -> None:
        """Type ``data``; nothing happens when the host is gone, which ``frames`` tells."""
        with contextlib.suppress(ConnectionError):
            await self._socket.send_bytes(data)

    async def resize(self, columns: int, rows: int) -> None:
        """Tell the size of the viewer's terminal."""
        with contextlib.suppress(ConnectionError):
            await self._socket.send_str(ResizeFrame(columns=columns, rows=rows).model_dump_json())

    async def scrollback(self, *, before: int | None = None, limit: int = 500) -> ScrollbackPage:
        """Lines that have scrolled out: the ``limit`` before line ``before``, or the newest."""
        query = {"limit": str(limit)} | ({} if before is None else {"before": str(before)})
        async with self._http.get("/v1/session/scrollback", params=query) as response:
            return ScrollbackPage.model_validate_json(await response.read())


async def _refusal(http: aiohttp.ClientSession, error: aiohttp.WSServerHandshakeError) -> MeshError:
    """Why the host shows no screen: it says so to a plain request."""
    if error.status == HTTPStatus.FORBIDDEN:
        return DecisionForbiddenError(
            "a session cannot type into a session", hint="do that from a terminal of your own"
        )
    async with http.get("/v1/session/scrollback") as response:
        with contextlib.suppress(ValidationError):
            said = ErrorBody.model_validate_json(await response.read())
            return NoSessionError(said.error, hint=said.hint)
    return NoSessionError(f"the host shows no screen: {error.status}")
