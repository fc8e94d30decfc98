"""Watching and driving a session's screen from another process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
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
from meshbot_core.terminal.frames import Ended, Frame, Output, Repaint
from meshbot_core.terminal.screen import ScrollbackPage

_CLOSING: Final = aiohttp.ClientWSTimeout(ws_close=0.5)
"""A host that hangs keeps nobody."""
ANSWER_LIMIT_S: Final = 10.0
"""A host that has just come up first finds out what became of the last one's session."""


class ScreenClient:
    """One viewer; made by ``connected``."""

    def __init__(
        self, agent: str, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        self._agent = agent
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
            HostUnavailableError: No host answers, or not within ``ANSWER_LIMIT_S``.
        """
        connector = aiohttp.UnixConnector(str(socket_of(agent)))
        no_limit = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(
            "http://host", connector=connector, timeout=no_limit
        ) as http:
            size = urlencode({"columns": columns, "rows": rows, "onlooker": int(is_onlooker)})
            socket = await _opened(agent.agent, http, f"/v1/session/screen?{size}")
            try:
                yield cls(agent.agent, http, socket)
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
                    yield Repaint(*repaint, message.data)
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
        """Lines that have scrolled out: the ``limit`` before line ``before``, or the newest.

        Raises:
            NoSessionError: The session is over.
            HostUnavailableError: The host is gone, or says nothing that is understood.
        """
        query = {"limit": str(limit)} | ({} if before is None else {"before": str(before)})
        status, body = await _asked(self._agent, self._http, query)
        if status >= HTTPStatus.BAD_REQUEST:
            raise _refused(status, body)
        try:
            return ScrollbackPage.model_validate_json(body)
        except ValidationError as error:
            raise HostUnavailableError(
                f"the host of {self._agent!r} tells its lines in a way that is not understood"
            ) from error


async def _opened(
    agent: str, http: aiohttp.ClientSession, target: str
) -> aiohttp.ClientWebSocketResponse:
    try:
        with _translating(agent):
            async with asyncio.timeout(ANSWER_LIMIT_S):
                return await http.ws_connect(target, max_msg_size=0, timeout=_CLOSING)
    except aiohttp.WSServerHandshakeError as error:
        if error.status == HTTPStatus.FORBIDDEN:
            raise DecisionForbiddenError(
                "a session cannot type into a session", hint="do that from a terminal of your own"
            ) from error
        # Why the host shows no screen it says to a plain request.
        raise _refused(*await _asked(agent, http, {})) from error


async def _asked(
    agent: str, http: aiohttp.ClientSession, query: Mapping[str, str]
) -> tuple[int, bytes]:
    with _translating(agent):
        async with (
            asyncio.timeout(ANSWER_LIMIT_S),
            http.get("/v1/session/scrollback", params=query) as response,
        ):
            return response.status, await response.read()


def _refused(status: int, body: bytes) -> MeshError:
    with contextlib.suppress(ValidationError):
        said = ErrorBody.model_validate_json(body)
        return NoSessionError(said.error, hint=said.hint)
    return NoSessionError(f"the host shows no screen: {status}")


@contextlib.contextmanager
def _translating(agent: str) -> Iterator[None]:
    """A line that breaks, or on which nothing comes, is a host that does not answer."""
    try:
        yield
    except aiohttp.WSServerHandshakeError:
        raise
    except TimeoutError as error:
        raise HostUnavailableError(
            f"the host of {agent!r} says nothing", hint="see: meshbot ps"
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise HostUnavailableError(
            f"no host of {agent!r} answers", hint="see: meshbot ps"
        ) from error
