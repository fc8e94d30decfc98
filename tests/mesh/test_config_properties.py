"""The configuration under any input: nothing raises but a ConfigError, and nothing is lost."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.errors import ConfigError
from meshbot_core.mesh.config import parse_config
from meshbot_core.mesh.document import json_bytes, merged, parse_document
from meshbot_core.mesh.peers import with_peer
from meshbot_core.types import NAME_PATTERN

PATH = Path("config.json")
NAMES = st.from_regex(NAME_PATTERN, fullmatch=True)
KEYS = st.text(max_size=20)
TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
"""Halves of surrogate pairs included: JSON can carry them."""

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
UNKNOWN = st.dictionaries(KEYS.map(lambda text: f"x-{text}"), JSON, max_size=3)


@st.composite
def documents(draw):
    """A good configuration with members of somebody else's everywhere, in any order."""
    ports = draw(st.dictionaries(NAMES, st.integers(1, 65_535), max_size=4))
    peers = {
        name: draw(mixed({"url": f"http://host:{port}"}, draw(UNKNOWN)))
        for name, port in ports.items()
    }
    security = draw(mixed({"replayWindowSeconds": 30}, draw(UNKNOWN)))
    known = {"mesh": draw(NAMES), "peers": peers, "security": security}
    return draw(mixed(known, draw(UNKNOWN)))


@st.composite
def mixed(draw, known, unknown):
    """One object of both, its members in any order."""
    return dict(draw(st.permutations([*known.items(), *unknown.items()])))


def shape(value):
    """The value with the order of members made visible."""
    if isinstance(value, dict):
        return [(name, shape(inner)) for name, inner in value.items()]
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return (type(value), value)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_config_error(data):
    with pytest.raises(ConfigError):
        parse_config(data, PATH)


@given(documents(), st.sampled_from(["mesh", "peers", "security", "tls", "timeouts"]), JSON)
def test_no_value_of_a_member_raises_anything_but_a_config_error(document, member, value):
    data = json.dumps(document | {member: value}).encode()

    try:
        config = parse_config(data, PATH)
    except ConfigError as error:
        assert str(error).startswith("config.json: ")  # noqa: PT017 -- both outcomes are right
    else:
        assert config.security.replay_window_seconds >= 1


@given(documents(), NAMES)
def test_a_change_of_one_peer_loses_and_reorders_nothing(document, name):
    config = parse_config(json_bytes(document), PATH)

    changed = with_peer(config, name, "http://changed:1")
    rewritten = merged(document, changed.model_dump(by_alias=True, exclude_unset=True))

    was_there = document["peers"].get(name, {})
    document["peers"][name] = was_there | {"url": "http://changed:1"}
    assert shape(rewritten) == shape(document)
    assert parse_config(json_bytes(rewritten), PATH) == changed


@given(UNKNOWN)
def test_what_is_written_is_read_back_the_same(document):
    assert shape(parse_document(json_bytes(document), PATH)) == shape(document)
