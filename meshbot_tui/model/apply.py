"""How an event changes the picture: a pure function.

Each event carries when it was learned, so that any order of them ends in the same picture.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from meshbot_tui.model import events
from meshbot_tui.model.learning import left_of, told
from meshbot_tui.model.peers import looked_at
from meshbot_tui.model.picture import (
    MAX_FORGOTTEN,
    MAX_NOTICES,
    PEER_LIVES_MS,
    Agent,
    Notice,
    Peer,
    Picture,
)

Key = TypeVar("Key")
Value = TypeVar("Value")


def apply(picture: Picture, event: events.Event) -> Picture:
    """The picture after ``event``; the same one when it tells nothing new."""
    match event:
        case events.PeersSeen():
            return _counted(_peers(picture, event))
        case events.AgentForgotten(name, stamp):
            return _counted(_forgotten(picture, name, stamp))
        case events.MeshOpened() | events.PersonSeen() | events.QuestionsSeen() | events.Noticed():
            return _of_mesh(picture, event)
        case _:
            return _of_agent(picture, event)


def _of_mesh(
    picture: Picture,
    event: events.MeshOpened | events.PersonSeen | events.QuestionsSeen | events.Noticed,
) -> Picture:
    match event:
        case events.MeshOpened(mesh, operator, stamp) if stamp >= picture.mesh_stamp:
            picture = replace(picture, mesh=mesh, operator=operator, mesh_stamp=stamp)
        case events.PersonSeen(problem, stamp) if stamp >= picture.off_mesh_stamp:
            picture = replace(picture, off_mesh=problem, off_mesh_stamp=stamp)
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


# -- agents


def _of_agent(picture: Picture, event: events.AgentEvent) -> Picture:
    name = event.agent
    if event.stamp <= picture.forgotten.get(name, -1):
        return picture
    before = picture.agents.get(name)
    agent = told(before or Agent(name), event)
    if agent == before:
        return picture
    picture = replace(picture, agents=_with(picture.agents, name, agent))
    return _counted(picture) if isinstance(event, events.OutboxSeen) else picture


def _forgotten(picture: Picture, name: str, stamp: int) -> Picture:
    if stamp <= picture.forgotten.get(name, -1):
        return picture
    stamps = sorted({**picture.forgotten, name: stamp}.items(), key=lambda item: item[1])
    picture = replace(picture, forgotten=MappingProxyType(dict(stamps[-MAX_FORGOTTEN:])))
    if (agent := picture.agents.get(name)) is None:
        return picture
    agents = {key: value for key, value in picture.agents.items() if key != name}
    if (left := left_of(agent, stamp)) is not None:
        agents[name] = left
    return replace(picture, agents=MappingProxyType(agents))


# -- peers


def _peers(picture: Picture, event: events.PeersSeen) -> Picture:
    newest = max(picture.peers_stamp, event.stamp)
    known = dict(picture.looked_at)
    for view in event.peers:
        old = known.get(view.name, Peer(view.name))
        known[view.name] = looked_at(old, view, event.stamp)
    lately = {name: peer for name, peer in known.items() if newest - peer.stamp <= PEER_LIVES_MS}
    return replace(picture, looked_at=MappingProxyType(lately), peers_stamp=newest)


def _counted(picture: Picture) -> Picture:
    """The same with what all agents together have for each peer."""
    queued: Counter[str] = Counter()
    for agent in picture.agents.values():
        queued.update(agent.outbox.queued)
    changed = {
        name: replace(peer, backlog=queued[name])
        for name, peer in picture.looked_at.items()
        if peer.backlog != queued[name]
    }
    if not changed:
        return picture
    return replace(picture, looked_at=MappingProxyType({**picture.looked_at, **changed}))


def _with(mapping: Mapping[Key, Value], key: Key, value: Value) -> Mapping[Key, Value]:
    return MappingProxyType({**mapping, key: value})
