"""Any order in which journals are read, grow and shrink ends in the same list."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshbot_tui.model.journal import JournalIndex, Stand
from meshbot_tui.model.merging import Merged, Place

NAMES = ("dev", "ops", "web", "far")
LOCAL = NAMES[:3]

messages = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.sampled_from("abc"),  # the same id may come from several agents, and go to several
        st.sampled_from(("message", "ask")),
        st.integers(0, 3),  # few times: many are equal, and clocks go back
        st.booleans(),
    ),
    max_size=25,
)


def journals_of(sent: list[tuple[str, str, str, str, int, bool]]) -> dict[str, list[Place]]:
    """What the mailboxes of these agents hold; ``False``: it has not arrived yet."""
    journals: dict[str, list[Place]] = {name: [] for name in LOCAL}
    known: set[tuple[str, str, str]] = set()
    for sender, to, id_, kind, at_ms, has_arrived in sent:
        if (sender, to, id_) in known:
            continue
        known.add((sender, to, id_))
        if sender in journals:
            rows = journals[sender]
            rows.append((len(rows) + 1, "out", id_, to, kind, at_ms))
        if to in journals and has_arrived:
            rows = journals[to]
            rows.append((len(rows) + 1, "in", id_, sender, kind, at_ms + 1))
    return journals


def plainly(journals: dict[str, list[Place]]) -> list[Stand]:
    """The list, made the slow way."""
    outs = {
        (id_, agent, peer)
        for agent, rows in journals.items()
        for _, direction, id_, peer, _, _ in rows
        if direction == "out"
    }
    return sorted(
        Stand(at_ms, agent, seq, *((agent, peer) if direction == "out" else (peer, agent)), kind)
        for agent, rows in journals.items()
        for seq, direction, id_, peer, kind, at_ms in rows
        if direction == "out" or (id_, peer, agent) not in outs
    )


def is_sound(index: JournalIndex) -> bool:
    keys = [index.key_at(place) for place in range(len(index))]
    return [index.position_of(key) for key in keys] == list(range(len(index)))


@settings(max_examples=300)
@given(sent=messages, data=st.data())
def test_any_order_of_arrival_gives_the_list_that_reading_it_afresh_gives(sent, data):
    journals = journals_of(sent)
    merged = Merged()
    left = {name: list(rows) for name, rows in journals.items()}
    while any(left.values()):
        name = data.draw(st.sampled_from([name for name, rows in left.items() if rows]))
        size = data.draw(st.integers(1, 4))
        merged.add(name, left[name][:size])
        left[name] = left[name][size:]
        if data.draw(st.booleans()):
            assert is_sound(merged.index())
    for name in LOCAL:
        merged.open(name)
    assert list(merged.index().stands) == plainly(journals)

    for name in LOCAL:
        seqs = [row[0] for row in journals[name]]
        gone = set(data.draw(st.lists(st.sampled_from(seqs), unique=True))) if seqs else set()
        journals[name] = [row for row in journals[name] if row[0] not in gone]
        merged.remove(name, gone)
    assert list(merged.index().stands) == plainly(journals)
    assert is_sound(merged.index())

    name = data.draw(st.sampled_from(LOCAL))
    merged.drop(name)
    journals[name] = []
    assert list(merged.index().stands) == plainly(journals)
    merged.close(name)
    del journals[name]
    assert list(merged.index().stands) == plainly(journals)


def test_a_list_that_was_given_out_does_not_change():
    merged = Merged()
    merged.add("dev", [(1, "out", "a", "ops", "message", 5)])
    first = merged.index()
    merged.add("dev", [(2, "out", "b", "ops", "message", 1)])
    merged.add("ops", [(1, "in", "c", "far", "message", 2)])
    assert [stand.seq for stand in first.stands] == [1]
    assert first.position_of(("dev", 2)) is None
    assert [stand.at_ms for stand in merged.index().stands] == [1, 2, 5]


def test_many_at_once_and_one_by_one_end_the_same():
    rows: list[Place] = [
        (seq, "out", str(seq), "ops", "message", (seq * 7919) % 1000) for seq in range(1, 801)
    ]
    at_once, one_by_one = Merged(), Merged()
    at_once.add("dev", rows)
    one_by_one.open("dev")
    for row in rows:
        one_by_one.add("dev", [row])
        one_by_one.index()
    assert one_by_one.index().stands == at_once.index().stands


def test_another_agent_among_many_messages_costs_no_new_list(monkeypatch: pytest.MonkeyPatch):
    merged = Merged()
    for agent, other in ("dev", "web"), ("web", "dev"):
        merged.add(agent, [(n, "out", f"{agent}{n}", other, "message", n) for n in range(1, 50)])
    before = merged.index().stands

    def made_anew(merged: Merged) -> None:
        raise AssertionError("the list is made anew")

    monkeypatch.setattr(Merged, "_begin_anew", made_anew)
    merged.open("ops")
    assert merged.index().stands == before
    merged.add("ops", [(1, "out", "x", "dev", "message", 25)])
    index = merged.index()
    assert index.stands == tuple(sorted((*before, Stand(25, "ops", 1, "ops", "dev", "message"))))
    assert is_sound(index)
