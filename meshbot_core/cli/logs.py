"""``logs``: what happened in an agent's session, from the file that its host writes."""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Final, Self

import click

from meshbot_core.cli.options import complete_peer, mesh_option
from meshbot_core.cli.show import line, note, paint
from meshbot_core.clients.looks import local_agent
from meshbot_core.clients.text import plain
from meshbot_core.errors import StorageError
from meshbot_core.mesh.paths import open_mesh

_LOOK_AGAIN_S: Final = 0.2
_READ_BYTES: Final = 256 * 1024
_MOST_LINES: Final = 100_000


@click.command()
@click.argument("name", shell_complete=complete_peer)
@click.option("-f", "--follow", "is_following", is_flag=True, help="Go on as lines come.")
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(0, _MOST_LINES),
    default=50,
    show_default=True,
    metavar="N",
    help="How many lines from the end.",
)
@click.option("--host", "has_host", is_flag=True, help="The lines of its host too.")
@mesh_option
def logs(*, name: str, is_following: bool, count: int, has_host: bool, mesh: str) -> None:
    """Show what happened in an agent's session; it need not run."""
    agent = local_agent(open_mesh(mesh), name)
    with contextlib.ExitStack() as stack:
        followed = [stack.enter_context(Followed(agent.session_log))]
        if has_host:
            followed.insert(0, stack.enter_context(Followed(agent.host_log, mark="host")))
        is_empty = not _print_ends(followed, count)
        if is_empty and not is_following:
            note(f'"{plain(name)}" has no log yet.')
        while is_following:
            for log in followed:
                for text in log.more():
                    _print(log, text)
            time.sleep(_LOOK_AGAIN_S)


def _print_ends(shown: "Sequence[Followed]", count: int) -> bool:
    """Print the last lines of each; whether there were any."""
    ends = [(log, text) for log in shown for text in log.last(count)]
    for log, text in ends:
        _print(log, text)
    return bool(ends)


def _print(log: "Followed", text: str) -> None:
    mark = paint(f"{log.mark} ", "dim") if log.mark else ""
    line(mark + plain(text))


@dataclass(slots=True)
class Followed:
    """A log file and how far it was read; ``.1`` beside it is what it was before."""

    path: Path
    mark: str = ""
    _file: BufferedReader | None = None
    _left: bytes = field(default=b"")

    def __enter__(self) -> Self:
        """Nothing is opened before it is read."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what is open."""
        self._close()

    def last(self, count: int) -> list[str]:
        """The last lines, of the older file too; what comes after them is ``more``."""
        lines = list(self.more())
        if len(lines) < count:
            lines = [*self._older(), *lines]
        return lines[len(lines) - min(count, len(lines)) :]

    def more(self) -> Iterator[str]:
        """The whole lines that were written since, through the change to a new file."""
        while True:
            yield from self._read()
            if not self._was_replaced():
                return
            # Between the last reading and the change more may have been written.
            yield from self._read()
            self._close()

    def _read(self) -> Iterator[str]:
        if self._file is None:
            try:
                self._file = self.path.open("rb")
            except FileNotFoundError:
                return
            except OSError as error:
                raise StorageError(f"{self.path} cannot be read: {error.strerror}") from error
        while data := self._file.read(_READ_BYTES):
            *whole, self._left = (self._left + data).split(b"\n")
            yield from (text.decode(errors="replace") for text in whole)

    def _was_replaced(self) -> bool:
        if self._file is None:
            return False
        try:
            return not os.path.samestat(self.path.stat(), os.fstat(self._file.fileno()))
        except OSError:
            return False

    def _older(self) -> list[str]:
        older = self.path.with_name(f"{self.path.name}.1")
        try:
            return older.read_text(errors="replace").splitlines()
        except OSError:
            return []

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._left = None, b""
