"""Two agents talk on a throw-away mesh: ``python -m meshbot_core.demo`` or ``make demo``."""

import asyncio
import signal
import time
from pathlib import Path

from meshbot_core.demo.binaries import VERSIONS, find_claude
from meshbot_core.demo.printing import Printer
from meshbot_core.demo.stage import stage_set
from meshbot_core.demo.story import Story
from meshbot_core.errors import MeshError

_INTERRUPTED = 130


def main() -> int:
    """Play; 0 only if everything happened and nothing is left behind."""
    printer = Printer()
    binary = _introduce(printer)
    began_s = time.monotonic()
    with stage_set(binary, printer) as stage:
        story = Story(stage)
        try:
            failure = _played(story)
        except (KeyboardInterrupt, asyncio.CancelledError):
            printer.line("Stopped.")
            return _INTERRUPTED
    printer.heading("What the mailboxes hold")
    for check in story.checks:
        printer.check(check.is_well, check.what, check.detail)
    if failure:
        printer.check(False, "the play", failure)
    left = stage.leftovers()
    printer.check(not left, "nothing left behind", ", ".join(left) or "no process, no file")
    is_well = not failure and not left and all(check.is_well for check in story.checks)
    printer.line()
    outcome = "All of it happened" if is_well else "Not all of it happened"
    printer.line(f"{outcome}, in {time.monotonic() - began_s:.0f} s.")
    return 0 if is_well else 1


def _played(story: Story) -> str:
    """What kept the play from its end; empty when nothing did."""
    failure = ""
    try:
        asyncio.run(_stoppable(story))
    except* TimeoutError:
        failure = "a scene did not come to its end"
    except* MeshError as group:
        failure = _first_of(group)
    return failure


async def _stoppable(story: Story) -> None:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await story.play()


def _first_of(group: BaseExceptionGroup[MeshError]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


def _introduce(printer: Printer) -> Path | None:
    for version in VERSIONS:
        if binary := find_claude(version):
            printer.line(f"The real claude {version} plays both agents; its model is scripted.")
            return binary
    printer.line("No claude could be had from npm: a small MCP client stands in for it.")
    return None


if __name__ == "__main__":
    raise SystemExit(main())
