"""Characters of several code points take the cells that they look like."""

import itertools

import pytest

from meshbot_core.terminal.screen import Screen

_CLUSTERS = {
    "accent": ("e\u0301", 1),
    "two accents": ("o\u0302\u0323", 1),
    "accent without a letter of its own": ("x\u0301", 1),
    "family": ("👨\u200d👩\u200d👧", 2),
    "flag": ("🇩🇪", 2),
    "half a flag": ("🇩", 1),
    "heart as a picture": ("❤\ufe0f", 2),
    "heart as text": ("❤", 1),
    "keycap": ("1\ufe0f\u20e3", 2),
    "skin": ("👍🏽", 2),
    "skin on a narrow hand": ("✌🏽", 2),
    "coder": ("🧑🏽\u200d💻", 2),
    "flag of tags": ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2),
    "ideograph": ("漢", 2),
    "syllable in parts": ("\u1100\u1161\u11a8", 2),
}


@pytest.mark.parametrize("name", _CLUSTERS)
@pytest.mark.parametrize("piece_bytes", [1, 3, 1000])
def test_a_cluster_takes_its_cells_however_it_is_cut(name: str, piece_bytes: int):
    text, width = _CLUSTERS[name]
    data = f"ab{text}".encode()
    screen = Screen(10, 2)
    for begin in range(0, len(data), piece_bytes):
        screen.feed(data[begin : begin + piece_bytes])

    assert screen.cursor == (2 + width, 0)
    screen.feed(b"|")
    [plain] = {"".join(run.text for run in screen.row(0)).rstrip()}
    assert plain[:2] + plain[-1] == "ab|"
    assert screen.text()[0] == plain


def test_a_late_viewer_gets_the_clusters_themselves():
    screen = Screen(20, 2)
    screen.feed("👨\u200d👩\u200d👧 x\u0301 ❤\ufe0f".encode())
    late = Screen(20, 2)
    late.feed(screen.repaint())

    assert "👨\u200d👩\u200d👧 x\u0301 ❤\ufe0f".encode() in screen.repaint()
    assert late.view() == screen.view()
    assert late.cursor == screen.cursor


@pytest.mark.parametrize("cut", [True, False])
def test_a_cluster_in_the_last_column_stays_there(cut: bool):
    screen = Screen(10, 2)
    screen.feed(b"123456789e" if cut else "123456789x\u0301".encode())
    if cut:
        screen.feed("\u0301!".encode())
        assert screen.text() == ("123456789é", "!")
    assert screen.text()[0][8] == "9"


def test_what_has_no_width_and_no_letter_takes_no_cell():
    screen = Screen(10, 1)
    screen.feed("\u0301a\u200bb\u202ec\x1b[31m\u0301d\ufeff".encode())
    assert screen.text() == ("abcd",)


def test_a_mark_inside_a_title_moves_nothing():
    screen = Screen(10, 1)
    screen.feed(b"ab\x1b]0;te")
    screen.feed("\u0301st\x07c".encode())
    assert screen.text() == ("abc",)
    assert screen.title == "te\u0301st"


def test_stand_ins_that_a_program_writes_itself_are_dropped():
    screen = Screen(10, 1)
    screen.feed("x\u0301".encode())
    screen.feed("\U0010e000\U0003e000y".encode())
    assert screen.text() == ("x\u0301y",)


def test_more_clusters_than_there_are_stand_ins_do_no_harm():
    marks = [chr(point) for point in range(0x0316, 0x0334)]
    screen = Screen(80, 24)
    for pair in itertools.product(marks, repeat=2):
        screen.feed("".join("bdfhklmq"[n % 8] + "".join(pair) for n in range(8)).encode())
    screen.feed("\r\nz\u0301\u0330!".encode())
    assert screen.text()[-1].endswith("!")


def test_a_cluster_without_end_is_cut():
    screen = Screen(10, 1)
    screen.feed(("x" + "\u0301\u0330" * 5000 + "y").encode())
    assert screen.text()[0][-1] == "y"
    assert len(screen.text()[0]) < 20
