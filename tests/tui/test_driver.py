"""What comes from the terminal: the mouse is never taken for keys."""

import pytest
from textual import _parser, events

from meshbot_tui.app.driver import PatientParser


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(_parser, "get_time", lambda: now[0])
    return now


def read(time: list[float], *pieces: str, after_s: float = 5.0) -> list[str]:
    """What a parser makes of pieces that come so long after one another."""
    parser = PatientParser()
    found = []
    for piece in pieces:
        found += parser.feed(piece)
        time[0] += after_s
        found += parser.tick()
    return [_named(event) for event in found]


def _named(event: object) -> str:
    match event:
        case events.Key(key=key):
            return key
        case events.MouseEvent(x=x, y=y):
            return f"{type(event).__name__} {x},{y}"
        case events.Paste(text=text):
            return f"paste {text}"
        case _:
            return type(event).__name__


REPORT = "\x1b[<0;35;12M"


@pytest.mark.parametrize("at", range(3, len(REPORT)))
def test_a_mouse_report_cut_in_two_is_one(time: list[float], at: int):
    assert read(time, "a" + REPORT[:at], REPORT[at:] + "b") == ["a", "MouseDown 34,11", "b"]


def test_a_report_is_one_even_in_single_characters(time: list[float]):
    assert read(time, REPORT[:3], *REPORT[3:]) == ["MouseDown 34,11"]


def test_a_sequence_that_stops_after_its_bracket_has_a_second(time: list[float]):
    assert read(time, "\x1b[", "<64;1;1M", after_s=0.7) == ["MouseScrollUp 0,0"]
    assert read(time, "\x1b[", "A", after_s=0.7) == ["up"]
    assert read(time, "\x1b[", after_s=1.1) == ["left_square_bracket"]


@pytest.mark.parametrize(
    ("rest", "keys"),
    [
        ("x", ["x"]),
        ("\x1b", ["escape"]),
        (REPORT, ["MouseDown 34,11"]),
        ("\x1b[A", ["up"]),
        ("\r", ["enter"]),
    ],
)
def test_a_report_whose_end_is_lost_is_nothing(time: list[float], rest: str, keys: list[str]):
    assert read(time, "\x1b[<35;1", rest) == keys


def test_a_report_without_end_is_not_waited_for_for_ever(time: list[float]):
    assert read(time, "\x1b[<" + "1" * 21, "y") == ["1", "y"]


def test_keys_come_as_fast_as_before(time: list[float]):
    assert read(time, "\x1b", after_s=0.11) == ["escape"]
    assert read(time, "\x1bOP", after_s=0) == ["f1"]
    assert read(time, "ä漢", "\x1b[1;5C", after_s=0) == ["ä", "漢", "ctrl+right"]


@pytest.mark.parametrize(
    "text",
    ["a\x1b[<35;1 b", "x\x1brm -rf .\ry\x1b[31mz\x1b[20", "\x1b", "\x1b[200~", "", "long " * 999],
    ids=["mouse", "return", "escape", "nested", "empty", "long"],
)
def test_nothing_in_a_paste_is_a_key(time: list[float], text: str):
    half = len(text) // 2
    pieces = ("\x1b[200", "~" + text[:half], text[half:] + "\x1b[2", "01~q")
    assert read(time, *pieces, after_s=0.7) == [f"paste {text}", "q"]


def test_what_ends_ends(time: list[float]):
    parser = PatientParser()
    assert [*parser.feed("\x1b[<3"), *parser.feed("")] == []
    assert parser.is_eof
