"""Cutting a stream into lines."""

from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.mcp.lines import Line, Lines


@given(
    st.lists(st.binary(min_size=1, max_size=20).map(lambda data: data.replace(b"\n", b"x"))),
    st.lists(st.integers(1, 7), min_size=1),
)
def test_however_the_stream_is_cut_the_lines_are_the_same(content: list[bytes], cuts: list[int]):
    stream = b"".join(line + b"\n" for line in content)
    expected = [line for line in content if line.strip()]
    lines = Lines()
    found: list[Line] = []
    rest = stream
    turn = 0
    while rest:
        size = cuts[turn % len(cuts)]
        found += lines.feed(rest[:size])
        rest = rest[size:]
        turn += 1

    assert [line.data for line in found] == expected
    assert all(stream[line.place :].startswith(line.data or b"?") for line in found)
    assert lines.received == len(stream)


def test_a_line_that_is_too_long_is_told_and_costs_no_memory():
    lines = Lines(max_bytes=10)

    found = lines.feed(b"x" * 8) + lines.feed(b"y" * 8) + lines.feed(b"z" * 8 + b"\nnext\n")

    assert found == [Line(0, None), Line(25, b"next")]


def test_a_line_of_exactly_the_limit_passes():
    assert Lines(max_bytes=4).feed(b"abcd\n") == [Line(0, b"abcd")]


def test_an_unfinished_line_is_held():
    lines = Lines()

    assert lines.feed(b'{"a"') == []
    assert lines.feed(b":1}\r\n\n") == [Line(0, b'{"a":1}\r')]
