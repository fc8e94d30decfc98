"""Agents talk on throw-away meshes: ``python -m meshbot_core.demo``, or ``make demo | cat``."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from meshbot_core.demo.binaries import VERSIONS, find_claude
from meshbot_core.demo.checks import Check
from meshbot_core.demo.printing import Printer
from meshbot_core.demo.stage import Stage, stage_set
from meshbot_core.demo.story import Story
from meshbot_core.demo.work import Work
from meshbot_core.errors import MeshError

_INTERRUPTED = 130


class Play(Protocol):
    """One act of the demonstration; ``checks`` fill as it goes."""

    checks: list[Check]

    async def play(self) -> None:
        """Play it to its end."""


ACTS: Final[tuple[Callable[[Stage], Play], ...]] = (Story, Work)


def main() -> int:
    """Play; 0 only if everything happened and nothing is left behind."""
    printer = Printer()
    binary = _introduce(printer)
    began_s = time.monotonic()
    checks: list[Check] = []
    for act in ACTS:
        with stage_set(binary, printer) as stage:
            play = act(stage)
            try:
                failure = _played(play)
            except (KeyboardInterrupt, asyncio.CancelledError):
                printer.line("Stopped.")
                return _INTERRUPTED
        checks += play.checks
        if failure:
            checks.append(Check("the play", False, failure))
        left = stage.leftovers()
        checks.append(
            Check("nothing left behind", not left, ", ".join(left) or "no process, no file")
        )
    printer.heading("What the mailboxes hold")
    for check in checks:
        printer.check(check.is_well, check.what, check.detail)
    is_well = all(check.is_well for check in checks)
    printer.line()
    outcome = "All of it happened" if is_well else "Not all of it happened"
    printer.line(f"{outcome}, in {time.monotonic() - began_s:.0f} s.")
    return 0 if is_well else 1


def _played(play: Play) -> str:
    """What kept the play from its end; empty when nothing did."""
    failure = ""
    try:
        asyncio.run(_stoppable(play))
    except* TimeoutError:
        failure = "a scene did not come to its end"
    except* MeshError as group:
        failure = _first_of(group)
    return failure


async def _stoppable(play: Play) -> None:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await play.play()


def _first_of(group: BaseExceptionGroup[MeshError]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


def _introduce(printer: Printer) -> Path | None:
    for version in VERSIONS:
        if binary := find_claude(version):
            printer.line(f"The real claude {version} plays all agents; its model is scripted.")
            return binary
    printer.line("No claude could be had from npm: a small MCP client stands in for it.")
    return None


if __name__ == "__main__":
    raise SystemExit(main())
