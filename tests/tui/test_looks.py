"""How the console looks: pictures that were looked at before they were accepted."""

import time
from collections.abc import Callable, Iterator

import pytest
from textual.pilot import Pilot

from meshbot_core.types import SystemClock
from meshbot_tui.widgets.approvals import ApprovalCard
from tests.support.waiting import until
from tests.tui import scene
from tests.tui.scene import Still

Compare = Callable[..., bool]
SIZES = ((80, 24), (120, 40))
SAME = 3


@pytest.fixture(autouse=True)
def same_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The zone and the time of the pictures."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(time, "time", lambda: scene.NOW_MS / 1000)
    monkeypatch.setattr(SystemClock, "now_ms", lambda _: scene.NOW_MS)
    yield
    monkeypatch.undo()
    time.tzset()


async def settled(pilot: Pilot[None]) -> None:
    """Wait until what came by itself takes keys, and nothing changes any more."""
    cards = pilot.app.screen.query(ApprovalCard)
    await until(lambda: not any(card.is_held for card in cards))
    seen: list[str] = []

    async def looks_the_same() -> bool:
        await pilot.pause()
        seen.append(pilot.app.export_screenshot())
        return len(seen) > SAME and len(set(seen[-SAME:])) == 1

    await until(looks_the_same, 10)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("view", ["terminal", "grid", "messages", "approvals", "health"])
def test_each_view(snap_compare: Compare, view: str, size: tuple[int, int]) -> None:
    assert snap_compare(Still(view), terminal_size=size, run_before=settled)


def test_a_large_terminal(snap_compare: Compare) -> None:
    assert snap_compare(Still("messages"), terminal_size=(200, 60), run_before=settled)


@pytest.mark.parametrize("theme", ["meshbot-light", "ansi-dark"])
def test_each_theme(snap_compare: Compare, theme: str) -> None:
    still = Still("approvals", theme=theme)
    assert snap_compare(still, terminal_size=(100, 30), run_before=settled)


def test_without_colours(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(Still("messages"), terminal_size=(100, 30), run_before=settled)


def test_a_terminal_that_is_too_small(snap_compare: Compare) -> None:
    assert snap_compare(Still(), terminal_size=(30, 8), run_before=settled)
