"""What Claude Code runs for us: ``python3 -SEP relay.py hook|wait|status [COMMAND]``.

Standard library only, and little of it, for some hooks are waited for: ``_socket`` alone starts
in half the time of ``socket``. A host that is away never disturbs Claude Code. ``wait`` ends
with status 2 to wake the session, its standard error being what the model then reads.
"""

import os
import select
import sys
from _socket import AF_INET, SOCK_STREAM, socket

_LIMIT_S = 10.0
_STATUS_LIMIT_S = 1.0
"""A host that hangs must not hold up the user's own status line for long."""
_CONFIRM_LIMIT_S = 2.0
_RETRY_S = 1.0
_OK = 200
_BROKEN = 500
_WAKES = 2
_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL


def _request(path: str, body: bytes, *, headers: str = "", limit_s: float = _LIMIT_S) -> socket:
    """Send a request to the host; the connection, to read the answer from."""
    address = os.environ["MESHBOT_HOOK_URL"].removeprefix("http://")
    host, _, port = address.partition(":")
    connection = socket(AF_INET, SOCK_STREAM)
    connection.settimeout(limit_s)
    connection.connect((host, int(port)))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {os.environ.get('MESHBOT_HOOK_TOKEN', '')}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def _answer(connection: socket) -> "tuple[int, str, bytes]":
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


def _more(connection: socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the answer was cut")
    return data


def _told(path: str, body: bytes, *, limit_s: float = _LIMIT_S) -> bytes:
    """Post ``body``; what the host answers, empty when it is away."""
    try:
        connection = _request(path, body, limit_s=limit_s)
        try:
            status, _, answer = _answer(connection)
        finally:
            connection.close()
    except (OSError, ValueError, LookupError):
        return b""
    return answer if status == _OK else b""


def _write(fd: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            select.select([], [fd], [])


class _Claude:
    """The process that started us, without a shell between: it reads what we write."""

    def __init__(self) -> None:
        self.pid = os.getppid()
        self._poll = select.poll()
        for fd in (1, 2):
            self._poll.register(fd, 0)  # what tells its end is told unasked
        self._end = -1
        if sys.platform == "linux":
            try:
                self._end = os.pidfd_open(self.pid)
                self._poll.register(self._end, select.POLLIN)
            except (OSError, AttributeError):
                pass  # an old kernel, or a Python built on one: the pipes tell it too

    def is_gone(self, within_s: float = 0.0) -> bool:
        """Whether it has ended, or does so in this time."""
        return bool(self._poll.poll(within_s * 1000)) or os.getppid() != self.pid

    def stays_until(self, connection: socket) -> bool:
        """Wait until something comes on ``connection``; False when claude ended before."""
        fd = connection.fileno()
        self._poll.register(fd, select.POLLIN)
        # Where nothing but a new parent tells the end (macOS, with files for pipes) we must look.
        limit_ms = None if self._end >= 0 else _RETRY_S * 1000
        try:
            while True:
                seen = [seen for seen, _ in self._poll.poll(limit_ms)]
                if any(each != fd for each in seen) or os.getppid() != self.pid:
                    return False
                if seen:
                    return True
        finally:
            self._poll.unregister(fd)


def _wait(event: bytes) -> int:
    claude = _Claude()
    while not claude.is_gone():
        try:
            connection = _request("/wait", event, headers=f"X-Claude-Pid: {claude.pid}\r\n")
            try:
                if not claude.stays_until(connection):
                    return 0
                status, waiter, text = _answer(connection)
                if status < _BROKEN:
                    # The connection stays open meanwhile: closed, it says that we are gone.
                    return _wake(claude, waiter, text) if status == _OK else 0
            finally:
                connection.close()
        except OSError:
            pass  # the host is just being replaced
        claude.is_gone(within_s=_RETRY_S)
    return 0


def _wake(claude: _Claude, waiter: str, text: bytes) -> int:
    """Hand over ``text``, and confirm it: what is not confirmed the host shows again."""
    try:
        _write(2, text)
    except OSError:
        return 0
    if claude.is_gone():
        return 0
    _told(f"/woken/{waiter}", b"", limit_s=_CONFIRM_LIMIT_S)
    return _WAKES


def _become(command: str, event: bytes) -> None:
    """Be the user's own status line from here on, with the event on its standard input."""
    import signal  # noqa: PLC0415 - slow, and only this needs it

    theirs, ours = os.pipe()
    if os.fork() == 0:
        try:
            os.close(theirs)
            os.closerange(1, 3)  # or Claude Code would wait for us as well
            _write(ours, event)
        finally:
            os._exit(0)
    os.close(ours)
    os.dup2(theirs, 0)
    os.close(theirs)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and that is inherited
    os.execv("/bin/sh", ["sh", "-c", command])  # noqa: S606 - the user's own words


def main() -> int:
    """Do what the command line says; the exit status."""
    what, *more = sys.argv[1:]
    try:
        event = b"".join(iter(lambda: os.read(0, 65536), b""))
        if what == "wait":
            return _wait(event)
        if what == "hook":
            _write(1, _told("/hook", event))
        else:
            _told("/status", event, limit_s=_STATUS_LIMIT_S)
            if more:
                _become(more[0], event)
    except (OSError, ValueError, LookupError, KeyboardInterrupt):
        pass  # no host, no answer: claude goes on as if we were not there
    return 0


if __name__ == "__main__":
    sys.exit(main())
