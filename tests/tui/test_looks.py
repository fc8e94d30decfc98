"""How the console looks: pictures that were looked at before they were accepted."""

from collections.abc import Callable

import pytest

from meshbot_tui.widgets.pane import Face
from tests.tui.scene import Still, settled
from tests.tui.showing import SIZE_NAMES, SIZES

Compare = Callable[..., bool]
pytestmark = pytest.mark.usefixtures("same_time")
sizes = pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)


@sizes
@pytest.mark.parametrize("view", ["terminal", "grid", "messages", "approvals", "health"])
def test_each_view(snap_compare: Compare, view: str, size: tuple[int, int]) -> None:
    assert snap_compare(Still(view), terminal_size=size, run_before=settled)


def test_a_large_terminal(snap_compare: Compare) -> None:
    assert snap_compare(Still("messages"), terminal_size=(200, 60), run_before=settled)


@pytest.mark.parametrize("view", ["terminal", "messages", "approvals"])
def test_the_smallest_terminal(snap_compare: Compare, view: str) -> None:
    assert snap_compare(Still(view), terminal_size=(40, 12), run_before=settled)


@pytest.mark.parametrize("face", ["log", "words"])
@sizes
def test_who_has_no_screen(snap_compare: Compare, face: Face, size: tuple[int, int]) -> None:
    assert snap_compare(Still(face=face), terminal_size=size, run_before=settled)


@sizes
def test_more_messages_than_there_is_room_for(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(Still("messages", times=9), terminal_size=size, run_before=settled)


@pytest.mark.parametrize("theme", ["meshbot-light", "ansi-dark", "ansi-light"])
def test_each_theme(snap_compare: Compare, theme: str) -> None:
    still = Still("approvals", theme=theme)
    assert snap_compare(still, terminal_size=(100, 30), run_before=settled)


def test_without_colours(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(Still("messages"), terminal_size=(100, 30), run_before=settled)


def test_a_terminal_that_is_too_small(snap_compare: Compare) -> None:
    assert snap_compare(Still(), terminal_size=(30, 8), run_before=settled)
