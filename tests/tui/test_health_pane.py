"""How the peers are: who is down first, the last ten minutes, who came and went."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from meshbot_tui.model.picture import Picture
from meshbot_tui.widgets.health import HealthPane
from meshbot_tui.widgets.health.lines import (
    Columns,
    detail_of,
    end_of,
    latency_of,
    parts_of,
    sparkline,
    trouble_of,
)
from meshbot_tui.widgets.health.table import PeerTable
from tests.tui.showing import (
    NOW_MS,
    SIZE_NAMES,
    SIZES,
    Showing,
    many_peers,
    peer,
    picture,
    text_of,
)


@asynccontextmanager
async def showing(
    found: Picture, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[HealthPane, Pilot[object]]]:
    pane = HealthPane()
    async with Showing(pane).run_test(size=size) as pilot:
        pane.show(found, NOW_MS)
        pane.table.focus()
        await pilot.pause()
        yield pane, pilot


def test_a_sparkline_tells_slow_from_fast_from_no_answer_from_no_look():
    latencies = (1.0, 3.0, 30.0, 900.0, None)
    line = sparkline(peer("dev", latencies).samples, 120, end_of(NOW_MS, 120))

    assert line.strip() == "▁▂▅█x"
    assert len(line) == 120


def test_a_bar_tells_the_worst_of_its_time():
    samples = peer("dev", (1.0, 300.0, 1.0, 1.0)).samples

    assert "█" in sparkline(samples, 10, end_of(NOW_MS, 10))


def test_bars_stand_still_until_the_next_one_begins():
    begin_ms = end_of(NOW_MS, 10)

    assert {end_of(begin_ms + ms, 10) for ms in (0, 30_000, 59_999)} == {begin_ms + 60_000}


@pytest.mark.parametrize("width", [40, 54, 80, 120, 200])
def test_a_line_is_as_wide_as_it_may_be(width: int):
    columns = Columns.of(width, 30)
    parts = parts_of(peer("\u4e2d" * 40, error="x" * 300), columns, NOW_MS)

    assert sum(len(text) + sum(each == "\u4e2d" for each in text) for _, text in parts) == width


@pytest.mark.parametrize(("skew_ms", "text"), [(1000, ""), (None, ""), (-2500, "clock -2.5 s")])
def test_a_clock_is_told_when_it_is_more_than_a_second_off(skew_ms: int | None, text: str):
    assert trouble_of(peer("dev", skew_ms=skew_ms)) == text


@pytest.mark.parametrize(("ms", "text"), [(0.4, "<1 ms"), (12.3, "12 ms"), (2345.0, "2.3 s")])
def test_latencies_are_short(ms: float, text: str):
    assert latency_of(peer("dev", (ms,))) == text


def test_a_peer_tells_its_version_its_protocol_and_what_is_queued_for_it():
    text = detail_of(peer("dev", protocols=(1, 2), backlog=3), NOW_MS)

    assert "version 0.4.0 · protocol 1, 2" in text
    assert "3 queued for it" in text


async def test_who_is_down_comes_first_and_says_why():
    down = peer("zoe", (2.0, None), error="connection refused [b]by[/b]")
    async with showing(picture(peer("dev"), down), (120, 40)) as (pane, _):
        text = text_of(pane.app)

        assert text.index("x down") < text.index("● up")
        assert "1 up, 1 down: zoe" in text
        assert "connection refused [b]by[/b]" in text
        assert "x zoe went" in text


async def test_the_chosen_peer_stays_chosen_when_it_goes_down():
    async with showing(picture(peer("ann"), peer("dev"))) as (pane, pilot):
        await pilot.press("j")
        gone = peer("dev", (3.0, None), error="no answer")
        pane.show(picture(peer("ann"), gone), NOW_MS)
        await pilot.pause()

        assert pane.table.chosen == "dev"
        assert "last seen" in text_of(pane.app)


async def test_the_operator_is_no_peer_of_its_own():
    async with showing(picture(peer("me"), peer("dev"))) as (pane, _):
        assert "1 up" in text_of(pane.app)


async def test_a_page_of_500_peers_makes_only_the_lines_it_shows(monkeypatch: pytest.MonkeyPatch):
    async with showing(many_peers(500), (120, 40)) as (pane, pilot):
        made: list[str] = []
        make = PeerTable._strip

        def counted(table, peer, end_ms, *, is_chosen):
            made.append(peer.name)
            return make(table, peer, end_ms, is_chosen=is_chosen)

        monkeypatch.setattr(PeerTable, "_strip", counted)
        await pilot.press("pagedown")
        await pilot.pause()
        made.clear()
        await pilot.press("pagedown")
        await pilot.pause()

        assert 0 < len(made) <= pane.table.size.height + 2
        assert pane.table.scroll_offset.y > 0
        made.clear()
        pane.show(many_peers_with_one_new(pane, 500), NOW_MS)
        await pilot.pause()
        assert len(set(made)) <= 2


def many_peers_with_one_new(pane: HealthPane, count: int) -> Picture:
    """The same peers, but for the chosen one, which answered slower."""
    peers = [
        replace(each, latency_ms=77.0) if each.name == pane.table.chosen else each
        for each in pane.table._peers
    ]
    assert len(peers) == count
    return picture(*peers)


@pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)
@pytest.mark.parametrize("count", [0, 3, 60])
def test_pane_looks_as_before(snap_compare, utc, size: tuple[int, int], count: int):
    pane = HealthPane()

    async def prepare(pilot: Pilot[object]) -> None:
        pane.table.focus()
        pane.show(many_peers(count), NOW_MS)
        await pilot.pause()

    assert snap_compare(Showing(pane), terminal_size=size, run_before=prepare)
