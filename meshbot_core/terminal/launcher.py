"""Becomes a program that ends with the process that started it, and takes along what it started.

Run as ``python -I -S launcher.py [--tty] [--mark NAME] -- PROGRAM ARGUMENTS...``, as the leader of
a session of its own. With ``--tty`` standard input becomes the controlling terminal. With
``--mark`` somebody stays beside the program: when who started it dies, that ends every process
with the same value of the environment variable NAME, whatever group or session it put itself
into. Standard library only, for it is started before each program.
"""

import fcntl
import os
import sys
import termios

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_SIGTERM = 15
_NOT_FOUND = 127
_NOT_RUN = 126
_GRACE_S = 1.0
_BOTH_DIE_WITHIN_MS = 500


def _die_with_parent() -> None:
    """Ask the system to kill us when our parent dies; it may be dead already."""
    import ctypes  # noqa: PLC0415 - only here, and slow

    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(_NOT_RUN)


def _leave_a_guard(name: str) -> None:
    """Have somebody stay who outlives our parent; the program knows nothing of them.

    Where that cannot be had (an old kernel, a Python built on one, too many processes) the next
    host finds what is left.
    """
    if not hasattr(os, "pidfd_open"):
        return
    try:
        parent, program = os.pidfd_open(os.getppid()), os.pidfd_open(os.getpid())
        child = os.fork()
    except OSError:
        return
    if child:
        os.waitpid(child, 0)
        os.close(parent)
        os.close(program)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            _guard(parent, program, f"{name}={os.environ.get(name, '')}".encode())
    finally:
        os._exit(0)


def _guard(parent: int, program: int, mark: bytes) -> None:
    """Wait for the end of one of them; when it is our program's starter, end all that is marked."""
    import select  # noqa: PLC0415 - only here

    os.chdir("/")
    kept = sorted((parent, program))
    for begin, end in zip(
        (0, kept[0] + 1, kept[1] + 1), (*kept, os.sysconf("SC_OPEN_MAX")), strict=True
    ):
        os.closerange(begin, end)
    poll = select.poll()
    poll.register(parent, select.POLLIN)
    poll.register(program, select.POLLIN)
    poll.poll()
    poll.unregister(program)
    # The program dies with its starter, and may be seen to do so first.
    if poll.poll(_BOTH_DIE_WITHIN_MS):
        _end_marked(mark)


def _end_marked(mark: bytes) -> None:
    import signal  # noqa: PLC0415 - only here
    import time  # noqa: PLC0415 - only here

    left = [fd for name in os.listdir("/proc") if (fd := _marked(name, mark)) is not None]  # noqa: PTH208 - pathlib is slow to start
    for number, pause_s in ((_SIGTERM, _GRACE_S), (_SIGKILL, 0.0)):
        for fd in left:
            try:  # noqa: SIM105 - contextlib is slow to start
                signal.pidfd_send_signal(fd, number)
            except OSError:
                pass  # it has ended
        time.sleep(pause_s)


def _marked(name: str, mark: bytes) -> "int | None":
    """A hold on the process, when it has the mark: its id alone could be another's by then."""
    if not name.isdigit() or int(name) == os.getpid():
        return None
    fd = -1
    try:
        fd = os.pidfd_open(int(name))
        with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123 - pathlib is slow to start
            if mark in file.read().split(b"\0"):
                return fd
    except OSError:
        pass  # another user's, or gone
    if fd >= 0:
        os.close(fd)
    return None


def main() -> int:
    """Become the program; returns only when it cannot be run."""
    words = sys.argv[1:]
    if words[:1] == ["--tty"]:
        words = words[1:]
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    mark = ""
    if words[:1] == ["--mark"]:
        mark, words = words[1], words[2:]
    if sys.platform == "linux":
        _die_with_parent()
        if mark:
            _leave_a_guard(mark)
    program = words[1:]
    try:
        os.execvp(program[0], program)  # noqa: S606 - that is what this is for
    except FileNotFoundError:
        status = _NOT_FOUND
    except OSError:
        status = _NOT_RUN
    sys.stderr.write(f"{program[0]} cannot be run\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
