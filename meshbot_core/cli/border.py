"""The one place where a command's errors become a line on standard error and an exit status."""

import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from typing import Final, TextIO

import click

from meshbot_core.cli.show import note, paint
from meshbot_core.clients.text import plain
from meshbot_core.errors import (
    ConfigError,
    KeyFileError,
    MeshError,
    PeerUnreachableError,
    PortInUseError,
    StorageError,
    UnknownPeerError,
)

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130
EXIT_BROKEN_PIPE: Final = 141

_NEXT_STEPS: Final[Mapping[type[MeshError], str]] = {
    UnknownPeerError: "see who is there: meshbot status; add one: meshbot add-peer NAME URL",
    ConfigError: "correct the file, then: meshbot doctor",
    KeyFileError: "run: meshbot doctor",
    StorageError: "run: meshbot doctor",
    PeerUnreachableError: "see who is there: meshbot status",
    PortInUseError: "take another one: --port 0 finds a free one",
}


def exit_status(run: Callable[[], None]) -> int:
    """Run a command; say what went wrong in a line or two, never with a traceback.

    Returns:
        0, the error's own exit status, 2 for wrong usage, 70 for a bug of ours, 130 after
        Ctrl-C, 141 when the reader of our output went away.
    """
    status = 0
    try:
        run()
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        status = done.exit_code
    except (KeyboardInterrupt, click.Abort):
        status = EXIT_INTERRUPTED
    except BrokenPipeError:
        _send_to_nowhere(sys.stdout)
        status = EXIT_BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the outermost border
        status = _said(_innermost(error))
    return status


def _next_step(error: MeshError) -> str:
    """The error's own hint, else what to type after an error of its class."""
    fallbacks = (step for cls, step in _NEXT_STEPS.items() if isinstance(error, cls))
    return error.hint or next(fallbacks, "")


def complain(message: str, hint: str = "") -> None:
    """One line of what is wrong, and one of what to do about it."""
    note(f"{paint('meshbot:', 'red', sys.stderr)} {plain(message)}")
    if hint:
        note(f"  {plain(hint)}")


def _said(error: BaseException) -> int:
    if isinstance(error, MeshError):
        complain(str(error), _next_step(error))
        return error.exit_status
    if isinstance(error, click.ClickException):
        return _said_usage(error)
    _debug(error)
    if isinstance(error, OSError):
        complain(_in_words(error), "more with: meshbot doctor")
        return EXIT_FAILED
    complain(f"a bug of meshbot: {type(error).__name__}: {error}", _kept(error))
    return EXIT_BUG


def _said_usage(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        note(error.format_message())
    else:
        complain(error.format_message(), _usage_hint(error))
    return error.exit_code


def _innermost(error: BaseException) -> BaseException:
    """The one error inside groups of one, as task groups raise them; else the first MeshError."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        meant = (inner for inner in error.exceptions if isinstance(inner, MeshError))
        error = next(meant, error.exceptions[0])
    return error


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"try: {context.command_path if context else 'meshbot'} --help"


def _in_words(error: OSError) -> str:
    what = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {what}" if error.filename else what


def _is_debugging() -> bool:
    return bool(os.environ.get("MESHBOT_DEBUG"))


def _debug(error: BaseException) -> None:
    if _is_debugging():
        traceback.print_exception(error)


def _kept(error: BaseException) -> str:
    """Write the traceback where only the user can read it; return what to say about it."""
    if _is_debugging():
        return ""
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="meshbot-bug-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            traceback.print_exception(error, file=log)
    except OSError:
        return "details with: MESHBOT_DEBUG=1"
    return f"details are in {log.name}"


def _send_to_nowhere(stream: TextIO) -> None:
    """Keep the interpreter from failing once more when it flushes at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        stream.close()
    finally:
        os.close(nowhere)
