"""Writes down what tmux shows of each recording: ``python -m tests.tui.terminal_widget.tmux``."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory
from typing import Final

from tests.support.recordings import ALL, Recording

_LIMIT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """A tmux of its own."""

    name: str

    async def does(self, *words: str) -> str:
        """Tell it something; what it says."""
        process = await asyncio.create_subprocess_exec(
            *("tmux", "-L", self.name, "-f", "/dev/null", *words), stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, words
        return said.decode()


async def main() -> None:
    """Ask the tmux of this machine."""
    for recording in ALL:
        recording.tmux.write_text(await shown(recording), encoding="utf-8")


async def shown(recording: Recording) -> str:
    """The rows that tmux has after the same bytes, with SGR's sequences."""
    server = Server(f"recordings-{os.getpid()}-{recording.name}")
    with TemporaryDirectory() as folder:
        files = _written(recording, Path(folder))
        try:
            return await _shown(server, files, [size for size, _ in recording.parts])
        finally:
            await server.does("kill-server")


def _written(recording: Recording, folder: Path) -> list[Path]:
    files = []
    for number, (_, data) in enumerate(recording.parts):
        files.append(folder / str(number))
        files[-1].write_bytes(data)
    return files


async def _shown(server: Server, files: list[Path], sizes: list[tuple[int, int]]) -> str:
    # It has read everything once it has read the title behind it.
    steps = [
        f"cat {quote(str(file))}; printf '\\033]2;{number} shown\\007'; read goes_on"
        for number, file in enumerate(files)
    ]
    command = f"stty raw -echo; {'; '.join(steps)}"
    await server.does(
        *("set", "-g", "status", "off", ";"),
        *("new-session", "-d", "-x", str(sizes[0][0]), "-y", str(sizes[0][1]), command),
    )
    for number, (columns, rows) in enumerate(sizes):
        if number:
            await server.does("resize-window", "-x", str(columns), "-y", str(rows))
            await server.does("send-keys", "C-j")
        async with asyncio.timeout(_LIMIT_S):
            while (
                await server.does("display-message", "-p", "#{pane_title}") != f"{number} shown\n"
            ):
                pass
    return await server.does("capture-pane", "-p", "-e", "-N")


if __name__ == "__main__":
    asyncio.run(main())
