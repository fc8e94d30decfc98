"""Documents that are almost right: JSON of a real shape with something wrong in it, or no JSON."""

import json

from hypothesis import strategies as st

JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def almost(*members: str, kinds: tuple[tuple[str, str], ...]) -> st.SearchStrategy[bytes]:
    """Objects that hold some of ``members`` with any values, and mostly a kind that is known."""
    objects = st.dictionaries(
        st.one_of(st.sampled_from(members), st.text(max_size=6)), JSON_VALUES, max_size=6
    )
    kind = st.sampled_from(kinds).map(lambda pair: {pair[0]: pair[1]})
    return st.one_of(
        st.binary(max_size=40),
        st.tuples(objects, kind).map(lambda parts: json.dumps(parts[0] | parts[1]).encode()),
        JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    )
