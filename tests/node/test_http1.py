"""The request reader: what it takes, what it refuses, and that no cut of the bytes matters."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.node.framing import MAX_HEAD_BYTES, RequestError
from meshbot_core.node.http1 import MAX_HEADERS, Head, RequestReader

PLAIN = b"POST /mesh/msg?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST /m HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED += b"3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: 1\r\n\r\n"


def read_all(pieces: list[bytes], max_bytes: int = 1000) -> list[tuple[Head, bytes]]:
    reader, found = RequestReader(), []
    head: Head | None = None
    for piece in pieces:
        reader.feed(piece)
        while True:
            if head is None:
                head = reader.next_head()
            body = reader.next_body(max_bytes) if head else None
            if head is None or body is None:
                break
            found.append((head, body))
            head = None
    return found


def refused(data: bytes, max_bytes: int = 1000) -> int:
    with pytest.raises(RequestError) as caught:
        read_all([data], max_bytes)
    return caught.value.status


def test_a_request_is_read_without_its_query():
    ((head, body),) = read_all([PLAIN])

    assert (head.method, head.path, head.content_length, body) == ("POST", "/mesh/msg", 5, b"hello")
    assert head.keeps_alive


@given(st.lists(st.integers(0, 2 * len(PLAIN) + len(CHUNKED)), max_size=20))
def test_requests_are_the_same_wherever_the_bytes_are_cut(cuts: list[int]):
    data = PLAIN + CHUNKED + PLAIN
    places = [0, *sorted(cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(places)]

    assert read_all(pieces) == read_all([data])
    assert [body for _, body in read_all(pieces)] == [b"hello"] * 3


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_no_bytes_do_more_than_be_refused(junk: bytes, tail: bytes):
    for data in (junk, PLAIN[:30] + junk + tail, CHUNKED[:48] + junk, b"GET / HTTP/1.1\r\n" + junk):
        with contextlib.suppress(RequestError):
            read_all([data, tail])


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\nA: b\r\n",
        b"GET / HTTP/1.1 \r\n",
        b"GET  / HTTP/1.1\r\n",
        b"get / HTTP/1.1\r\n",
        b"GET /a b HTTP/1.1\r\n",
        b"GET /\xff HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nA : b\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n",
        b"GET / HTTP/1.1\r\nA: b\nC: d\r\n",
        b"GET / HTTP/1.1\r\nA: b\rC: d\r\n",
        b"GET / HTTP/1.1\r\nA: \x00\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n",
        b"GET / HTTP/1.1\r\n: b\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: +3\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"GET / HTTP/1.1\r\nAuthorization: a\r\nauthorization: b\r\n",
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(head: bytes):
    assert refused(head + b"\r\nabc") == 400


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.2"])
def test_other_versions_of_http_are_refused(version: bytes):
    assert refused(b"GET / " + version + b"\r\n\r\n") == 505


@pytest.mark.parametrize(
    "body",
    [
        b"x\r\n",
        b"-1\r\n",
        b"3\r\nabcd\r\n",
        b"\r\n",
        b"1\nx\r\n",
        b"1" * 400,
        b"0\r\nbad\r\n" * 2000,
    ],
)
def test_malformed_chunks_are_refused(body: bytes):
    assert refused(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body) in (400, 431)


def test_a_head_without_end_is_refused_at_its_bound():
    assert refused(b"GET / HTTP/1.1\r\nA: " + b"x" * MAX_HEAD_BYTES) == 431


def test_more_headers_than_anybody_needs_are_refused():
    assert refused(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (MAX_HEADERS + 1) + b"\r\n") == 431


@pytest.mark.parametrize("head", [b"Content-Length: 11", b"Transfer-Encoding: chunked"])
def test_a_body_over_the_limit_is_refused_before_it_is_kept(head: bytes):
    chunk = b"b\r\n" + b"x" * 11 if b"chunked" in head else b""

    assert refused(b"POST / HTTP/1.1\r\n" + head + b"\r\n\r\n" + chunk, max_bytes=10) == 413


def test_a_line_is_kept_or_closed_as_the_client_says():
    def keeps(text: bytes) -> bool:
        return read_all([text + b"\r\n\r\n"])[0][0].keeps_alive

    assert keeps(b"GET / HTTP/1.1")
    assert not keeps(b"GET / HTTP/1.1\r\nConnection: Close")
    assert not keeps(b"GET / HTTP/1.0")


def test_long_hostile_values_cost_little_time():
    # Patterns that look back would need minutes for these.
    for value in (b" " * 16_000, b"\t " * 8_000 + b"x", b"a" * 16_000):
        for end in (b"\r\n\r\n", b"\n\r\n\r\n"):
            with contextlib.suppress(RequestError):
                read_all([b"GET / HTTP/1.1\r\nA:" + value + end])
