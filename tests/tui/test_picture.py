"""The picture of the mesh: any order of events ends in the same one."""

from collections.abc import Callable
from random import Random
from typing import get_args

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from meshbot_core.host.api import API_VERSION, HostStatus, PeerView
from meshbot_core.session.records import Approval, SessionState, SessionView
from meshbot_tui.model import events
from meshbot_tui.model.apply import apply
from meshbot_tui.model.attention import GONE, fallen, rows
from meshbot_tui.model.picture import (
    MAX_CHANGES,
    MAX_FORGOTTEN,
    MAX_NOTICES,
    MAX_SAMPLES,
    MAX_SETTLED,
    PEER_LIVES_MS,
    Change,
    Picture,
    Question,
)

NAMES = ("dev", "ops")


def view(state: SessionState = "idle", *, since_ms: int = 1, **more: object) -> SessionView:
    return SessionView.model_validate(
        {"kind": "interactive", "state": state, "since_ms": since_ms, "started_at_ms": 1, **more}
    )


def status(agent: str, session: SessionView | None = None, *, unread: int = 0) -> HostStatus:
    return HostStatus(
        api_version=API_VERSION,
        version="1",
        agent=agent,
        mesh="m",
        pid=1,
        url="http://127.0.0.1:1",
        host="127.0.0.1",
        port=1,
        started_at_ms=1,
        unread=unread,
        leased=0,
        queued=0,
        open_asks=0,
        session=session,
    )


def approval(agent: str, approval_id: str, asked_at_ms: int = 5) -> Approval:
    return Approval(
        id=approval_id, agent=agent, kind="interactive", tool="Bash", asked_at_ms=asked_at_ms
    )


def peer(name: str, *, is_online: bool) -> PeerView:
    latency = 2.0 if is_online else None
    return PeerView(name=name, url="http://x:1", is_online=is_online, latency_ms=latency)


def pictured(*what: events.Event) -> Picture:
    picture = Picture()
    for event in what:
        picture = apply(picture, event)
    return picture


agents = st.sampled_from(NAMES)
ids = st.sampled_from("abc")
views = st.none() | st.builds(
    view, st.sampled_from(("idle", "working", "stopped", "crashed")), since_ms=st.integers(1, 9)
)
counts = st.dictionaries(st.sampled_from(("far", "near")), st.integers(1, 3))


Maker = Callable[[int], events.Event]


def of_agents() -> st.SearchStrategy[Maker]:
    """What can be learned of agents of this machine."""
    return st.one_of(
        st.builds(lambda n: lambda at: events.AgentFound(n, at), agents),
        st.builds(lambda n: lambda at: events.AgentForgotten(n, at), agents),
        st.builds(lambda n, v: lambda at: events.HostSeen(n, status(n, v), at), agents, views),
        st.builds(
            lambda n, p, left: lambda at: events.HostLost(n, p, at, is_left=left),
            agents,
            st.sampled_from(("away", "hangs", "other")),
            st.booleans(),
        ),
        st.builds(lambda n, v: lambda at: events.SessionSeen(n, v, at), agents, views),
        st.builds(lambda n, q: lambda at: events.OutboxSeen(n, q, at), agents, counts),
        st.builds(
            lambda n, some: (
                lambda at: events.ApprovalsSeen(n, tuple(approval(n, i) for i in sorted(some)), at)
            ),
            agents,
            st.sets(ids),
        ),
        st.builds(lambda n, i: lambda at: events.ApprovalRaised(approval(n, i), at), agents, ids),
        st.builds(lambda n, i: lambda at: events.ApprovalSettled(n, i, at), agents, ids),
    )


def of_mesh() -> st.SearchStrategy[Maker]:
    """What can be learned of the mesh."""
    return st.one_of(
        st.builds(lambda name: lambda at: events.MeshOpened("m", name, at), st.sampled_from("xy")),
        st.builds(
            lambda problem: lambda at: events.PersonSeen(problem, at), st.sampled_from(("", "no"))
        ),
        st.builds(
            lambda names, up: (
                lambda at: events.PeersSeen(
                    tuple(peer(name, is_online=up) for name in sorted(names)), at
                )
            ),
            st.sets(st.sampled_from(("far", "near"))),
            st.booleans(),
        ),
        st.builds(
            lambda n: lambda at: events.QuestionsSeen((Question(f"q{at}", n, "text", at),), at),
            agents,
        ),
        st.builds(lambda text: lambda at: events.Noticed(at, text), st.sampled_from("xy")),
    )


# What is learned later carries a later stamp, wherever it is learned.
histories = st.lists(of_agents() | of_mesh(), min_size=1, max_size=14).map(
    lambda made: [make(at) for at, make in enumerate(made, 1)]
)


def test_every_kind_of_event_is_among_those_of_the_histories():
    wanted = set(get_args(events.Event))
    seen: set[type] = set()

    @given(histories)
    @settings(max_examples=300, database=None, phases=[Phase.generate])
    def drawn(history):
        seen.update(type(event) for event in history)

    drawn()
    assert seen == wanted


@given(histories, st.integers(0, 1000))
@settings(max_examples=400)
def test_any_order_of_events_ends_in_the_same_picture(history, seed):
    shuffled = list(history)
    Random(seed).shuffle(shuffled)  # noqa: S311 - an order, no secret
    assert pictured(*shuffled) == pictured(*history)
    assert rows(pictured(*shuffled)) == rows(pictured(*history))


@given(histories)
@settings(max_examples=100)
def test_what_is_told_twice_changes_nothing_but_notices(history):
    told = [event for event in history if not isinstance(event, events.Noticed)]
    assert pictured(*told, *told) == pictured(*told)


def asking(agent: str = "dev", stamp: int = 1) -> events.HostSeen:
    return events.HostSeen(agent, status(agent, view("needs_approval")), stamp)


def test_an_approval_that_was_decided_does_not_come_back_by_an_older_word():
    picture = pictured(
        asking(),
        events.ApprovalSettled("dev", "a", 3),
        events.ApprovalRaised(approval("dev", "a"), 2),
    )
    assert picture.approvals == ()


def test_an_approval_of_an_id_that_was_decided_once_waits_when_it_is_asked_anew():
    picture = pictured(
        asking(),
        events.ApprovalSettled("dev", "a", 3),
        events.ApprovalRaised(approval("dev", "a"), 4),
    )
    assert picture.waiting == 1


def test_what_a_host_that_came_back_does_not_name_waits_no_more():
    before = (
        asking(),
        events.ApprovalRaised(approval("dev", "old"), 2),
        events.ApprovalRaised(approval("dev", "still"), 2),
        events.ApprovalRaised(approval("ops", "other"), 2),
        asking("ops"),
    )
    seen = events.ApprovalsSeen("dev", (approval("dev", "still"), approval("dev", "new")), 5)
    wanted = {"still", "new", "other"}
    assert {each.id for each in pictured(*before, seen).approvals} == wanted
    assert {each.id for each in pictured(seen, *before).approvals} == wanted


def test_approvals_of_a_host_that_is_gone_are_not_shown():
    asked = (asking(), events.ApprovalRaised(approval("dev", "a"), 1))
    assert pictured(*asked).waiting == 1
    assert pictured(*asked, events.HostLost("dev", "away", 2)).waiting == 0


def test_who_waits_longest_stands_first():
    picture = pictured(
        events.MeshOpened("m", "operator-x", 1),
        events.HostSeen("alpha", status("alpha", view("idle")), 1),
        events.HostSeen("dev", status("dev", view("needs_approval", since_ms=7)), 2),
        events.HostSeen("ops", status("ops", view("needs_approval", since_ms=5)), 3),
        events.HostSeen("web", status("web", view("crashed", is_over=True)), 4),
        events.ApprovalRaised(approval("dev", "a", 7), 5),
        events.ApprovalRaised(approval("ops", "b", 5), 5),
        events.PeersSeen((peer("far", is_online=True),), 6),
    )
    assert [row.name for row in rows(picture)] == [
        "ops",
        "dev",
        "web",
        "alpha",
        "far",
        "operator-x",
    ]


def test_an_agent_that_asked_the_person_is_shown_to_wait():
    picture = pictured(
        events.HostSeen("dev", status("dev", view("idle")), 1),
        events.QuestionsSeen((Question("q", "dev", "may I?", 3), Question("r", "dev", "?", 7)), 7),
    )
    row = rows(picture)[0]
    assert (row.look.word, row.doing, row.since_ms) == ("asks you", "may I?", 3)


def test_who_works_and_who_idles_keep_their_places():
    def order(dev: SessionState, ops: SessionState) -> list[str]:
        picture = pictured(
            events.HostSeen("dev", status("dev", view(dev)), 1),
            events.HostSeen("ops", status("ops", view(ops)), 2),
            events.HostSeen("bare", status("bare"), 3),
        )
        return [row.name for row in rows(picture)]

    assert order("idle", "working") == order("working", "idle") == ["dev", "ops", "bare"]


def test_a_killed_host_stands_first_and_says_what_brings_it_back():
    runs = events.HostSeen("web", status("web", view("working", doing="Bash")), 1)
    lost = events.HostLost("web", "away", 5, is_left=True)
    picture = pictured(
        runs, lost, events.HostSeen("dev", status("dev", view("idle")), 1),
        events.HostLost("old", "away", 1),
    )  # fmt: skip
    found = rows(picture)
    assert [(row.name, row.look.word, row.look.rank) for row in found] == [
        ("web", "gone", 1), ("dev", "idle", 2), ("old", "stopped", 4),
    ]  # fmt: skip
    assert (found[0].doing, found[0].since_ms) == (GONE, 5)
    assert fallen(pictured(runs), pictured(runs, lost)) == (("web", GONE),)
    # What was so when the console came is no news.
    assert fallen(pictured(events.AgentFound("web", 1)), pictured(runs, lost)) == ()
    assert fallen(pictured(runs, lost), pictured(runs, lost)) == ()


def test_a_host_of_another_version_is_not_said_to_be_stopped():
    lost = events.HostLost("dev", "other", 2, "not understood; kill 5")
    seen = events.HostSeen("dev", status("dev", view("idle")), 1)
    for picture in (pictured(lost), pictured(seen, lost)):
        [row] = rows(picture)
        assert (row.look.word, row.look.rank) == ("other version", 1)
        assert row.doing == "not understood; kill 5"
    assert fallen(pictured(seen), pictured(seen, lost)) == (("dev", "not understood; kill 5"),)


def test_a_session_that_crashed_for_good_is_news_and_one_that_starts_again_is_not():
    runs = events.HostSeen("dev", status("dev", view("working")), 1)
    again = events.SessionSeen("dev", view("crashed", reason="started again"), 2)
    over = events.SessionSeen("dev", view("crashed", reason="status 3", is_over=True), 3)
    assert fallen(pictured(runs), pictured(runs, again)) == ()
    assert fallen(pictured(runs), pictured(runs, over)) == (("dev", "crashed: status 3"),)


def test_an_agent_that_is_forgotten_leaves_nothing_and_late_words_do_not_revive_it():
    told = (
        asking(stamp=1),
        events.ApprovalRaised(approval("dev", "a"), 2),
        events.OutboxSeen("dev", {"far": 3}, 2),
        events.PeersSeen((peer("far", is_online=True),), 2),
        events.AgentForgotten("dev", 4),
    )
    late = (events.HostLost("dev", "away", 3), events.ApprovalRaised(approval("dev", "b"), 3))
    for picture in (pictured(*told), pictured(*told, *late), pictured(*late, *told)):
        assert (dict(picture.agents), picture.approvals) == ({}, ())
        assert picture.peers["far"].backlog == 0
    assert "dev" in pictured(*told, events.AgentFound("dev", 5)).agents


def test_what_all_agents_have_for_a_peer_is_added_up():
    picture = pictured(
        events.OutboxSeen("dev", {"far": 2}, 1),
        events.PeersSeen((peer("far", is_online=False), peer("near", is_online=True)), 2),
        events.OutboxSeen("ops", {"far": 3, "nobody": 1}, 3),
    )
    assert {name: each.backlog for name, each in picture.peers.items()} == {"far": 5, "near": 0}


def test_what_is_kept_is_bounded():
    picture = Picture()
    for stamp in range(1, MAX_NOTICES + 50):
        picture = apply(picture, events.Noticed(stamp, str(stamp)))
    for stamp in range(1, MAX_SAMPLES + 50):
        looks = (peer("far", is_online=bool(stamp % 2)),)
        picture = apply(picture, events.PeersSeen(looks, stamp))
    for stamp in range(1, MAX_SETTLED + 50):
        picture = apply(picture, events.ApprovalSettled("dev", str(stamp), stamp))
    for stamp in range(1, MAX_FORGOTTEN + 50):
        picture = apply(picture, events.AgentForgotten(f"old-{stamp}", stamp))
    assert len(picture.notices) == MAX_NOTICES
    assert picture.notices[-1].text == str(MAX_NOTICES + 49)
    assert len(picture.peers["far"].samples) == MAX_SAMPLES
    assert len(picture.peers["far"].changes) == MAX_CHANGES
    assert len(picture.agents["dev"].asked) == MAX_SETTLED
    assert len(picture.forgotten) == MAX_FORGOTTEN


def test_a_peer_that_the_mesh_has_no_more_is_forgotten_after_a_while():
    picture = pictured(
        events.PeersSeen((peer("far", is_online=True), peer("near", is_online=True)), 1),
        events.PeersSeen((peer("near", is_online=True),), 2),
    )
    assert (set(picture.peers), set(picture.looked_at)) == ({"near"}, {"far", "near"})
    late = events.PeersSeen((peer("near", is_online=True),), PEER_LIVES_MS + 2)
    assert set(apply(picture, late).looked_at) == {"near"}


def test_a_peer_that_came_and_went_tells_when_also_after_its_samples_are_forgotten():
    looks = [
        events.PeersSeen((peer("far", is_online=is_up),), stamp)
        for stamp, is_up in ((1, True), (2, True), (3, False), (4, False))
    ]
    far = pictured(*looks).peers["far"]
    assert (far.is_online, far.last_seen_ms, far.changes) == (False, 2, (Change(3, "far", False),))
    later = [
        events.PeersSeen((peer("far", is_online=False),), stamp)
        for stamp in range(5, 5 + 2 * MAX_SAMPLES)
    ]
    assert pictured(*looks, *later).peers["far"].changes == far.changes
