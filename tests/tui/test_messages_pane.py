"""The list of messages: live at its end, still under the reader, its rows asked for in time."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest
from rich.cells import cell_len
from textual.events import MouseEvent, MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot
from textual.widgets import ContentSwitcher, Static

from meshbot_tui.model.filters import Filter
from meshbot_tui.model.journal import JournalIndex, Key, MessageRow, Stand
from meshbot_tui.widgets.messages import MessageList, MessagesPane
from meshbot_tui.widgets.messages.lines import parts_of
from tests.support.waiting import until
from tests.tui.showing import NOW_MS, Showing, text_of

pytestmark = pytest.mark.usefixtures("utc")

SIZE = (100, 12)
ROWS = 10
"""How many messages are in view."""


def index_of(numbers: Iterable[int]) -> JournalIndex:
    """Messages of these numbers, one a second."""
    return JournalIndex.of(
        Stand(NOW_MS + 1000 * n, "dev", n, "dev", "web", "message") for n in numbers
    )


def row(key: Key, *, state: str = "delivered", text: str = "") -> MessageRow:
    text = text or f"number {key[1]:05d} {'and so on ' * 20}end"
    return MessageRow(
        key=key,
        id=f"id-{key[1]}",
        sender="dev",
        to="web",
        kind="message",
        text=text,
        size=len(text),
        at_ms=NOW_MS + 1000 * key[1],
        state=state,
    )


class Stage(Showing):
    """A pane whose rows come when they are wanted, unless they are held back."""

    def __init__(self, pane: MessagesPane, *, is_hidden: bool = False) -> None:
        kept = (MessageList.Opened, MessageList.CopyWanted, MessageList.AgainWanted)
        super().__init__(ContentSwitcher(pane, Static("other", id="other")), kept)
        pane.id = "pane"
        self.pane = pane
        self.wanted: list[Key] = []
        self.filters: list[Filter] = []
        self.is_slow = False
        self.is_hidden = is_hidden

    def on_mount(self) -> None:
        self.turn("other" if self.is_hidden else "pane")

    def turn(self, to: str) -> None:
        self.query_one(ContentSwitcher).current = to

    def on_message_list_rows_wanted(self, event: MessageList.RowsWanted) -> None:
        self.wanted += event.keys
        if not self.is_slow:
            self.pane.list.fill(map(row, event.keys))

    def on_messages_pane_filtered(self, event: MessagesPane.Filtered) -> None:
        self.filters.append(event.filter)

    @property
    def seen(self) -> list[str]:
        """The numbers of the messages that are in view, ``…`` for those that are not there."""
        lines = text_of(self).split("\n")[1 : 1 + ROWS]
        return [
            line.partition("number ")[2][:5] or ("…" if "…" in line else "")
            for line in lines
            if line.strip()
        ]


@asynccontextmanager
async def staged(
    count: int, *, is_hidden: bool = False
) -> AsyncIterator[tuple[Stage, Pilot[object]]]:
    app = Stage(MessagesPane(), is_hidden=is_hidden)
    async with app.run_test(size=SIZE) as pilot:
        app.pane.list.focus()
        app.pane.show(index_of(range(count)), count)
        await pilot.pause()
        yield app, pilot


async def turned(pilot: Pilot[object], way: type[MouseEvent]) -> None:
    """The wheel, a few times."""
    for _ in range(3):
        await pilot._post_mouse_events([way], MessageList, (5, 5))
    await pilot.wait_for_scheduled_animations()
    await pilot.pause()


def numbers(begin: int, end: int) -> list[str]:
    return [f"{n:05d}" for n in range(begin, end)]


async def test_the_newest_are_shown_and_followed():
    async with staged(100) as (app, pilot):
        assert app.seen == numbers(90, 100)
        app.pane.show(index_of(range(103)), 103)
        await pilot.pause()
        assert app.seen == numbers(93, 103)
        assert app.pane.list.chosen == row(("dev", 102))


async def test_the_newest_are_there_when_the_list_is_turned_to():
    async with staged(1000, is_hidden=True) as (app, _):
        app.is_slow = True
        first: list[list[str]] = []

        def drawn() -> None:
            if not first and app.pane.list.size:
                first.append(app.seen)

        app.screen.screen_layout_refresh_signal.subscribe(app, lambda _: drawn(), immediate=True)
        app.turn("pane")
        await until(lambda: bool(first))
        assert first == [numbers(990, 1000)]


async def test_nothing_moves_under_who_reads_further_up():
    async with staged(100) as (app, pilot):
        await pilot.press("pageup", "pageup", "up")
        await pilot.pause()
        before, chosen = app.seen, app.pane.list.chosen
        assert chosen == row(("dev", 80))
        for count in (101, 150, 200):
            app.pane.show(index_of(range(count)), count)
            await pilot.pause()
            assert app.seen == before
        # Older ones that are found late push nothing.
        app.pane.show(index_of(range(-50, 200)), 250)
        await pilot.pause()
        assert app.seen == before
        assert app.pane.list.chosen == chosen

        await pilot.press("end")
        await pilot.pause()
        assert app.seen == numbers(190, 200)
        app.pane.show(index_of(range(-50, 201)), 251)
        await pilot.pause()
        assert app.seen == numbers(191, 201)


async def test_the_wheel_reads_back_and_follows_again_from_the_end():
    async with staged(100) as (app, pilot):
        await turned(pilot, MouseScrollUp)
        before = app.seen
        assert before != numbers(90, 100)
        app.pane.show(index_of(range(103)), 103)
        await pilot.pause()
        assert app.seen == before

        # Whoever chose nothing else follows as soon as the end is in view.
        await pilot.press("end")
        await turned(pilot, MouseScrollUp)
        await turned(pilot, MouseScrollDown)
        app.pane.show(index_of(range(110)), 110)
        await pilot.pause()
        assert app.seen == numbers(100, 110)


async def test_what_is_chosen_stays_at_its_height_when_others_are_filtered_out():
    async with staged(100) as (app, pilot):
        await pilot.press(*["pageup"] * 3, *["down"] * 4)
        await pilot.pause()
        chosen = app.pane.list.chosen
        assert chosen is not None
        height = app.seen.index(f"{chosen.key[1]:05d}")
        app.pane.show(index_of(n for n in range(100) if n % 2 == chosen.key[1] % 2), 100)
        await pilot.pause()
        assert app.seen[height] == f"{chosen.key[1]:05d}"
        app.pane.show(index_of(range(3)), 100)
        await pilot.pause()
        assert app.seen == numbers(0, 3)
        assert "3 of 100 messages" in text_of(app)


async def test_pages_are_read_as_one_scrolls_and_not_twice():
    async with staged(10_000) as (app, pilot):
        assert len(app.wanted) < 100
        await pilot.press("home")
        await pilot.pause()
        assert app.seen == numbers(0, 10)
        for _ in range(20):
            await pilot.press("pagedown")
        await pilot.pause()
        assert "…" not in app.seen
        assert len(app.wanted) == len(set(app.wanted)) < 500


async def test_rows_that_are_late_say_so_and_come_in_place():
    async with staged(500) as (app, pilot):
        app.is_slow = True
        await pilot.press("home")
        await pilot.pause()
        assert app.seen == ["…"] * ROWS
        app.pane.list.fill([row(("dev", 3))])
        await pilot.pause()
        assert app.seen[2:5] == ["…", "00003", "…"]


async def test_what_is_wanted_of_a_row_that_is_late_is_done_when_it_comes():
    async with staged(500) as (app, pilot):
        app.is_slow = True
        await pilot.press("home", "enter")
        assert app.said == []
        app.pane.list.fill([row(("dev", 3)), row(("dev", 0))])
        app.pane.list.fill([row(("dev", 0))])
        await until(lambda: app.said == [MessageList.Opened(row(("dev", 0)))])

        # Who went on meanwhile wants it no more.
        await pilot.press("end", "home", "down", "down", "down", "down", "y", "down")
        app.pane.list.fill([row(("dev", n)) for n in range(20)])
        await pilot.pause()
        assert len(app.said) == 1


async def test_a_state_that_changed_is_drawn_in_place():
    async with staged(100) as (app, pilot):
        app.wanted.clear()
        app.is_slow = True
        app.pane.list.forget({"dev"})
        await pilot.pause()
        assert ("dev", 99) in app.wanted
        assert app.seen == numbers(90, 100)
        app.pane.list.fill([row(("dev", 99), state="failed")])
        await pilot.pause()
        assert "failed" in text_of(app).split("\n")[ROWS]


@pytest.mark.parametrize("agent", ["dev", "web"])
async def test_what_changed_out_of_view_is_asked_for_when_it_comes_into_view(agent: str):
    async with staged(500) as (app, pilot):
        await pilot.press("home")
        await pilot.pause()
        app.pane.list.forget({"ops"})
        await pilot.press("end")
        await pilot.pause()
        app.wanted.clear()
        await pilot.press("home")
        await pilot.pause()
        assert app.wanted == []
        app.pane.list.forget({agent})
        await pilot.pause()
        assert ("dev", 499) not in app.wanted
        await pilot.press("end")
        await pilot.pause()
        assert app.wanted.count(("dev", 499)) == 1


async def test_a_row_that_was_read_before_it_changed_is_asked_for_again():
    async with staged(500) as (app, pilot):
        app.is_slow = True
        await pilot.press("home")
        await pilot.pause()
        await pilot.press("end")
        app.pane.list.forget({"web"})
        app.pane.list.fill([row(("dev", 3), state="queued")])
        app.wanted.clear()
        await pilot.press("home")
        await pilot.pause()
        assert ("dev", 3) in app.wanted


async def test_who_has_the_name_of_a_forgotten_agent_has_texts_of_its_own():
    async with staged(5) as (app, pilot):
        app.pane.list.drop({"dev"})
        app.pane.show(index_of(()), 0)
        app.is_slow = True
        app.pane.show(index_of(range(5)), 5)
        await pilot.pause()
        assert app.seen == ["…"] * 5
        app.pane.list.fill([row(("dev", 4))])
        await pilot.pause()
        assert app.seen[4] == "00004"


async def test_the_last_column_is_not_under_the_bar():
    async with staged(100) as (app, pilot):
        lines = text_of(app).split("\n")[1 : 1 + ROWS]
        assert app.pane.list.show_vertical_scrollbar
        assert {line[-2] for line in lines} == {"…"}
        await pilot.resize_terminal(60, 12)
        await pilot.pause()
        assert {line[-2] for line in text_of(app).split("\n")[1 : 1 + ROWS]} == {"…"}


async def test_a_window_that_changes_keeps_the_newest_in_view():
    async with staged(100) as (app, pilot):
        for size in ((100, 7), (60, 9), (100, 12)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            await until(lambda: "00099" in app.seen)
        assert app.seen == numbers(90, 100)


async def test_messages_are_opened_copied_and_sent_again():
    async with staged(100) as (app, pilot):
        await pilot.press("up", "enter", "y", "R")
        await pilot.click(MessageList, offset=(5, 2))
        await pilot.click(MessageList, offset=(5, 2), times=2)
        await pilot.pause()
        assert [type(said).__name__ for said in app.said[:3]] == [
            "Opened", "CopyWanted", "AgainWanted",
        ]  # fmt: skip
        assert {said.row.key for said in app.said[:3]} == {("dev", 98)}
        assert isinstance(app.said[-1], MessageList.Opened)
        assert app.said[-1].row.key == ("dev", 92)


async def test_an_empty_list_says_so_and_does_nothing():
    async with staged(0) as (app, pilot):
        assert "Nobody has said anything yet" in text_of(app)
        await pilot.press("up", "end", "pagedown", "enter", "y", "R")
        assert app.said == []
        app.pane.show(index_of(()), 7)
        await pilot.pause()
        assert "None of 7 messages fits; esc shows all." in text_of(app)


async def test_the_line_filters_as_one_types_and_escape_shows_all():
    async with staged(10) as (app, pilot):
        await pilot.press("slash", *"@dev ok")
        await pilot.pause()
        assert app.filters[-1] == Filter(agent="dev", text="ok")
        await pilot.press("enter")
        assert app.pane.list.has_focus
        await pilot.press("escape")
        await until(lambda: app.filters[-1].is_empty)
        assert app.pane.filter_line.value == ""


async def test_hostile_text_is_shown_and_does_nothing():
    async with staged(1) as (app, pilot):
        await pilot.resize_terminal(160, 12)
        evil = "\x1b[2J\u202egnp.exe [@click=app.quit]x[/] 漢字 👩‍💻\nnext"
        app.pane.list.fill([row(("dev", 0), text=evil)])
        await pilot.pause()
        assert r"\x1b[2J\u202egnp.exe [@click=app.quit]x[/] 漢字 👩‍💻\x0anext" in text_of(app)


@pytest.mark.parametrize("width", [38, 49, 50, 69, 70, 99, 120])
def test_a_line_is_as_wide_as_it_may_be(width: int):
    said = row(("dev", 1), text="漢字 " * 90)
    assert sum(cell_len(text) for _, text in parts_of(said, width, NOW_MS)) == width


def test_in_little_room_what_was_said_is_told_before_when():
    said = row(("dev", 1), text="the canary is free")
    line = "".join(text for _, text in parts_of(said, 39, NOW_MS))
    assert line.rstrip() == " dev → web       delivered the canary…"
