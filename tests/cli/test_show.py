"""Nothing that comes from outside steers the terminal."""

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.cli import show
from meshbot_core.clients.text import clock_time, padded, plain, prose, width

STEERING = [
    "\x1b[31m",
    "\x9b31m",
    "\x07",
    "\r",
    "\x7f",
    "\x00",
    "\u202e",
    "\u2066",
    "\u200f",
    "\u2028",
    "\ufeff",
    "\u200b",
    "\U000e0041",
    "\ud800",
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("text", STEERING)
def test_what_steers_a_terminal_is_spelled_out(text: str) -> None:
    assert plain(f"a{text}b").isascii()
    assert prose(f"a{text}b").isascii()


def test_an_escape_is_spelled_as_one() -> None:
    assert plain("\x1b[2J\u202e") == "\\x1b[2J\\u202e"


def test_prose_keeps_line_breaks_and_tabs_and_plain_does_not() -> None:
    assert prose("a\r\n\tb") == "a\n\tb"
    assert plain("a\n\tb") == "a\\x0a\\x09b"


def test_ordinary_text_of_any_script_stays_as_it_is() -> None:
    text = "naïve 漢字 עברית हिन्दी 👩\u200d💻"

    assert plain(text) == text


@given(st.text(st.characters()))
def test_no_text_at_all_leaves_controls_surrogates_or_changes_of_direction(text: str) -> None:
    left = {unicodedata.category(char) for char in plain(text)}
    directions = {unicodedata.bidirectional(char) for char in plain(text)}

    assert not left & {"Cc", "Cs", "Zl", "Zp"}
    assert not directions & {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(st.text())
def test_json_is_ascii_without_controls_and_reads_back(text: str) -> None:
    written = show._json_text({"text": text})

    assert json.loads(written) == {"text": text}
    assert all(" " <= char <= "~" for char in written)


def test_colour_is_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")

    assert show.paint("x", "red", Terminal()) == "\x1b[31mx\x1b[0m"
    assert show.paint("x", "red", io.StringIO()) == "x"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_color_and_dumb_terminals_get_no_colour(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)

    assert show.paint("x", "red", Terminal()) == "x"


def test_columns_of_wide_and_joined_characters_are_counted() -> None:
    assert width("漢字") == 4
    assert width("e\u0301") == 1
    assert padded("漢", 4) == "漢  "


def test_a_list_of_rows_is_json_from_the_first_to_the_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with show.JsonRows() as rows:
        rows.add({"a": 1})
        rows.add({"b": "\x7f"})
    assert json.loads(capsys.readouterr().out) == [{"a": 1}, {"b": "\x7f"}]

    with show.JsonRows():
        pass
    assert capsys.readouterr().out == "[]\n"


def test_a_time_of_today_has_no_date_and_nonsense_does_not_raise() -> None:
    assert clock_time(0).startswith("19")
    assert clock_time(10**18) == f"{10**18} ms"
