"""What can happen to the picture; ``stamp`` says when it was learned, in milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass

from meshbot_core.host.api import HostStatus, PeerView
from meshbot_core.session.records import Approval, SessionView
from meshbot_tui.model.picture import Presence, Question, Severity


@dataclass(frozen=True, slots=True)
class MeshOpened:
    """The console looks at this mesh."""

    mesh: str
    operator: str
    stamp: int


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """The person is on the mesh, or ``problem`` says why not."""

    problem: str
    stamp: int


@dataclass(frozen=True, slots=True)
class AgentFound:
    """An agent has a place on this machine."""

    agent: str
    stamp: int


@dataclass(frozen=True, slots=True)
class AgentForgotten:
    """Its place is gone."""

    agent: str
    stamp: int


@dataclass(frozen=True, slots=True)
class HostSeen:
    """A host said how it is, its session included."""

    agent: str
    status: HostStatus
    stamp: int


@dataclass(frozen=True, slots=True)
class HostLost:
    """No host answers; ``unread`` as its mailbox tells, ``is_left`` as ``HostFacts`` has it."""

    agent: str
    presence: Presence
    stamp: int
    problem: str = ""
    unread: int = 0
    is_left: bool = False


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """A session changed, or (None) is no more."""

    agent: str
    view: SessionView | None
    stamp: int


@dataclass(frozen=True, slots=True)
class OutboxSeen:
    """For whom an agent's messages wait, and how many."""

    agent: str
    queued: Mapping[str, int]
    stamp: int


@dataclass(frozen=True, slots=True)
class ApprovalsSeen:
    """All tool calls of an agent that wait for a person; what is not among them waits no more."""

    agent: str
    approvals: tuple[Approval, ...]
    stamp: int


@dataclass(frozen=True, slots=True)
class ApprovalRaised:
    """A tool call waits for a person."""

    approval: Approval
    stamp: int

    @property
    def agent(self) -> str:
        """Whose it is."""
        return self.approval.agent


@dataclass(frozen=True, slots=True)
class ApprovalSettled:
    """It waits no more, whoever decided."""

    agent: str
    id: str
    stamp: int


@dataclass(frozen=True, slots=True)
class PeersSeen:
    """The health of all peers, asked just now."""

    peers: tuple[PeerView, ...]
    stamp: int


@dataclass(frozen=True, slots=True)
class QuestionsSeen:
    """All asks to the operator that have no answer."""

    questions: tuple[Question, ...]
    stamp: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that a person should know."""

    at_ms: int
    text: str
    severity: Severity = "note"
    agent: str = ""


AgentEvent = (
    AgentFound
    | HostSeen
    | HostLost
    | SessionSeen
    | OutboxSeen
    | ApprovalsSeen
    | ApprovalRaised
    | ApprovalSettled
)
"""What is learned of one agent of this machine."""

Event = AgentEvent | AgentForgotten | MeshOpened | PersonSeen | PeersSeen | QuestionsSeen | Noticed
