"""The picture of the mesh: any order of events ends in the same one."""

from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from meshbot_core.host.api import API_VERSION, HostStatus, PeerView
from meshbot_core.session.records import Approval, SessionState, SessionView
from meshbot_tui.model import events
from meshbot_tui.model.apply import apply
from meshbot_tui.model.attention import rows
from meshbot_tui.model.picture import MAX_NOTICES, MAX_SAMPLES, Picture, Question

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
views = st.none() | st.builds(
    view, st.sampled_from(("idle", "working", "stopped")), since_ms=st.integers(1, 9)
)


Maker = Callable[[int], events.Event]
makers: st.SearchStrategy[Maker] = st.one_of(
    st.builds(lambda n, v: lambda at: events.HostSeen(n, status(n, v), at), agents, views),
    st.builds(
        lambda n, p: lambda at: events.HostLost(n, p, at),
        agents,
        st.sampled_from(("away", "hangs")),
    ),
    st.builds(lambda n, v: lambda at: events.SessionSeen(n, v, at), agents, views),
    st.builds(
        lambda n, i: lambda at: events.ApprovalRaised(approval(n, i)), agents, st.sampled_from("ab")
    ),
    st.builds(lambda n, i: lambda at: events.ApprovalSettled(n, i), agents, st.sampled_from("ab")),
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
        lambda n: lambda at: events.QuestionsSeen((Question(f"q{at}", n, "text", at),), at), agents
    ),
    st.builds(lambda text: lambda at: events.Noticed(at, text), st.sampled_from("xy")),
)
# What is learned later carries a later stamp, wherever it is learned.
histories = st.lists(makers, min_size=1, max_size=12).map(
    lambda made: [make(at) for at, make in enumerate(made, 1)]
)


@given(histories, st.integers(0, 1000))
@settings(max_examples=150, deadline=None)
def test_any_order_of_events_ends_in_the_same_picture(history, seed):
    shuffled = list(history)
    Random(seed).shuffle(shuffled)  # noqa: S311 - an order, no secret
    assert pictured(*shuffled) == pictured(*history)
    assert rows(pictured(*shuffled)) == rows(pictured(*history))


@given(histories)
@settings(max_examples=50, deadline=None)
def test_what_is_told_twice_changes_nothing_but_notices(history):
    told = [event for event in history if not isinstance(event, events.Noticed)]
    assert pictured(*told, *told) == pictured(*told)


def test_an_approval_that_was_decided_does_not_come_back():
    picture = pictured(
        events.HostSeen("dev", status("dev", view("needs_approval")), 1),
        events.ApprovalRaised(approval("dev", "a")),
        events.ApprovalSettled("dev", "a"),
        events.ApprovalRaised(approval("dev", "a")),
    )
    assert picture.approvals == ()


def test_approvals_of_a_host_that_is_gone_are_not_shown():
    asked = (
        events.HostSeen("dev", status("dev", view("needs_approval")), 1),
        events.ApprovalRaised(approval("dev", "a")),
    )
    assert pictured(*asked).waiting == 1
    assert pictured(*asked, events.HostLost("dev", "away", 2)).waiting == 0


def test_who_waits_longest_stands_first():
    picture = pictured(
        events.MeshOpened("m", "operator-x"),
        events.HostSeen("alpha", status("alpha", view("idle")), 1),
        events.HostSeen("dev", status("dev", view("needs_approval", since_ms=7)), 2),
        events.HostSeen("ops", status("ops", view("needs_approval", since_ms=5)), 3),
        events.HostSeen("web", status("web", view("crashed", is_over=True)), 4),
        events.ApprovalRaised(approval("dev", "a", 7)),
        events.ApprovalRaised(approval("ops", "b", 5)),
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
        events.QuestionsSeen((Question("q", "dev", "may I?", 3),), 3),
    )
    assert rows(picture)[0].look.word == "asks you"


def test_an_agent_that_is_forgotten_leaves_nothing():
    picture = pictured(
        events.HostSeen("dev", status("dev", view("needs_approval")), 1),
        events.ApprovalRaised(approval("dev", "a")),
        events.AgentForgotten("dev"),
    )
    assert (dict(picture.agents), picture.approvals) == ({}, ())


def test_what_is_kept_is_bounded():
    picture = Picture()
    for stamp in range(1, MAX_NOTICES + 50):
        picture = apply(picture, events.Noticed(stamp, str(stamp)))
    for stamp in range(1, MAX_SAMPLES + 50):
        picture = apply(picture, events.PeersSeen((peer("far", is_online=True),), stamp))
    assert len(picture.notices) == MAX_NOTICES
    assert picture.notices[-1].text == str(MAX_NOTICES + 49)
    assert len(picture.peers["far"].samples) == MAX_SAMPLES


def test_a_peer_that_came_and_went_tells_when():
    looks = [
        events.PeersSeen((peer("far", is_online=is_up),), stamp)
        for stamp, is_up in ((1, True), (2, True), (3, False), (4, False))
    ]
    far = pictured(*looks).peers["far"]
    assert (far.is_online, far.last_seen_ms, far.changed_at_ms) == (False, 2, 3)
