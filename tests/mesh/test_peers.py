"""Changes of the peer list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.errors import InvalidNameError, InvalidUrlError, UnknownPeerError
from meshbot_core.mesh.config import MeshConfig
from meshbot_core.mesh.peers import peer, registered, with_peer, without_peer
from meshbot_core.types import NAME_PATTERN

NAMES = st.from_regex(NAME_PATTERN, fullmatch=True)
EMPTY = MeshConfig(mesh="default")


def test_a_peer_is_added_found_changed_and_removed():
    config = with_peer(EMPTY, "dev", "localhost:9/", "the developer")
    assert peer(config, "dev").url == "http://localhost:9"
    assert peer(config, "dev").description == "the developer"

    config = with_peer(config, "dev", "localhost:10")
    assert peer(config, "dev").url == "http://localhost:10"
    assert peer(config, "dev").description == "the developer"

    config = with_peer(config, "dev", "localhost:10", "")
    assert peer(config, "dev").description == ""
    assert dict(without_peer(config, "dev").peers) == {}


def test_an_unknown_peer_names_those_that_are_known():
    config = with_peer(with_peer(EMPTY, "ops", "h:1"), "dev", "h:2")

    for ask in (peer, without_peer):
        with pytest.raises(UnknownPeerError) as unknown:
            ask(config, "nobody")
        assert str(unknown.value) == 'Unknown agent "nobody". Known peers: ops, dev'


def test_a_bad_name_or_url_is_refused():
    with pytest.raises(InvalidNameError):
        with_peer(EMPTY, "../dev", "h:1")
    with pytest.raises(InvalidUrlError):
        with_peer(EMPTY, "dev", "ftp://h")


@pytest.mark.parametrize(
    ("before", "own", "after"),
    [
        (None, "http://10.0.0.1:9", "http://10.0.0.1:9"),
        (None, "http://127.0.0.1:9", "http://127.0.0.1:9"),
        ("http://localhost:8", "http://127.0.0.1:9", "http://127.0.0.1:9"),
        ("http://localhost:8", "http://10.0.0.1:9", "http://10.0.0.1:9"),
        ("http://0.0.0.0:8", "http://10.0.0.1:9", "http://10.0.0.1:9"),
        ("https://dev.example.org", "http://10.0.0.1:9", "https://dev.example.org"),
        ("http://10.0.0.7:1", "http://127.0.0.1:9", "http://10.0.0.7:1"),
    ],
)
def test_decision_30_registration_writes_where_nothing_or_loopback_stands(before, own, after):
    config = with_peer(EMPTY, "dev", before, "what a person wrote") if before else EMPTY

    changed = registered(config, "dev", own)

    assert peer(changed, "dev").url == after
    assert peer(changed, "dev").description == ("what a person wrote" if before else "")


def test_decision_21_an_entry_that_is_right_already_changes_nothing():
    config = registered(EMPTY, "dev", "http://127.0.0.1:9")

    assert registered(config, "dev", "http://127.0.0.1:9") is config


@given(st.dictionaries(NAMES, st.integers(1, 65_535), max_size=8), NAMES)
def test_adding_and_removing_touches_nobody_else(ports, name):
    config = EMPTY
    for other, port in ports.items():
        config = with_peer(config, other, f"h:{port}")

    added = with_peer(config, name, "h:1")

    assert set(added.peers) == {*ports, name}
    expected = {other: entry for other, entry in config.peers.items() if other != name}
    assert without_peer(added, name).peers == expected
