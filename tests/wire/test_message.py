"""The bytes of a message: order, limits, and what is ignored."""

import json

import pytest

from meshbot_core.errors import InvalidArgumentError
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.wire.admission import compose
from meshbot_core.wire.message import MAX_ID_CHARS, WireMessage, encode
from meshbot_core.wire.signing import signature_holds
from tests.wire.vectors import vectors

MEMBERS = ("id", "from", "to", "type", "payload", "replyTo", "timestamp", "nonce", "hmac")


def made(**changes) -> WireMessage:
    members = {
        "id": "i",
        "sender": "dev",
        "to": "ops",
        "kind": "response",
        "payload": 'é "quoted"\n',
        "reply_to": "r",
        "timestamp": 1,
        "nonce": "n",
    }
    return compose(MeshKey("key"), **(members | changes))


@pytest.mark.parametrize("body", vectors("messages")["client_bodies"])
def test_what_the_reference_sends_is_read_and_written_byte_for_byte(body):
    message = WireMessage.model_validate_json(body)

    assert signature_holds(MeshKey(vectors("messages")["key"]), message)
    assert encode(message) == body.encode()


def test_members_stand_in_the_order_of_the_protocol():
    assert tuple(json.loads(encode(made()))) == MEMBERS


def test_only_a_message_that_has_them_carries_reply_to_and_hops():
    plain = json.loads(encode(made(kind="message", reply_to=None)))
    asked = json.loads(encode(made(kind="ask", reply_to=None, hops=2)))

    assert "replyTo" not in plain
    assert "hops" not in plain
    assert asked["hops"] == 2


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("id", ""),
        ("id", "x" * (MAX_ID_CHARS + 1)),
        ("id", "two\nlines"),
        ("nonce", ""),
        ("nonce", "x" * (MAX_ID_CHARS + 1)),
        ("sender", "../dev"),
        ("sender", ".hidden"),
        ("sender", "d" * 65),
        ("sender", "dev\n"),
        ("to", ""),
        ("timestamp", -1),
        ("timestamp", 2**53),
        ("hops", -1),
        ("hops", 1001),
        ("reply_to", ""),
    ],
)
def test_protocol_5_a_member_outside_its_limits_is_named(member, value):
    with pytest.raises(InvalidArgumentError, match="message member"):
        made(**{member: value})


def test_a_message_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        made().payload = "other"
