"""Becomes a program that ends with the process that started it.

Run as ``python -I -S launcher.py [--tty] -- PROGRAM ARGUMENTS...``, as the leader of a session of
its own. With ``--tty`` standard input becomes the controlling terminal. Standard library only,
for it is started before each program.
"""

import fcntl
import os
import sys
import termios

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_NOT_FOUND = 127
_NOT_RUN = 126


def _die_with_parent() -> None:
    """Ask the system to kill us when our parent dies; it may be dead already."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415 - only here, and slow

    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(_NOT_RUN)


def main() -> int:
    """Become the program; returns only when it cannot be run."""
    words = sys.argv[1:]
    if words[:1] == ["--tty"]:
        words = words[1:]
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    _die_with_parent()
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
