"""The screen of a session over a WebSocket: what ``meshbot attach`` and the console open."""

import asyncio
import contextlib
from typing import Final

from aiohttp import WSMsgType, web
from pydantic import ValidationError

from meshbot_core.host.requests import number, whole
from meshbot_core.host.screen_frames import EndedFrame, RepaintFrame, ResizeFrame
from meshbot_core.terminal.frames import Ended, Output, Repaint
from meshbot_core.terminal.viewers import Viewer, Viewers

_MAX_TYPED_BYTES: Final = 4 * 1024 * 1024
_COLUMNS: Final = 80
_ROWS: Final = 24


async def screen_socket(request: web.Request, viewers: Viewers) -> web.WebSocketResponse:
    """Show the screen to one viewer until it leaves, or the session ends."""
    columns = whole(request, "columns", _COLUMNS)
    rows = whole(request, "rows", _ROWS)
    is_onlooker = bool(number(request, "onlooker", 0))
    # A short time-out: else an open socket holds the host's end for seconds.
    socket = web.WebSocketResponse(timeout=0.5, max_msg_size=_MAX_TYPED_BYTES)
    await socket.prepare(request)
    with viewers.watching(columns, rows, is_onlooker=is_onlooker) as viewer:
        async with asyncio.TaskGroup() as group:
            showing = group.create_task(_show(socket, viewers, viewer))
            try:
                await _listen(socket, viewers, viewer)
            finally:
                showing.cancel()
    return socket


async def _show(socket: web.WebSocketResponse, viewers: Viewers, viewer: Viewer) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            match await viewer.next(viewers.repaint):
                case Output(data):
                    await socket.send_bytes(data)
                case Repaint(columns, rows, data):
                    await socket.send_str(
                        RepaintFrame(columns=columns, rows=rows).model_dump_json()
                    )
                    await socket.send_bytes(data)
                case Ended(status, reason):
                    await socket.send_str(
                        EndedFrame(status=status, reason=reason).model_dump_json()
                    )
                    await socket.close()
                    return


async def _listen(socket: web.WebSocketResponse, viewers: Viewers, viewer: Viewer) -> None:
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            viewers.typed(viewer, message.data)
        elif message.type is WSMsgType.TEXT:
            # A frame that this version does not know passes.
            with contextlib.suppress(ValidationError):
                size = ResizeFrame.model_validate_json(message.data)
                viewers.resize(viewer, size.columns, size.rows)
