"""What a streamed screen costs on the way to a terminal: through the console, and through tmux."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.terminal.pty_process import PtyProcess
from meshbot_core.terminal.screen import Screen
from tests.bench.console_bench import scene
from tests.bench.host_bench import bench_mesh
from tests.bench.screen_bench import BYTES_PER_S, RECORDING
from tests.console.terminal import Terminal, console
from tests.support import stand_in_program
from tests.support.waiting import until

Figures = dict[str, float]
_COLUMNS, _ROWS = 120, 40
_SECONDS = 20.0
_SIZE = re.compile(r"size (\d+)x(\d+)")


def run() -> Figures:
    """Bytes a second to the terminal for the same recording, and the console's part of tmux's."""
    if shutil.which("tmux") is None:
        return {}
    with bench_mesh() as paths:
        return asyncio.run(_compared(paths))


async def _compared(paths: MeshPaths) -> Figures:
    ours, theirs = await _through_the_console(paths), await _through_tmux(Path(paths.home))
    return {
        "console_bytes_per_s": ours,
        "tmux_bytes_per_s": theirs,
        "times_tmux": ours / theirs,
    }


async def _through_the_console(paths: MeshPaths) -> float:
    """In a terminal just so large that the pane has the size of the recording."""
    async with scene(paths, 1):
        columns, rows = _COLUMNS, _ROWS
        for _ in range(2):
            async with console(paths.home, "-m", paths.mesh, columns=columns, rows=rows) as found:
                await found.shows("Welcome")
                found.press("\r")
                await found.shows("keys go here")
                before = len(_SIZE.findall(found.text))
                await found.types("size")
                await until(partial(_has_said, found, before), 10)
                pane_columns, pane_rows = map(int, _SIZE.findall(found.text)[-1])
                if (pane_columns, pane_rows) == (_COLUMNS, _ROWS):
                    return await _replayed(found)
            columns, rows = columns + _COLUMNS - pane_columns, rows + _ROWS - pane_rows
        raise RuntimeError(f"the pane is {pane_columns}x{pane_rows} in {columns}x{rows}")


def _has_said(terminal: Terminal, before: int) -> bool:
    return len(_SIZE.findall(terminal.text)) > before


async def _replayed(terminal: Terminal) -> float:
    terminal.press(f"replay {BYTES_PER_S} {RECORDING}\r")
    return await _bytes_per_s(terminal)


async def _bytes_per_s(terminal: Terminal) -> float:
    await asyncio.sleep(3)  # until the first screen stands
    before = len(terminal.received)
    await asyncio.sleep(_SECONDS)
    return (len(terminal.received) - before) / _SECONDS


async def _through_tmux(folder: Path) -> float:
    code = (
        "import runpy, pathlib, sys; "
        f"program = runpy.run_path({str(stand_in_program.__file__)!r}); "
        f"program['replay']({BYTES_PER_S}, pathlib.Path(sys.argv[1]).read_bytes())"
    )
    replay = [sys.executable, "-c", code, str(RECORDING)]
    async with _tmux(folder, replay) as terminal:
        return await _bytes_per_s(terminal)


@asynccontextmanager
async def _tmux(folder: Path, words: list[str]) -> AsyncIterator[Terminal]:
    """A tmux with this one program and no status line, in a terminal of the recording's size."""
    server = str(folder / "tmux.sock")
    configuration = folder / "tmux.conf"
    configuration.write_text(
        "set -g status off\n"
        "set -g default-terminal tmux-256color\n"
        "set -as terminal-features ,*:RGB\n"
    )
    terminal = Terminal(Screen(_COLUMNS, _ROWS))
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("TMUX", "COLUMNS", "LINES")
    }
    async with PtyProcess.started(
        ["tmux", "-S", server, "-f", str(configuration), "new-session", *words],
        environment=environment | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
        folder=folder,
        columns=_COLUMNS,
        rows=_ROWS,
        on_output=terminal.heard,
    ) as process:
        terminal.process = process
        try:
            yield terminal
        finally:
            ending = await asyncio.create_subprocess_exec("tmux", "-S", server, "kill-server")
            await ending.wait()
