"""Canonical JSON against the reference's output, and as a property."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.errors import InvalidArgumentError
from meshbot_core.wire.canonical import canonical_json
from tests.wire.vectors import named, vectors

CASES = vectors("canonical_json")["cases"]
ORDERED_BY_LOCALE = {
    "case: lower before upper at equal letters",
    "digits, letters, underscore",
    "hyphen and punctuation",
    "agent names",
    "accents",
    "emoji keys",
}
"""The reference sorts keys by its process's locale; ours is plain code-point order."""

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("case", **named(CASES))
def test_the_text_is_the_reference_s_but_for_keys_that_a_locale_orders(case):
    made = canonical_json(json.loads(case["json_text"]))

    if case["name"] in ORDERED_BY_LOCALE:
        expected = json.loads(case["expected"])
        assert list(json.loads(made)) == sorted(expected)
        assert json.loads(made) == expected
    else:
        assert made == case["expected"]


@given(VALUES)
def test_the_text_says_the_value_and_one_value_has_one_text(value):
    text = canonical_json(value)

    assert json.loads(text, parse_int=float) == value
    assert canonical_json(json.loads(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_written_shortest_and_read_back_exactly(number):
    text = canonical_json(number)

    assert float(text) == number
    assert "e" in text or len(text) <= 26
    assert not text.endswith(".0")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 10**400])
def test_a_number_that_is_not_finite_has_no_text(number):
    with pytest.raises(InvalidArgumentError, match="non-finite"):
        canonical_json([number])


def test_what_is_not_json_is_refused():
    with pytest.raises(InvalidArgumentError, match="bytes"):
        canonical_json([b"x"])
