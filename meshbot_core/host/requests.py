"""Reading requests of the control socket, and answering them."""

import math
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from meshbot_core.errors import InvalidArgumentError

_SOL_LOCAL: Final = 0
_LOCAL_PEERCRED: Final = 1
_LOCAL_PEERPID: Final = 2
_XUCRED: Final = struct.Struct("=II")
"""Version and uid; groups follow."""
_XUCRED_BYTES: Final = 76
_PEERCRED: Final = struct.Struct("3i")
_LARGEST: Final = 2**53
"""Up to here every whole number is a JSON number, and SQLite's too."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class SocketPeer:
    """The process at the other end of the Unix socket; None where the system does not tell."""

    pid: int | None = None
    uid: int | None = None


def peer_of(request: web.Request) -> SocketPeer:
    """Who sent a request."""
    connection: socket.socket | None = (
        request.transport.get_extra_info("socket") if request.transport else None
    )
    if connection is None:
        return SocketPeer()
    if hasattr(socket, "SO_PEERCRED"):
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size)
        pid, uid, _ = _PEERCRED.unpack(data)
        return SocketPeer(pid=pid, uid=uid)
    if sys.platform == "darwin":
        return _peer_on_macos(connection)
    return SocketPeer()


def _peer_on_macos(connection: socket.socket) -> SocketPeer:
    """As ``sys/un.h`` and ``sys/ucred.h`` of macOS have it."""
    try:
        data = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
        pid = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID)
    except OSError:
        return SocketPeer()
    _, uid = _XUCRED.unpack_from(data)
    return SocketPeer(pid=pid, uid=uid)


async def body_of(request: web.Request, model: type[Model]) -> Model:
    """The body as ``model``.

    Raises:
        InvalidArgumentError: It is not; says which member.
    """
    try:
        return model.model_validate_json(await request.read())
    except web.RequestPayloadError as error:
        raise InvalidArgumentError(f"{request.path}: the body is broken") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidArgumentError(f"{request.path}: {where}: {first['msg']}") from error


def number(request: web.Request, name: str, default: float) -> float:
    """A number of the query.

    Raises:
        InvalidArgumentError: It is none.
    """
    text = request.query.get(name)
    try:
        found = default if text is None else float(text)
    except ValueError as error:
        raise InvalidArgumentError(f"{request.path}: {name}: not a number") from error
    if not math.isfinite(found):
        raise InvalidArgumentError(f"{request.path}: {name}: not a number")
    return found


def whole(request: web.Request, name: str, default: int) -> int:
    """A whole number of the query; the rest of a broken one is dropped.

    Raises:
        InvalidArgumentError: It is no number.
    """
    return int(max(-_LARGEST, min(_LARGEST, number(request, name, default))))


def optional(request: web.Request, name: str) -> int | None:
    """A whole number of the query, None when it is not there."""
    return None if name not in request.query else whole(request, name, 0)


def answered(model: BaseModel, status: int = 200) -> web.Response:
    """A model as the answer."""
    return web.Response(
        body=model.model_dump_json().encode(), status=status, content_type="application/json"
    )
