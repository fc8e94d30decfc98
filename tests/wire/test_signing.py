"""The hmac of version 1, against the reference's own figures."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.errors import InvalidArgumentError
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.types import NAME_PATTERN
from meshbot_core.wire.admission import compose
from meshbot_core.wire.message import WireMessage
from meshbot_core.wire.signing import signature, signature_holds
from tests.wire.vectors import named, vectors

KEY = MeshKey("a test key")
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)


def is_ours(case):
    """Whether our types can carry it; the reference also signs numbers and missing members."""
    texts = (case.get("id"), case.get("type"), case.get("nonce"), case.get("payload", ""))
    return all(isinstance(text, str) for text in texts) and type(case["timestamp"]) is int


def signed(**changes) -> WireMessage:
    members = {
        "id": "an-id",
        "sender": "dev",
        "to": "ops",
        "kind": "message",
        "payload": "hello",
        "reply_to": None,
        "timestamp": 1_767_232_600_000,
        "nonce": "a-nonce",
    }
    return compose(KEY, **(members | changes))


@pytest.mark.parametrize("case", **named([c for c in vectors("hmac")["sign"] if is_ours(c)]))
def test_the_hmac_is_the_reference_s(case):
    text, times = case.get("payload_repeat", (case.get("payload"), 1))

    made = signature(
        MeshKey(case["key"]),
        id=case["id"],
        kind=case["type"],
        payload=text * times,
        timestamp=case["timestamp"],
        nonce=case["nonce"],
    )

    assert made == case["hmac"]


@pytest.mark.parametrize("case", **named(vectors("hmac")["verify"]["cases"]))
def test_an_hmac_is_judged_as_the_reference_judges_it(case):
    given_message = vectors("hmac")["verify"]["message"]
    message = WireMessage.model_validate(
        {**given_message, "from": "a", "to": "b", "hmac": case["hmac"]}
    )

    holds = signature_holds(MeshKey(vectors("hmac")["verify"]["key"]), message)

    # The reference stops reading hex at junk and takes it; we look at the length first.
    assert holds is (case["result"] is True and case["name"] != "junk after")


@pytest.mark.parametrize("text", ["", "a" * 63, "a" * 65, "é" * 64, "я" * 64, "\x00" * 64])
def test_protocol_2_an_hmac_of_odd_length_or_letters_is_refused_without_an_error(text):
    assert not signature_holds(KEY, signed().model_copy(update={"hmac": text}))


def test_protocol_2_the_hmac_is_compared_in_constant_time(monkeypatch):
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))

    assert not signature_holds(KEY, signed().model_copy(update={"hmac": "0" * 64}))

    assert compared == [(signed().hmac.encode(), b"0" * 64)]


def test_protocol_2_the_length_is_checked_before_anything_is_computed(monkeypatch):
    message = signed().model_copy(update={"hmac": "0" * 63})

    def never(*arguments):
        raise AssertionError

    monkeypatch.setattr(hmac, "digest", never)

    assert not signature_holds(KEY, message)


@given(payload=TEXT, nonce=st.from_regex(r"[!-~]{1,40}", fullmatch=True))
def test_what_we_sign_we_verify_and_another_key_does_not(payload, nonce):
    message = signed(payload=payload, nonce=nonce)

    assert signature_holds(KEY, message)
    assert not signature_holds(MeshKey("another key"), message)


@given(
    changes=st.fixed_dictionaries(
        {},
        optional={
            "id": st.from_regex(r"[a-z0-9-]{1,36}", fullmatch=True),
            "kind": st.sampled_from(["message", "ask", "response"]),
            "payload": TEXT,
            "timestamp": st.integers(0, 2**53 - 1),
            "nonce": st.from_regex(r"[a-z0-9-]{1,36}", fullmatch=True),
        },
    )
)
def test_any_change_of_a_covered_member_breaks_the_signature(changes):
    message = signed()
    changed = message.model_copy(update=changes)

    assert signature_holds(KEY, changed) is (changed == message)


@given(
    sender=st.from_regex(NAME_PATTERN, fullmatch=True),
    to=st.from_regex(NAME_PATTERN, fullmatch=True),
)
def test_sender_and_receiver_are_not_covered_as_in_the_reference(sender, to):
    assert signature_holds(KEY, signed().model_copy(update={"sender": sender, "to": to}))


def test_half_a_surrogate_pair_cannot_be_signed():
    with pytest.raises(InvalidArgumentError, match="surrogate"):
        signed(payload="a\ud800b")
