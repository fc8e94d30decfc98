"""What an agent of this machine is after something was learned of it: the newer fact stands."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from meshbot_core.host.api import HostStatus
from meshbot_tui.model import events
from meshbot_tui.model.picture import (
    MAX_SETTLED,
    Agent,
    Asked,
    HostFacts,
    OutboxFacts,
    SessionFacts,
)


def told(agent: Agent, event: events.AgentEvent) -> Agent:
    """The agent after ``event``."""
    match event:
        case events.ApprovalsSeen() | events.ApprovalRaised() | events.ApprovalSettled():
            return _asked(agent, event)
        case events.OutboxSeen(_, queued, stamp) if stamp >= agent.outbox.stamp:
            return replace(agent, outbox=OutboxFacts(MappingProxyType(dict(queued)), stamp))
        case events.AgentFound(_, stamp):
            return replace(agent, found=max(agent.found, stamp))
        case _:
            return _of_host(agent, event)


def _of_host(agent: Agent, event: events.AgentEvent) -> Agent:
    match event:
        case events.HostSeen(_, status, stamp):
            agent = _with_host(agent, _facts(status, stamp))
            agent = _with_session(agent, SessionFacts(status.session, stamp))
        case events.HostLost(_, presence, stamp, problem, unread, is_left):
            gone = HostFacts(presence, stamp, problem=problem, unread=unread, is_left=is_left)
            agent = _with_host(agent, gone)
        case events.SessionSeen(_, view, stamp):
            agent = _with_session(agent, SessionFacts(view, stamp))
        case _:
            pass
    return agent


def left_of(agent: Agent, stamp: int) -> Agent | None:
    """What was learned of an agent after its place was gone; None: nothing."""
    fresh = Agent(agent.name)
    left = Agent(
        agent.name,
        found=agent.found if agent.found > stamp else 0,
        host=agent.host if agent.host.stamp > stamp else fresh.host,
        session=agent.session if agent.session.stamp > stamp else fresh.session,
        outbox=agent.outbox if agent.outbox.stamp > stamp else fresh.outbox,
        asked=_frozen((id_, each) for id_, each in agent.asked.items() if each.stamp > stamp),
        asked_since=agent.asked_since if agent.asked_since > stamp else 0,
    )
    return None if left == fresh else left


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


# -- approvals


def _asked(
    agent: Agent, event: events.ApprovalsSeen | events.ApprovalRaised | events.ApprovalSettled
) -> Agent:
    since, merged = agent.asked_since, dict(agent.asked)
    if isinstance(event, events.ApprovalsSeen):
        since = max(since, event.stamp)
    for id_, fact in _news(event).items():
        known = merged.get(id_)
        if known is None or fact.stamp > known.stamp:
            merged[id_] = fact
    kept = _frozen((id_, each) for id_, each in merged.items() if each.stamp >= since)
    if (kept, since) == (agent.asked, agent.asked_since):
        return agent
    return replace(agent, asked=_bounded(kept), asked_since=since)


def _news(
    event: events.ApprovalsSeen | events.ApprovalRaised | events.ApprovalSettled,
) -> dict[str, Asked]:
    match event:
        case events.ApprovalsSeen(_, approvals, stamp):
            return {approval.id: Asked(approval, stamp) for approval in approvals}
        case events.ApprovalRaised(approval, stamp):
            return {approval.id: Asked(approval, stamp)}
        case events.ApprovalSettled(_, id_, stamp):
            return {id_: Asked(None, stamp)}


def _bounded(asked: Mapping[str, Asked]) -> Mapping[str, Asked]:
    """The same without the oldest of those that are settled, when these are too many."""
    settled = sorted((each.stamp, id_) for id_, each in asked.items() if each.approval is None)
    excess = {id_ for _, id_ in settled[: max(0, len(settled) - MAX_SETTLED)]}
    if not excess:
        return asked
    return _frozen((id_, each) for id_, each in asked.items() if id_ not in excess)


def _frozen(pairs: Iterable[tuple[str, Asked]]) -> Mapping[str, Asked]:
    return MappingProxyType(dict(pairs))
