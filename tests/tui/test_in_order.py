"""Keys that come in one go, and what each of them finds."""

import asyncio
import time

import pytest
from textual import events
from textual.app import ComposeResult
from textual.command import CommandPalette
from textual.screen import ModalScreen
from textual.widgets import Input

from meshbot_tui.app import in_order
from meshbot_tui.app.in_order import InOrder
from meshbot_tui.connections.memory import StartForm
from meshbot_tui.screens import question
from meshbot_tui.screens.question import Question
from meshbot_tui.screens.start import StartDialog
from meshbot_tui.widgets.terminal import TerminalView
from tests.support.waiting import until
from tests.tui.desk import LIMIT_S, Asked, at_desk, taken, typed


class Name(ModalScreen[str]):
    """Asks for a word."""

    def compose(self) -> ComposeResult:
        yield Input(id="first")
        yield Input(id="second")

    def on_mount(self) -> None:
        self.query_one("#second").focus()


async def test_a_key_that_moves_the_focus_is_done_before_the_next_is_given_away():
    async with at_desk() as (desk, _):
        desk.main.agents.choose("dev")
        typed(desk, "c", *"oh no, stop")
        await taken(desk)
        assert desk.main.compose_line.value == "@dev oh no, stop"
        assert (desk.done, desk.main.view) == ([], "terminal")


async def test_keys_of_a_line_of_input_keep_their_place_among_its_text():
    async with at_desk() as (desk, _):
        desk.main.compose_line.begin("old")
        await taken(desk)
        typed(desk, "ctrl+u", *"abc", "home", "x", "end", "z", "left", "left", "y")
        await taken(desk)
        assert desk.main.compose_line.value == "xabycz"


async def test_tab_is_done_before_what_is_typed_into_the_next_field():
    async with at_desk() as (desk, _):
        form = StartForm(folder="/home")
        asked = await Asked(desk, StartDialog({}, form, _no_check, _no_advice)).open()
        typed(desk, *"web", "tab", *"/src", "tab", "tab", *"opus")
        await taken(desk)
        assert asked.dialog.form == StartForm(name="web", folder="/src", model="opus")


async def _no_check(_: object) -> None:
    """Everything can be started."""


async def _no_advice(_: object) -> str:
    return ""


async def test_what_is_typed_behind_a_key_that_opens_a_dialog_is_the_dialogs():
    async with at_desk() as (desk, _):
        dialog, may_open = Name(), asyncio.Event()

        async def opening() -> None:
            await may_open.wait()
            await desk.push_screen(dialog)
            desk.has_opened()
            await asyncio.sleep(60)  # what it is for goes on

        desk.opens(opening(), group="dialogs")
        typed(desk, *"nops")
        await until(lambda: len(desk._typed_ahead) == 4)
        may_open.set()
        await taken(desk)
        assert dialog.query_one("#second", Input).value == "nops"
        assert desk.done == []


async def test_keys_go_on_when_a_deed_ends_without_a_dialog():
    async with at_desk() as (desk, _):

        async def nothing() -> None:
            pass

        desk.opens(nothing(), group="dialogs")
        typed(desk, *"no")
        await taken(desk)
        assert desk.done == ["start", "resume"]


async def test_what_waits_too_long_for_a_dialog_is_dropped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(in_order, "_LOOK_S", 0.01)
    rung: list[bool] = []
    async with at_desk() as (desk, _):
        monkeypatch.setattr(desk, "bell", lambda: rung.append(True))
        with desk.keys_wait():
            typed(desk, *"no")
            await until(lambda: not desk.must_wait)
            assert (desk.done, rung) == ([], [True])
            typed(desk, "n")
            await taken(desk)
            assert desk.done == ["start"]


async def test_a_widget_that_goes_takes_no_key_with_it():
    async with at_desk() as (desk, _):
        dialog = Name()
        await desk.push_screen(dialog)
        await taken(desk)
        typed(desk, "a", "f3")
        await desk.pop_screen()
        typed(desk, "n")
        await taken(desk)
        assert desk.done == ["start"]


async def test_more_than_anybody_types_is_not_kept_and_that_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(in_order, "MAX_WAITING", 5)
    told: list[str] = []
    async with at_desk() as (desk, _):
        monkeypatch.setattr(desk, "dropped", lambda: told.append("dropped"))
        with desk.keys_wait():
            typed(desk, *"no" * 10)
            await until(lambda: desk._message_queue.empty())
            assert len(desk._typed_ahead) == 5
        await taken(desk)
        assert told == ["dropped"]


async def test_moves_run_on_and_the_key_behind_them_finds_where_they_led():
    async with at_desk() as (desk, _):
        agents = desk.main.agents
        first = agents.chosen
        typed(desk, *"jjj", "down", "k", "c", *"hi")
        await taken(desk)
        assert agents.chosen != first
        assert desk.main.compose_line.value == f"@{agents.chosen} hi"


async def test_return_in_the_palette_takes_what_was_typed_and_not_what_stood_there_before():
    async with at_desk() as (desk, _):
        typed(desk, "ctrl+p")
        await until(lambda: isinstance(desk.screen, CommandPalette))
        typed(desk, *"Quit", "enter")
        await until(lambda: not desk.is_running)


class Pane(InOrder):
    """A program's screen, a line of input, and keys of the app's own."""

    def __init__(self) -> None:
        super().__init__()
        self.view = TerminalView(name_of="dev")
        self.line = Input()
        self.typed = bytearray()

    def compose(self) -> ComposeResult:
        yield self.view
        yield self.line

    def on_terminal_view_typed(self, message: TerminalView.Typed) -> None:
        self.typed += message.data

    def on_terminal_view_leave_wanted(self) -> None:
        self.line.focus()


async def test_keys_for_a_program_lose_no_time_and_keep_their_order():
    app = Pane()
    async with app.run_test(size=(80, 24)):
        app.view.repaint(80, 20, b"")
        app.view.enter()
        await taken(app)
        app.typed.clear()
        text = "".join(chr(ord("a") + number % 26) for number in range(2000))
        typed(app, *text, "enter", "up", "ctrl+right_square_bracket", *"xyz", "left", "-")
        began_s = time.process_time()
        await until(lambda: len(app.typed) >= len(text) + 4, LIMIT_S)
        took_s = time.process_time() - began_s
        await taken(app)
        assert app.typed.decode() == f"{text}\r\x1b[A"
        assert app.line.value == "xy-z"
        assert took_s < len(text) * 0.002


async def test_a_key_for_a_program_does_not_wait_for_the_one_before():
    app = Pane()
    async with app.run_test(size=(80, 24)):
        app.view.repaint(80, 20, b"")
        app.view.enter()
        await taken(app)
        typed(app, "a")
        await until(lambda: b"a" in app.typed)
        assert not app.must_wait


async def test_a_paste_keeps_its_place_between_keys():
    app = Pane()
    async with app.run_test(size=(80, 24)):
        app.line.focus()
        await taken(app)
        typed(app, "a")
        app.post_message(events.Paste("bcd"))
        typed(app, "e", "ctrl+u", "f")
        app.post_message(events.Paste("gh"))
        await taken(app)
        assert app.line.value == "fgh"


async def test_a_question_takes_no_yes_that_was_typed_before_it_could_be_read(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(question, "HOLD_S", 60)
    async with at_desk() as (desk, _):
        asked = Asked(desk, Question("Stop it?", "stop it"))
        await asked.open()
        typed(desk, "y")
        await taken(desk)
        assert desk.screen is asked.dialog
