"""Who gets in: the reference's cases, the order of checks, and everything malformed."""

import hmac
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.errors import (
    BadSignatureError,
    NotForUsError,
    RefusedMessageError,
    StaleMessageError,
    UnauthorizedError,
)
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.wire.admission import admit, check_bearer, compose
from meshbot_core.wire.message import encode
from tests.wire.vectors import named, vectors

VECTORS = vectors("messages")
KEY = MeshKey(VECTORS["key"])
NOW_MS = VECTORS["now"]
KINDS = {"/mesh/msg": "message", "/mesh/ask": "ask", "/mesh/response": "response"}


def let_in(body: bytes, kind="message", now_ms=NOW_MS):
    return admit(body, kind_of_path=kind, key=KEY, agent="alpha", now_ms=now_ms, window_ms=60_000)


def members(**changes):
    """A good message for alpha as parsed JSON, signed after the changes."""
    wire = {
        "id": "an-id",
        "from": "beta",
        "to": "alpha",
        "type": "message",
        "payload": "hello",
        "timestamp": NOW_MS,
        "nonce": "a-nonce",
    } | changes
    covered = "|".join(str(wire[name]) for name in ("id", "type", "payload", "timestamp", "nonce"))
    covered_bytes = covered.encode("utf-8", "surrogatepass")
    return wire | {"hmac": hmac.digest(KEY.bytes, covered_bytes, "sha256").hex()}


def body(**changes) -> bytes:
    return json.dumps(members(**changes)).encode()


def seen_before(case):
    """Whether only its nonce speaks against it, which is the mailbox's affair."""
    return case["expect"]["json"] == {"error": "Duplicate nonce (replay detected)"}


@pytest.mark.parametrize("case", **named([c for c in VECTORS["cases"] if not seen_before(c)]))
def test_the_reference_s_messages_fare_as_they_did_there(case):
    bearer = {"mesh key": f"Bearer {KEY.text}", "nope": "Bearer nope"}.get(case["bearer"])
    data = json.dumps(case["message"], ensure_ascii=False, separators=(",", ":")).encode()

    def handle():
        check_bearer(bearer, KEY)
        return let_in(data, KINDS[case["path"]])

    if case["expect"]["status"] == 200:
        assert handle().payload == case["message"]["payload"]
        return
    with pytest.raises(RefusedMessageError) as refused:
        handle()
    if case["expect"]["status"] == 500:  # where the reference breaks
        assert refused.value.http_status == 400
    else:
        assert refused.value.http_status == case["expect"]["status"]
        assert str(refused.value) == case["expect"]["json"]["error"]


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (None, "Missing or invalid authorization"),
        ("", "Missing or invalid authorization"),
        ("Basic abc", "Missing or invalid authorization"),
        ("Bearer", "Missing or invalid authorization"),
        ("Bearer ", "Invalid mesh key"),
        (f"Bearer {KEY.text}x", "Invalid mesh key"),
        (f"Bearer  {KEY.text}", "Invalid mesh key"),
        ("Bearer ключ\udcff", "Invalid mesh key"),
    ],
)
def test_a_wrong_bearer_is_401_and_the_error_does_not_tell_the_key(header, text):
    with pytest.raises(UnauthorizedError, match=text) as refused:
        check_bearer(header, KEY)

    assert refused.value.http_status == 401
    assert KEY.text not in str(refused.value)


def test_protocol_2_the_bearer_is_compared_in_constant_time(monkeypatch):
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))

    check_bearer(f"Bearer {KEY.text}", KEY)

    assert compared == [(KEY.bytes, KEY.bytes)]


def test_protocol_3_nothing_else_is_looked_at_before_the_hmac_holds():
    wrong = members(to="somebody", type="response") | {"hmac": "0" * 64}

    with pytest.raises(BadSignatureError, match="HMAC verification failed"):
        let_in(json.dumps(wrong).encode())


def test_the_clock_is_looked_at_before_the_hmac():
    wrong = members(timestamp=NOW_MS - 60_001) | {"hmac": "0" * 64}

    with pytest.raises(StaleMessageError, match="Message timestamp expired"):
        let_in(json.dumps(wrong).encode())


@pytest.mark.parametrize(
    ("path_kind", "signed_kind"),
    [(path, kind) for path in KINDS.values() for kind in KINDS.values() if path != kind],
)
def test_protocol_4_a_signed_type_opens_only_its_own_path(path_kind, signed_kind):
    with pytest.raises(RefusedMessageError) as refused:
        let_in(body(type=signed_kind, replyTo="an-ask"), path_kind)

    assert refused.value.http_status == 400


def test_an_answer_without_reply_to_is_refused():
    with pytest.raises(RefusedMessageError, match="Missing replyTo field"):
        let_in(body(type="response"), "response")


def test_an_answer_for_another_agent_is_404():
    with pytest.raises(NotForUsError) as refused:
        let_in(body(type="response", to="gamma", replyTo="x"), "response")

    assert refused.value.http_status == 404


@pytest.mark.parametrize("payload", [None, 42, True, 1.5, [], {"a": 1}])
def test_protocol_5_a_payload_that_is_no_text_is_refused(payload):
    with pytest.raises(RefusedMessageError, match="Invalid message format"):
        let_in(body(payload=payload))


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "-x", "x" * 65, "a b", "x\n", "é", 5])
def test_protocol_5_a_sender_that_cannot_be_an_agent_is_refused(name):
    with pytest.raises(RefusedMessageError, match="Invalid message format"):
        let_in(body(**{"from": name}))


@pytest.mark.parametrize("payload", ["\x00", "a\x00b\x1f\x7f", "\u2028\ufeff", "🚀", "", " "])
def test_a_payload_may_be_any_text_nul_and_controls_included(payload):
    assert let_in(body(payload=payload)).payload == payload


def test_members_we_do_not_know_are_ignored():
    assert let_in(body(priority=5, deep={"a": [1, {"b": None}]})).id == "an-id"


GOOD = body().decode()
MALFORMED = {
    "empty": b"",
    "white space": b"  \n",
    "not JSON": b"{nope}",
    "half a body": GOOD[: len(GOOD) // 2].encode(),
    "something behind": GOOD.encode() + b"x",
    "two documents": GOOD.encode() * 2,
    "a list": b"[1]",
    "text": b'"text"',
    "null": b"null",
    "number": b"1",
    "empty object": b"{}",
    "a member twice, equal": GOOD.replace('"to"', '"id": "an-id", "to"').encode(),
    "a member twice, other": GOOD.replace('"to"', '"payload": "evil", "to"').encode(),
    "an unknown member twice": GOOD.replace('"to"', '"x": 1, "x": 1, "to"').encode(),
    "a member twice inside": GOOD.replace('"to"', '"x": [{"y": 1, "y": 1}], "to"').encode(),
    "NaN as time": GOOD.replace(str(NOW_MS), "NaN").encode(),
    "NaN where it is ignored": GOOD.replace('"to"', '"x": NaN, "to"').encode(),
    "Infinity where it is ignored": GOOD.replace('"to"', '"x": [-Infinity], "to"').encode(),
    "huge number as time": GOOD.replace(str(NOW_MS), "9" * 400).encode(),
    "very huge number": GOOD.replace('"to"', f'"x": {"9" * 500_000}, "to"').encode(),
    "1e999 as time": GOOD.replace(str(NOW_MS), "1e999").encode(),
    "a fraction as time": GOOD.replace(str(NOW_MS), f"{NOW_MS}.5").encode(),
    "text as time": GOOD.replace(str(NOW_MS), f'"{NOW_MS}"').encode(),
    "true as time": GOOD.replace(str(NOW_MS), "true").encode(),
    "half a surrogate pair": GOOD.replace("hello", "\\ud800").encode(),
    "half a surrogate pair ignored": GOOD.replace('"to"', '"x": "\\udc00", "to"').encode(),
    "the other half": GOOD.replace("hello", "\\udc00\\ud800").encode(),
    "a surrogate as bytes": GOOD.replace("hello", "\ud800").encode("utf-8", "surrogatepass"),
    "a raw NUL": GOOD.replace("hello", "\x00").encode(),
    "a raw line end": GOOD.replace("hello", "a\nb").encode(),
    "not UTF-8": GOOD.encode().replace(b"hello", b"\xff"),
    "not UTF-8 where ignored": GOOD.encode().replace(b'"to"', b'"x": "\xff", "to"'),
    "overlong UTF-8": GOOD.encode().replace(b"hello", b"\xc0\xaf"),
    "byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-16 without a mark": GOOD.encode("utf-16-le"),
    "UTF-32": GOOD.encode("utf-32"),
    "100,000 lists deep": b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 objects deep": b'{"id":' * 100_000 + b"1" + b"}" * 100_000,
    "deep where it is ignored": GOOD.replace('"to"', f'"x": {"[" * 999}{"]" * 999}, "to"').encode(),
    "a comment": GOOD.replace('"to"', '/* x */ "to"').encode(),
    "a comma too many": GOOD.replace("}", ",}").encode(),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "an hmac that is a number": json.dumps(members() | {"hmac": 123}).encode(),
    "an hmac that is null": json.dumps(members() | {"hmac": None}).encode(),
    "type that does not exist": body(type="a"),
    "type in capitals": body(type="MESSAGE"),
    "an id that is a number": body(id=12345),
    "an id of 201 characters": body(id="x" * 201),
    "an id of two lines": body(id="a\nb"),
    "an empty nonce": body(nonce=""),
    "a negative time": body(timestamp=-1),
    "hops as text": body(hops="3"),
    "hops without end": body(hops=10**9),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=[n.replace(" ", "_") for n in MALFORMED])
def test_malformed_bodies_are_400_and_nothing_else(data):
    with pytest.raises(RefusedMessageError) as refused:
        let_in(data)

    assert refused.value.http_status == 400
    assert str(refused.value) == "Invalid message format"


@pytest.mark.parametrize("missing", ["id", "from", "to", "type", "payload", "timestamp", "nonce"])
def test_a_missing_member_is_400(missing):
    wire = members()
    del wire[missing]

    with pytest.raises(RefusedMessageError, match="Invalid message format"):
        let_in(json.dumps(wire).encode())


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_refusal(data):
    with pytest.raises(RefusedMessageError):
        let_in(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(name=st.sampled_from(sorted(members())), value=JSON)
def test_no_value_of_a_member_raises_anything_but_a_refusal(name, value):
    data = json.dumps(members() | {name: value}).encode()

    with suppress(RefusedMessageError):
        let_in(data)


@given(
    payload=st.text(st.characters(exclude_categories=("Cs",))),
    kind=st.sampled_from(sorted(KINDS.values())),
    drift_ms=st.integers(-60_000, 60_000),
)
def test_what_we_compose_and_encode_is_let_in_unchanged(payload, kind, drift_ms):
    message = compose(
        KEY,
        id="an-id",
        sender="beta",
        to="alpha",
        kind=kind,
        payload=payload,
        reply_to="an-ask" if kind == "response" else None,
        timestamp=NOW_MS + drift_ms,
        nonce="a-nonce",
        hops=3,
    )

    assert let_in(encode(message), kind) == message
