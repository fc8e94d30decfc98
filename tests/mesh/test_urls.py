"""Peers' URLs: as the reference normalises them, less what nothing can be sent to."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.errors import InvalidUrlError
from meshbot_core.mesh.urls import is_loopback_url, normalize_peer_url

CASES = json.loads((Path(__file__).parent / "data/peer_urls.json").read_text("utf-8"))
UNREACHABLE = {"ftp://x/", "//x"}
"""The reference takes these, though nothing can be sent there."""


@pytest.mark.parametrize("case", CASES, ids=[case["input"] or "empty" for case in CASES])
def test_urls_are_normalised_as_in_the_reference_where_one_can_send_to_them(case):
    if "error" in case or case["input"] in UNREACHABLE:
        with pytest.raises(InvalidUrlError, match=case.get("error", "is no peer URL")):
            normalize_peer_url(case["input"])
    else:
        assert normalize_peer_url(case["input"]) == case["output"]


@pytest.mark.parametrize(
    "text",
    [
        *("   ", "http://", "http:///x", "http://:80", "ws://x", "file:///etc/passwd"),
        *("http://x:0", "http://x:65536", "http://x:-1", "http://x:port", "x:1:2:3"),
        *("http://[::1", "http://[zz]", "http://a b", "http://a\nb", "http://a\0b"),
        *("http://user:secret@x", "http://x?a=1", "http://x/#f", "http://x\\y", "http://a..b"),
        *("http://" + "a" * 64, "http://x/" + "y" * 2000, "javascript:alert(1)", "http://\ud800"),
    ],
)
def test_protocol_5_a_url_that_nothing_can_be_sent_to_is_refused(text):
    with pytest.raises(InvalidUrlError):
        normalize_peer_url(text)


@pytest.mark.parametrize(
    "text", ["http://x", "https://a.b-c.example:9820/base", "http://[fe80::1]:1", "http://bücher:1"]
)
def test_a_good_url_stays_as_it_is(text):
    assert normalize_peer_url(text) == text


@given(st.text(max_size=60))
def test_any_text_is_a_url_that_stays_normalised_or_a_clear_error(text):
    try:
        url = normalize_peer_url(text)
    except InvalidUrlError as error:
        assert str(error)  # noqa: PT017 -- both outcomes are right here
    else:
        assert normalize_peer_url(url) == url
        assert url.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1", True),
        ("http://LOCALHOST", True),
        ("http://dev.localhost:1", True),
        ("http://127.0.0.1:1", True),
        ("http://127.8.9.1:1", True),
        ("http://[::1]:1", True),
        ("http://0.0.0.0:1", True),
        ("http://[::]:1", True),
        ("http://10.0.0.1:1", False),
        ("https://example.org", False),
        ("http://localhost.example.org", False),
        ("http://notlocalhost", False),
        ("http://[fd00::1]:1", False),
    ],
)
def test_protocol_14_a_url_of_loopback_is_told_from_one_that_others_can_use(url, local):
    assert is_loopback_url(url) is local
