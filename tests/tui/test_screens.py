"""Screens of agents in panes: what is shown is always of whom it is said to be."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import ComposeResult

from meshbot_core.host.screen_client import ScreenClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session.records import SessionOptions
from meshbot_tui.connections.screens import MAX_TYPED_BYTES, ScreenFeed
from meshbot_tui.model.attention import Look, Row
from meshbot_tui.screens.feeds import LOOKING, Feeds
from meshbot_tui.widgets.grid import GridPane
from meshbot_tui.widgets.pane import AgentPane
from tests.host.hosted import Dev, hosted
from tests.support.stand_in_claude import stand_in_claude
from tests.support.waiting import until
from tests.tui.showing import Showing, text_of

pytestmark = pytest.mark.slow
LIMIT_S = 20.0
NEWER = Look("▲", "other version", "warn", 1)
RUNS = Look("○", "idle", "good", 2)


class Panes(Showing):
    """A pane and a grid, and what is fed into them."""

    def __init__(self, mesh: MeshPaths) -> None:
        super().__init__()
        self.pane, self.grid = AgentPane(), GridPane()
        self.feeds = Feeds(mesh, self.pane, self.grid, self.begin)

    def compose(self) -> ComposeResult:
        yield self.pane
        yield self.grid

    def begin(self, work: Callable[[], Coroutine[None, None, None]]):
        return self.run_worker(work, exit_on_error=False)

    async def shows(self, text: str) -> None:
        try:
            await until(lambda: text in text_of(self), LIMIT_S)
        except TimeoutError:
            raise AssertionError(f"{text!r} is not in:\n{text_of(self)}") from None


@asynccontextmanager
async def running(mesh: MeshPaths, folder: Path) -> AsyncIterator[tuple[Dev, Panes]]:
    """Agent dev with a screen that says who it is, and panes."""
    async with hosted(mesh.agent("dev"), folder) as dev:
        claude = stand_in_claude(folder / "claude")
        facts = {"kind": "interactive", "folder": str(folder), "claude": str(claude)}
        await SessionClient(dev.client).start(SessionOptions.model_validate(facts))
        async with Panes(mesh).run_test(size=(100, 30)) as pilot:
            app = pilot.app
            assert isinstance(app, Panes)
            yield dev, app
            app.feeds._end()


def row(name: str) -> Row:
    return Row(name, "agent", RUNS, has_screen=True)


async def typed(app: Panes, text: str) -> None:
    """Type a line once the screen is seen."""
    feed = app.feeds.feed
    assert feed is not None
    await until(lambda: feed.is_seen, LIMIT_S)
    feed.enter()
    feed.type(text.encode() + b"\r")


async def test_a_host_that_hangs_is_not_shown_with_the_screen_of_the_agent_before(
    mesh_paths: MeshPaths, tmp_path: Path
):
    web = mesh_paths.agent("web")
    web.folder.mkdir(parents=True)
    async with running(mesh_paths, tmp_path) as (_, app):
        app.feeds.look_at(row("dev"))
        await typed(app, "a secret of dev")
        await app.shows("a secret of dev")
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(web.socket))
            silent.listen()
            app.feeds.look_at(row("web"))
            await app.shows(LOOKING)
            assert "a secret of dev" not in text_of(app)
            feed = app.feeds.feed
            assert feed is not None
            feed.enter()
            feed.type(b"meant for dev\r")
            assert not feed._typed
            page = await feed.scrollback(None, 10)
            assert page.lines == ()
            app.feeds.look_at(row("dev"))
            await until(lambda: app.feeds.feed is not None and app.feeds.feed.is_seen, LIMIT_S)
            await app.shows("a secret of dev")
        web.socket.unlink()


async def test_what_is_typed_comes_in_order_and_not_before_the_screen_is_seen(
    mesh_paths: MeshPaths, tmp_path: Path
):
    shown: list[object] = []
    async with running(mesh_paths, tmp_path) as (dev, _):
        feed = ScreenFeed(dev.agent, 90, 25, shown.append)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(feed.run())
            feed.type(b"too early\r")
            await until(lambda: feed.is_seen, LIMIT_S)
            feed.enter()
            for number in range(20):
                feed.type(f"line {number}\r".encode())
            await until(lambda: "line 19" in everything(shown), LIMIT_S)
            assert "too early" not in everything(shown)
            task.cancel()
    text = everything(shown)
    places = [text.index(f"line {number}") for number in range(20)]
    assert places == sorted(places)


async def test_a_line_that_breaks_at_its_beginning_leaves_none_behind(
    mesh_paths: MeshPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def breaks(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(ScreenClient, "resize", breaks)
    async with running(mesh_paths, tmp_path) as (dev, _):
        feed = ScreenFeed(dev.agent, 90, 25, lambda _: None)
        with pytest.raises(BrokenPipeError):
            await feed._shown()
        assert feed._client is None


def everything(frames: list[object]) -> str:
    return b"".join(getattr(frame, "data", b"") for frame in frames).decode(errors="replace")


async def test_a_host_that_takes_nothing_keeps_a_bounded_rest(mesh_paths: MeshPaths):
    shown: list[object] = []
    feed = ScreenFeed(mesh_paths.agent("dev"), 90, 25, shown.append)
    feed.is_seen = True
    for _ in range(8):
        feed.type(bytes(1024 * 1024))
    assert feed._typed_bytes == MAX_TYPED_BYTES
    assert "was dropped" in str(shown[-1])


async def test_a_session_that_ended_is_told_in_its_pane_and_the_next_one_is_shown(
    mesh_paths: MeshPaths, tmp_path: Path
):
    async with running(mesh_paths, tmp_path) as (dev, app):
        app.feeds.look_at(row("dev"))
        await typed(app, "exit 0")
        await app.shows("it has ended")
        await dev.starts("", kind="interactive")
        await typed(app, "here again")
        await app.shows("here again")


async def test_words_say_what_is_not_there(mesh_paths: MeshPaths):
    words: dict[Callable[[], Row | None], str] = {
        lambda: None: "nobody",
        lambda: Row("far", "peer", RUNS): "An agent of another machine",
        lambda: Row("you", "operator", RUNS): "This is you",
        lambda: Row(
            "dev", "agent", Look("▲", "other version", "warn", 1), doing="kill 5"
        ): "kill 5",
        lambda: Row("dev", "agent", Look("-", "listens", "quiet", 3)): "It has no session",
    }
    async with Panes(mesh_paths).run_test(size=(100, 30)) as pilot:
        app = pilot.app
        assert isinstance(app, Panes)
        for made, text in words.items():
            app.feeds.look_at(made(), "nobody")
            await app.shows(text)
