"""How the dialogs look before the main screen: pictures that were looked at."""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from meshbot_core.errors import SessionRunningError
from meshbot_tui.connections.memory import StartForm
from meshbot_tui.screens.fleet import FleetDialog
from meshbot_tui.screens.message import MessageScreen
from meshbot_tui.screens.question import Question
from meshbot_tui.screens.start import StartDialog
from tests.tui.scene import Still, messages, settled
from tests.tui.showing import SIZE_NAMES, SIZES

Compare = Callable[..., bool]
pytestmark = pytest.mark.usefixtures("same_time")

TEXT = (
    "Release 1.4 is built.\n\n- tag `v1.4.0`, of \x1b[31mabc1234\x1b[0m\n- [b]12[/b] changes\n"
    "漢字 é 👩‍💻 \u202etricks\u200b, and a line that is longer than any dialog is wide: "
    + "word "
    * 30
)


async def runs(form: StartForm) -> None:
    raise SessionRunningError(f'"{form.name}" runs', hint="another name, or stop it first")


async def untrusted(_: StartForm) -> str:
    return "Claude Code will ask whether this folder is trusted: answer in its pane"


def started() -> Screen[object]:
    form = StartForm(name="dev", folder="~/src/app", prompt="run the [b]tests[/b]")
    return StartDialog({}, form, runs, untrusted)


def message() -> Screen[object]:
    return MessageScreen(messages()[0], TEXT, ())


def thread() -> Screen[object]:
    asked, answered = messages()[1:3]
    return MessageScreen(answered, TEXT, (asked, answered))


DIALOGS: dict[str, Callable[[], Screen[object]]] = {
    "start": started,
    "fleet": lambda: FleetDialog("~/fleets/[b]all[/b].toml"),
    "question": lambda: Question("Stop dev, and all that it has begun?", "stop it"),
    "message": message,
    "thread": thread,
}


@pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)
@pytest.mark.parametrize("name", DIALOGS)
def test_each_dialog(snap_compare: Compare, name: str, size: tuple[int, int]) -> None:
    still = Still(above=DIALOGS[name]())
    assert snap_compare(still, terminal_size=size, run_before=settled)


@pytest.mark.parametrize("name", ["start", "question", "thread"])
def test_dialogs_in_the_smallest_terminal(snap_compare: Compare, name: str) -> None:
    still = Still(above=DIALOGS[name]())
    assert snap_compare(still, terminal_size=(40, 12), run_before=settled)


def test_a_start_that_would_fail_says_why(snap_compare: Compare) -> None:
    async def begin(pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await settled(pilot)

    still = Still(above=started())
    assert snap_compare(still, terminal_size=SIZES[0], run_before=begin)


@pytest.mark.parametrize("size", [*SIZES, (40, 12)], ids=[*SIZE_NAMES, "40x12"])
def test_the_palette(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def search(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p", *"agent")
        await settled(pilot)

    assert snap_compare(Still(), terminal_size=size, run_before=search)
