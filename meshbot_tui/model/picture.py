"""What the console knows of a mesh, all of it frozen; times are Unix milliseconds.

Each fact carries ``stamp``: when it was learned. ``apply`` lets the newer fact stand, so that
events of different hosts may come in any order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from meshbot_core.session.records import Approval, SessionView

Presence = Literal["unknown", "runs", "away", "hangs", "other"]
"""Of an agent's host: ``away`` none runs, ``hangs`` it takes connections and says nothing,
``other`` what it says is of another version, and not understood."""

Severity = Literal["note", "warning", "error"]

MAX_NOTICES: Final = 500
MAX_SAMPLES: Final = 120
"""Ten minutes of latencies, one each 5 s."""
MAX_CHANGES: Final = 20
"""So often a peer came or went, as far as that is remembered."""
MAX_SETTLED: Final = 200
"""Approvals of one agent that are remembered to wait no more."""
MAX_FORGOTTEN: Final = 200
PEER_LIVES_MS: Final = 600_000
"""So long a peer is remembered that the mesh has no more."""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """An agent's host; ``problem`` says what is wrong with it, in one line.

    ``is_left``: it is away, and a session waits for the next one to go on.
    """

    presence: Presence = "unknown"
    stamp: int = 0
    url: str = ""
    version: str = ""
    pid: int = 0
    unread: int = 0
    queued: int = 0
    open_asks: int = 0
    started_at_ms: int = 0
    problem: str = ""
    is_left: bool = False


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """An agent's session, or None in its place."""

    view: SessionView | None = None
    stamp: int = 0


@dataclass(frozen=True, slots=True)
class OutboxFacts:
    """How many of an agent's messages wait for each peer that does not take them."""

    queued: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    stamp: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What was learned last of a tool call: it waits, or (None) waits no more."""

    approval: Approval | None
    stamp: int


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent of this machine.

    ``found`` is when it was seen to have a place here. ``asked`` are its approvals, by id, as
    far as they were learned at ``asked_since`` or later: then its host told all that wait.
    """

    name: str
    found: int = 0
    host: HostFacts = HostFacts()
    session: SessionFacts = SessionFacts()
    outbox: OutboxFacts = OutboxFacts()
    asked: Mapping[str, Asked] = field(default_factory=lambda: MappingProxyType({}))
    asked_since: int = 0

    @property
    def view(self) -> SessionView | None:
        """Its session while its host is there; what it was at last when the host is not."""
        return self.session.view

    @property
    def can_ask(self) -> bool:
        """Whether a decision of a person would reach it."""
        return self.host.presence != "away" and self.view is not None and not self.view.is_over

    @property
    def can_start(self) -> bool:
        """Whether it has no session, and nothing stands in the way of one."""
        is_free = self.host.presence == "away" or (
            self.host.presence == "runs" and (self.view is None or self.view.is_over)
        )
        return is_free and not self.is_gone

    @property
    def is_gone(self) -> bool:
        """Whether its host is gone and has left a session that could go on."""
        return self.host.presence == "away" and self.host.is_left

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """What it waits for a person to decide, in no order."""
        if not self.can_ask:
            return ()
        return tuple(each.approval for each in self.asked.values() if each.approval is not None)


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a peer; None: it did not answer."""

    at_ms: int
    latency_ms: float | None


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A peer came or went."""

    at_ms: int
    name: str
    has_come: bool


@dataclass(frozen=True, slots=True)
class Peer:
    """An agent of the mesh as its health tells, local ones too.

    ``last_seen_ms`` 0: never since the console runs; ``backlog`` is how much the agents of this
    machine have for it that it does not take. Empty ``protocols``: it does not tell.
    """

    name: str
    url: str = ""
    description: str = ""
    is_online: bool = False
    stamp: int = 0
    latency_ms: float | None = None
    skew_ms: int | None = None
    version: str = ""
    protocols: tuple[int, ...] = ()
    error: str = ""
    state: str = ""
    backlog: int = 0
    last_seen_ms: int = 0
    samples: tuple[Sample, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """An ask to the operator that has no answer yet.

    ``is_late``: its asker has given up; an answer still comes to it, as a message.
    """

    id: str
    sender: str
    text: str
    asked_at_ms: int
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know; kept, so that it stays readable."""

    at_ms: int
    text: str
    severity: Severity = "note"
    agent: str = ""


ApprovalKey = tuple[str, str]
"""Agent and id."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it.

    ``off_mesh`` says why the person is not on the mesh, empty: they are, or it is not known yet.
    ``looked_at`` are all peers that were looked at lately, ``peers`` those of the newest look.
    ``forgotten`` are agents that had a place here, and when that was gone. ``approvals`` are
    those of sessions that live.
    """

    mesh: str = ""
    operator: str = ""
    mesh_stamp: int = 0
    off_mesh: str = ""
    off_mesh_stamp: int = 0
    agents: Mapping[str, Agent] = field(default_factory=lambda: MappingProxyType({}))
    forgotten: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    looked_at: Mapping[str, Peer] = field(default_factory=lambda: MappingProxyType({}))
    peers_stamp: int = 0
    questions: Mapping[str, Question] = field(default_factory=lambda: MappingProxyType({}))
    questions_stamp: int = 0
    notices: tuple[Notice, ...] = ()

    @property
    def peers(self) -> Mapping[str, Peer]:
        """The peers that the newest look named."""
        newest = self.peers_stamp
        return {name: peer for name, peer in self.looked_at.items() if peer.stamp == newest}

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """What waits for a person, oldest first."""
        asking = [each for agent in self.agents.values() for each in agent.approvals]
        return tuple(sorted(asking, key=lambda approval: (approval.asked_at_ms, approval.id)))

    @property
    def remote(self) -> tuple[Peer, ...]:
        """The peers that are not agents of this machine, nor the operator, by name."""
        here = {*self.agents, self.operator}
        peers = self.peers
        return tuple(peers[name] for name in sorted(peers) if name not in here)

    @property
    def unread(self) -> int:
        """Messages that wait for the agents of this machine, and for the operator."""
        return sum(agent.host.unread for agent in self.agents.values())

    @property
    def waiting(self) -> int:
        """How much waits for the person: approvals and questions."""
        return len(self.approvals) + len(self.waited_for)

    @property
    def waited_for(self) -> tuple[Question, ...]:
        """The questions whose askers still wait."""
        return tuple(asked for asked in self.questions.values() if not asked.is_late)

    @property
    def cost_today_usd(self) -> float:
        """What the agents of this machine cost today."""
        views = (agent.view for agent in self.agents.values())
        return sum(view.cost_today_usd for view in views if view is not None)

    @property
    def known(self) -> int:
        """How many agents there are, without the operator."""
        return len(({*self.agents} | {*self.peers}) - {self.operator})

    @property
    def online(self) -> int:
        """How many of them can be reached."""
        here = sum(agent.host.presence == "runs" for agent in self.others)
        return here + sum(peer.is_online for peer in self.remote)

    @property
    def others(self) -> tuple[Agent, ...]:
        """The agents of this machine but the operator, by name."""
        return tuple(self.agents[n] for n in sorted(self.agents) if n != self.operator)
