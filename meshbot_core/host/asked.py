"""What a peer is told of an ask that it put to this agent: how far it is."""

from collections.abc import Callable

from meshbot_core.errors import NoSuchMessageError
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.node.endpoints import AsyncRoute
from meshbot_core.node.health import ASKS_PATH, StandingAnswer
from meshbot_core.session.session import Session


def asked_route(mailbox: Mailbox, session: Callable[[], Session | None]) -> AsyncRoute:
    """``GET /mesh/asks/ID``, for those who hold the mesh's key."""

    async def standing(ask_id: str) -> bytes:
        message = await mailbox.message(ask_id)
        if message is None or message.kind != "ask":
            raise NoSuchMessageError("no ask of this id has come")
        state = _state(message.id, message.state, session())
        return state.model_dump_json().encode()

    return AsyncRoute("GET", ASKS_PATH, standing)


def _state(ask_id: str, state: str, session: Session | None) -> StandingAnswer:
    if state == "new" or (session is not None and session.leases.is_under_way(ask_id)):
        return StandingAnswer(state="delivered")
    is_at_work = state == "leased" and session is not None and session.tracker.is_in_turn
    return StandingAnswer(state="working" if is_at_work else "seen")
