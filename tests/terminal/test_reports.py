"""What a terminal sends by itself."""

import pytest

from meshbot_core.terminal.reports import is_report


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b[I",
        b"\x1b[O\x1b[I",
        b"\x1b[<0;12;3M\x1b[<0;12;3m",
        b"\x1b[M !!",
        b"\x1b[?62;22c",
        b"\x1b[>1;10;0c",
        b"\x1b[12;40R",
        b"\x1b[?2004;1$y",
        b"\x1b[0n",
        b"\x1b[8;40;120t",
        b"\x1bP>|meshbot 0.1\x1b\\",
        b"\x1b]11;rgb:0000/0000/0000\x1b\\",
        b"\x1b]10;rgb:ffff/ffff/ffff\x07\x1b[I",
    ],
)
def test_answers_and_events_are_reports(data):
    assert is_report(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"\r", b"\x1b", b"\x1b[A", b"\x1b[200~text\x1b[201~", b"\x1b[Ix", b"\x1b[97;5u"],
)
def test_what_a_person_typed_is_none(data):
    assert not is_report(data)
