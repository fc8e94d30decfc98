"""Who is there and who needs a person: the picture as rows, those that wait first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from meshbot_core.session.records import SessionState, SessionView
from meshbot_tui.model.picture import Agent, Peer, Picture, Question
from meshbot_tui.model.wording import in_console

Tone = Literal["needs", "bad", "warn", "busy", "good", "quiet"]
"""How a state is coloured; its mark and word tell the same without colour."""

Group = Literal["agent", "peer", "operator"]


@dataclass(frozen=True, slots=True)
class Look:
    """A state as people see it."""

    mark: str
    word: str
    tone: Tone
    rank: int
    """What stands first: 0 waits for a person, 1 is in trouble, then the rest."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list of agents; ``since_ms`` 0: not known."""

    name: str
    group: Group
    look: Look
    doing: str = ""
    since_ms: int = 0
    unread: int = 0
    context_used: float | None = None
    cost_usd: float = 0.0
    latency_ms: float | None = None
    last_seen_ms: int = 0
    has_screen: bool = False
    has_log: bool = False


_LOOKS: Final[dict[SessionState, Look]] = {
    "needs_approval": Look("!", "asks you", "needs", 0),
    "asks_operator": Look("?", "asks you", "needs", 0),
    "crashed": Look("x", "crashed", "bad", 1),
    "deaf": Look("▲", "deaf", "warn", 1),
    "stalled": Look("▲", "stalled", "warn", 1),
    "limited": Look("▲", "limited", "warn", 1),
    "paused": Look("‖", "paused", "warn", 1),
    "working": Look("●", "works", "busy", 2),
    "starting": Look("◐", "starts", "busy", 2),
    # Of the same rank: who works and who idles changes all the time, and rows keep their places.
    "idle": Look("○", "idle", "good", 2),
    "stopped": Look("·", "stopped", "quiet", 4),
}
_KEPT_STARTING: Final = Look("▲", "no prompt", "warn", 1)
"""Something keeps it from its prompt; often it asks whether the folder is trusted."""
_LISTENS: Final = Look("-", "listens", "quiet", 3)
_AWAY: Final = Look("·", "stopped", "quiet", 4)
_GONE: Final = Look("x", "gone", "bad", 1)
_HANGS: Final = Look("x", "hangs", "bad", 1)
_OTHER: Final = Look("▲", "other version", "warn", 1)
_UNKNOWN: Final = Look("·", "looking", "quiet", 4)
_ONLINE: Final = Look("○", "online", "good", 3)
_OFFLINE: Final = Look("x", "offline", "bad", 4)
GONE: Final = "its host is gone; r brings it back"
_YOU: Final = Look("☺", "you", "quiet", 5)
_YOU_WANTED: Final = Look("?", "asked", "needs", 5)


def rows(picture: Picture) -> tuple[Row, ...]:
    """The agents of this machine, then the peers, then the person; in each what waits first."""
    asking = {each.sender: each for each in reversed(picture.waited_for)}
    here = sorted((_of_agent(agent, asking) for agent in picture.others), key=_order)
    far = sorted((_of_peer(peer) for peer in picture.remote), key=_order)
    you = (_of_operator(picture),) if picture.operator else ()
    return (*here, *far, *you)


def _order(row: Row) -> tuple[int, int, str]:
    # Among those that wait the one that has waited longest is first; others stay put by name.
    return row.look.rank, row.since_ms if row.look.rank == 0 else 0, row.name


def _of_agent(agent: Agent, asking: Mapping[str, Question]) -> Row:
    row = _as_it_is(agent)
    asked = asking.get(agent.name)
    if asked is None or row.look == _LOOKS["needs_approval"]:
        return row
    look = _LOOKS["asks_operator"]
    return replace(row, look=look, doing=asked.text, since_ms=asked.asked_at_ms)


def _as_it_is(agent: Agent) -> Row:
    view = agent.view
    look = look_of(agent)
    host = agent.host
    if view is None:
        doing = GONE if agent.is_gone else host.problem
        has_log = agent.is_gone
        return Row(agent.name, "agent", look, doing=doing, unread=host.unread, has_log=has_log)
    is_there = host.presence != "away"
    return Row(
        agent.name,
        "agent",
        look,
        doing=_doing(agent, view),
        since_ms=_since(agent, view),
        unread=host.unread,
        context_used=view.context_used,
        cost_usd=view.cost_usd,
        has_screen=is_there and view.kind == "interactive" and not view.is_over,
        has_log=view.kind == "headless" or not is_there or view.is_over,
    )


def look_of(agent: Agent) -> Look:
    """How the state of an agent of this machine is shown."""
    view = agent.view
    match agent.host.presence:
        case "unknown":
            look = _UNKNOWN
        case "hangs":
            look = _HANGS
        case "other":
            look = _OTHER
        case "away":
            look = _GONE if agent.is_gone else _AWAY
        case _ if view is None:
            look = _LISTENS
        case _ if view.state == "starting" and view.reason:
            look = _KEPT_STARTING
        case _:
            look = _LOOKS[view.state]
    return look


def trouble_of(agent: Agent) -> str:
    """What has befallen an agent that a person should hear of at once; empty: nothing."""
    view = agent.view
    match agent.host.presence:
        case "hangs" | "other":
            return agent.host.problem
        case "away" if agent.is_gone:
            return GONE
        case "runs" if view is not None and view.state == "crashed" and view.is_over:
            return f"crashed: {view.reason}" if view.reason else "crashed"
        case _:
            return ""


def fallen(before: Picture, after: Picture) -> tuple[tuple[str, str], ...]:
    """Who is in trouble only now, and in which; what was so when it was first seen is no news."""
    if before.agents is after.agents:
        return ()
    found: list[tuple[str, str]] = []
    for agent in after.others:
        was = before.agents.get(agent.name)
        if was is None or was is agent or was.host.presence == "unknown":
            continue
        if (trouble := trouble_of(agent)) and not trouble_of(was):
            found.append((agent.name, trouble))
    return tuple(found)


def _doing(agent: Agent, view: SessionView) -> str:
    if agent.is_gone or agent.host.problem or agent.host.presence == "away":
        return GONE if agent.is_gone else agent.host.problem
    if view.state in ("working", "needs_approval"):
        return view.doing
    if view.state == "starting":
        return in_console(view.reason) or view.doing
    return in_console(view.reason) or (_said_by_title(view.title) if view.state == "idle" else "")


def _said_by_title(title: str) -> str:
    """What Claude Code says in its title, without its own mark and name."""
    said = title.lstrip("".join(c for c in title[:2] if not c.isalnum())).strip()
    return "" if said == "Claude Code" else said


def _since(agent: Agent, view: SessionView) -> int:
    if agent.host.presence == "away":
        return agent.host.stamp if agent.is_gone else 0
    return view.doing_since_ms if view.doing and view.doing_since_ms else view.since_ms


def _of_peer(peer: Peer) -> Row:
    look = _ONLINE if peer.is_online else _OFFLINE
    return Row(
        peer.name,
        "peer",
        look,
        doing=peer.state.replace("_", " ") if peer.is_online else peer.error,
        latency_ms=peer.latency_ms if peer.is_online else None,
        last_seen_ms=peer.last_seen_ms,
    )


def _of_operator(picture: Picture) -> Row:
    own = picture.agents.get(picture.operator)
    asked = len(picture.waited_for)
    doing = f"{asked} question{'s' * (asked > 1)} for you" if asked else ""
    if not asked and picture.questions:
        doing = f"{len(picture.questions)} unanswered"
    unread = own.host.unread if own else 0
    return Row(
        picture.operator,
        "operator",
        _YOU_WANTED if asked else _YOU,
        doing=doing,
        unread=unread,
    )
