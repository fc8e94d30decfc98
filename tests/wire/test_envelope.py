"""Signed envelopes against the reference's, and what must not verify."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as elliptic_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.errors import EnvelopeError, KeyFileError
from meshbot_core.wire.envelope import (
    Envelope,
    generate_key,
    load_private_key,
    manifest_hash,
    parse_envelope,
    payload_bytes,
    private_pem,
    public_pem,
    sign_envelope,
    verify_envelope,
)
from tests.wire.vectors import named, vectors

VECTORS = vectors("envelopes")
ROOT_KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["root_private_seed_hex"]))
PUBLIC = {
    "root": VECTORS["root_public_pem"],
    "other": VECTORS["other_public_pem"],
    "garbage": "garbage",
}


@pytest.mark.parametrize("case", **named(VECTORS["cases"]))
def test_we_sign_what_the_reference_signs(case):
    envelope = sign_envelope(case["payload"], key=ROOT_KEY, kid=case["kid"])

    assert envelope.model_dump() == case["envelope"]
    assert manifest_hash(envelope) == case["manifestHash"]
    assert verify_envelope(envelope, PUBLIC["root"]) == payload_bytes(envelope)


@pytest.mark.parametrize("case", **named(VECTORS["verify_cases"]))
def test_an_envelope_is_judged_as_the_reference_judges_it(case):
    envelope = Envelope.model_validate(case["envelope"])

    if case["verify"]:
        assert verify_envelope(envelope, PUBLIC[case["public_key"]]).startswith(b'{"agents"')
    else:
        with pytest.raises(EnvelopeError):
            verify_envelope(envelope, PUBLIC[case["public_key"]])


@given(position=st.integers(0, 63), bit=st.integers(0, 7))
def test_no_bit_of_a_signature_may_change(position, bit):
    envelope = sign_envelope({"a": 1}, key=ROOT_KEY, kid="k")
    signature = bytearray(base64.urlsafe_b64decode(envelope.sig + "=="))
    signature[position] ^= 1 << bit
    forged = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()

    with pytest.raises(EnvelopeError, match="does not hold"):
        verify_envelope(envelope.model_copy(update={"sig": forged}), PUBLIC["root"])


def test_the_signature_covers_the_bytes_as_carried_not_a_rewriting_of_them():
    loose = b'{ "b": 1, "a": 2 }'
    carried = base64.urlsafe_b64encode(loose).rstrip(b"=").decode()
    signature = base64.urlsafe_b64encode(ROOT_KEY.sign(loose)).rstrip(b"=").decode()
    envelope = Envelope(alg="Ed25519", kid="k", payload=carried, sig=signature)

    assert verify_envelope(envelope, PUBLIC["root"]) == loose


@pytest.mark.parametrize("text", ["*", "a", "ab c", "abc===", "é", "ab+/", "=", "ab\n"])
def test_what_is_not_base64url_is_refused(text):
    envelope = sign_envelope({}, key=ROOT_KEY, kid="k").model_copy(update={"sig": text})

    with pytest.raises(EnvelopeError):
        verify_envelope(envelope, PUBLIC["root"])


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"alg":1}', b"\xff", b'{"alg":"a","kid":"k","payload":"p"}']
)
def test_what_is_no_envelope_is_refused(data):
    with pytest.raises(EnvelopeError, match="expected a signed envelope"):
        parse_envelope(data)


def test_a_key_survives_its_pem_and_is_no_other_kind_of_key():
    key = generate_key()
    elliptic = elliptic_key(SECP256R1())
    elliptic_pem = elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    elliptic_public = elliptic.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )

    loaded = load_private_key(private_pem(key).decode())

    assert public_pem(loaded) == public_pem(key)
    for pem in ("garbage", "", elliptic_pem.decode()):
        with pytest.raises(KeyFileError, match="expected an Ed25519 private key"):
            load_private_key(pem)
    with pytest.raises(EnvelopeError, match="another kind"):
        verify_envelope(sign_envelope({}, key=key, kid="k"), elliptic_public.decode())
