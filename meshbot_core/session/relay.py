"""What Claude Code runs for us: ``python3 -SE relay.py hook|wait|status [COMMAND]``.

Standard library only, and little of it: it starts in 25 ms, for some hooks are waited for. A
host that is away never disturbs Claude Code. ``wait`` ends with status 2 to wake the session,
its standard error being what the model then reads.
"""

import os
import select
import socket
import sys
import time

_LIMIT_S = 10.0
_LOOK_S = 1.0
_WAKES = 2
_OK = 200


def _request(path: str, body: bytes, headers: str = "") -> socket.socket:
    """Send a request to the host; the connection, to read the answer from."""
    address = os.environ["MESHBOT_HOOK_URL"].removeprefix("http://")
    host, _, port = address.partition(":")
    connection = socket.create_connection((host, int(port)), timeout=_LIMIT_S)
    token = os.environ.get("MESHBOT_HOOK_TOKEN", "")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Connection: close\r\n{headers}\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def _answer(connection: socket.socket) -> "tuple[int, str, bytes]":
    """Status, waiter and body of a complete answer; ConnectionError when it is cut."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    # Not until the connection ends: the host keeps it until it knows that the text was written.
    length = int(fields.get("content-length", "0"))
    while len(body) < length:
        body += _more(connection)
    return int(lines[0].split()[1]), fields.get("x-waiter", ""), body[:length]


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the answer was cut")
    return data


def _hook(event: bytes) -> None:
    with _request("/hook", event) as connection:
        status, _, body = _answer(connection)
    if status == _OK:
        sys.stdout.write(body.decode(errors="replace"))


def _status(event: bytes, command: str) -> None:
    try:
        with _request("/status", event) as connection:
            _answer(connection)
    except OSError:
        pass
    if command:
        import subprocess  # noqa: PLC0415 - only this needs it

        subprocess.run(command, shell=True, input=event, check=False)  # noqa: S602 - the user's own


def _is_claude_gone(claude: int) -> bool:
    """Whether claude ended: we have another parent then, and nobody reads what we write."""
    if os.getppid() != claude:
        return True
    poll = select.poll()
    for fd in (1, 2):
        poll.register(fd, 0)
    return any(what & select.POLLERR for _, what in poll.poll(0))


def _wait(event: bytes) -> int:
    claude = os.getppid()
    while not _is_claude_gone(claude):
        try:
            with _request("/wait", event, f"X-Claude-Pid: {claude}\r\n") as connection:
                if not _is_readable(connection, claude):
                    return 0
                status, waiter, text = _answer(connection)
                # The connection stays open meanwhile: closed, it would mean that we are gone.
                return _woken(waiter, text) if status == _OK else 0
        except OSError:
            time.sleep(_LOOK_S)  # the host is just being replaced
    return 0


def _is_readable(connection: socket.socket, claude: int) -> bool:
    """Wait for the answer; False when claude ended first."""
    while True:
        ready, _, _ = select.select([connection], [], [], _LOOK_S)
        if ready:
            return True
        if _is_claude_gone(claude):
            return False


def _woken(waiter: str, text: bytes) -> int:
    sys.stderr.buffer.write(text)
    sys.stderr.flush()
    try:
        with _request(f"/woken/{waiter}", b"") as connection:
            _answer(connection)
    except OSError:
        pass  # it is written: what the host does not hear it will show again, marked
    return _WAKES


def main() -> int:
    """Do what the command line says; the exit status."""
    what, *more = sys.argv[1:]
    event = sys.stdin.buffer.read()
    try:
        if what == "wait":
            return _wait(event)
        if what == "hook":
            _hook(event)
        else:
            _status(event, more[0] if more else "")
    except (OSError, ValueError, KeyError):
        pass  # no host, no answer: claude goes on as if we were not there
    return 0


if __name__ == "__main__":
    sys.exit(main())
