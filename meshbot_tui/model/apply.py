"""How an event changes the picture: a pure function."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import TypeVar

from meshbot_core.host.api import HostStatus, PeerView
from meshbot_tui.model import events
from meshbot_tui.model.picture import (
    MAX_NOTICES,
    MAX_SAMPLES,
    Agent,
    HostFacts,
    Notice,
    Peer,
    Picture,
    Sample,
    SessionFacts,
)

Key = TypeVar("Key")
Value = TypeVar("Value")


def apply(picture: Picture, event: events.Event) -> Picture:
    """The picture after ``event``; the same one when it tells nothing new."""
    match event:
        case events.HostSeen() | events.HostLost() | events.SessionSeen():
            return _of_agent(picture, event)
        case events.ApprovalRaised() | events.ApprovalSettled():
            return _of_approval(picture, event)
        case events.PeersSeen():
            return _peers(picture, event)
        case _:
            return _rest(picture, event)


def _rest(picture: Picture, event: events.Event) -> Picture:
    match event:
        case events.MeshOpened(mesh, operator):
            picture = replace(picture, mesh=mesh, operator=operator)
        case events.AgentFound(name) if name not in picture.agents:
            picture = _with_agent(picture, Agent(name))
        case events.AgentForgotten(name) if name in picture.agents:
            picture = _forgotten(picture, name)
        case events.QuestionsSeen(questions, stamp) if stamp > picture.questions_stamp:
            kept = MappingProxyType({question.id: question for question in questions})
            picture = replace(picture, questions=kept, questions_stamp=stamp)
        case events.Noticed(at_ms, text, severity, agent):
            notice = Notice(at_ms, text, severity, agent)
            notices = sorted((*picture.notices, notice), key=_order_of)[-MAX_NOTICES:]
            picture = replace(picture, notices=tuple(notices))
        case _:
            pass
    return picture


def _order_of(notice: Notice) -> tuple[int, str, str, str]:
    return notice.at_ms, notice.agent, notice.text, notice.severity


def _forgotten(picture: Picture, name: str) -> Picture:
    agents = {key: value for key, value in picture.agents.items() if key != name}
    raised = {key: value for key, value in picture.raised.items() if key[0] != name}
    return replace(picture, agents=MappingProxyType(agents), raised=MappingProxyType(raised))


# -- agents


def _of_agent(
    picture: Picture, event: "events.HostSeen | events.HostLost | events.SessionSeen"
) -> Picture:
    agent = picture.agents.get(event.agent, Agent(event.agent))
    match event:
        case events.HostSeen(_, status, stamp):
            agent = _with_host(agent, _facts(status, stamp))
            agent = _with_session(agent, SessionFacts(status.session, stamp))
        case events.HostLost(_, presence, stamp, problem, unread):
            gone = HostFacts(presence, stamp, problem=problem, unread=unread)
            agent = _with_host(agent, gone)
        case events.SessionSeen(_, view, stamp):
            agent = _with_session(agent, SessionFacts(view, stamp))
    return _with_agent(picture, agent)


def _with_host(agent: Agent, facts: HostFacts) -> Agent:
    return replace(agent, host=facts) if facts.stamp >= agent.host.stamp else agent


def _with_session(agent: Agent, facts: SessionFacts) -> Agent:
    return replace(agent, session=facts) if facts.stamp >= agent.session.stamp else agent


def _facts(status: HostStatus, stamp: int) -> HostFacts:
    return HostFacts(
        presence="runs",
        stamp=stamp,
        url=status.url,
        version=status.version,
        pid=status.pid,
        unread=status.unread + status.leased,
        queued=status.queued,
        open_asks=status.open_asks,
        started_at_ms=status.started_at_ms,
        problem=status.config_error,
    )


def _with_agent(picture: Picture, agent: Agent) -> Picture:
    if picture.agents.get(agent.name) == agent:
        return picture
    return replace(picture, agents=_with(picture.agents, agent.name, agent))


# -- approvals


def _of_approval(
    picture: Picture, event: events.ApprovalRaised | events.ApprovalSettled
) -> Picture:
    match event:
        case events.ApprovalRaised(approval):
            key = (approval.agent, approval.id)
            if key in picture.settled or key in picture.raised:
                return picture
            return replace(picture, raised=_with(picture.raised, key, approval))
        case events.ApprovalSettled(agent, approval_id):
            key = (agent, approval_id)
            left = {each: value for each, value in picture.raised.items() if each != key}
            return replace(picture, raised=MappingProxyType(left), settled=picture.settled | {key})


# -- peers


def _peers(picture: Picture, event: events.PeersSeen) -> Picture:
    looked_at = dict(picture.looked_at)
    for view in event.peers:
        old = looked_at.get(view.name, Peer(view.name))
        looked_at[view.name] = _looked_at(old, view, event.stamp)
    return replace(
        picture,
        looked_at=MappingProxyType(looked_at),
        peers_stamp=max(picture.peers_stamp, event.stamp),
    )


def _looked_at(old: Peer, view: PeerView, stamp: int) -> Peer:
    sample = Sample(stamp, view.latency_ms if view.is_online else None)
    samples = tuple(sorted({*old.samples, sample}, key=_sample_order)[-MAX_SAMPLES:])
    last_seen = max([old.last_seen_ms, stamp if view.is_online else 0])
    changed = _changed_at(samples)
    if stamp < old.stamp:
        return replace(old, samples=samples, last_seen_ms=last_seen, changed_at_ms=changed)
    return Peer(
        name=view.name,
        url=view.url,
        description=view.description,
        is_online=view.is_online,
        stamp=stamp,
        latency_ms=view.latency_ms,
        skew_ms=view.skew_ms,
        version=view.version or "",
        error=view.error,
        state=view.state,
        backlog=0,
        last_seen_ms=last_seen,
        changed_at_ms=changed,
        samples=samples,
    )


def _sample_order(sample: Sample) -> tuple[int, float]:
    return sample.at_ms, -1.0 if sample.latency_ms is None else sample.latency_ms


def _changed_at(samples: tuple[Sample, ...]) -> int:
    """When the peer came or went last, as far as the samples tell; 0: it did not."""
    changed = 0
    for before, after in pairwise(samples):
        if (before.latency_ms is None) != (after.latency_ms is None):
            changed = after.at_ms
    return changed


def _with(mapping: Mapping[Key, Value], key: Key, value: Value) -> Mapping[Key, Value]:
    return MappingProxyType({**mapping, key: value})
