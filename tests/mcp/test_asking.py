"""Asks whose calls failed: their answers come as messages, whichever call sees to it."""

import asyncio

import pytest

from meshbot_core.errors import HostUnavailableError
from meshbot_core.host.api import AskResult
from meshbot_core.mcp.asking import Asking
from meshbot_core.mcp.leases import Leases


class Host:
    """Notes which asks were left; ``is_away`` as long as it cannot be reached."""

    def __init__(self) -> None:
        self.left: list[str] = []
        self.is_away = False

    async def leave_ask(self, ask_id: str) -> AskResult:
        await asyncio.sleep(0)
        if self.is_away:
            raise HostUnavailableError("the host is away")
        self.left.append(ask_id)
        return AskResult(id=ask_id, to="ops", state="open", delivery="delivered")


async def test_two_calls_at_once_leave_each_ask_once():
    host, asking = Host(), Asking(Leases())
    asking._failed += ["a", "b", "c"]

    await asyncio.gather(*(asking.leave_failed(host) for _ in range(3)))

    assert sorted(host.left) == ["a", "b", "c"]


async def test_what_could_not_be_left_is_left_by_the_next_call():
    host, asking = Host(), Asking(Leases())
    asking._failed += ["a", "b"]
    host.is_away = True
    with pytest.raises(HostUnavailableError):
        await asking.leave_failed(host)

    host.is_away = False
    await asking.leave_failed(host)

    assert sorted(host.left) == ["a", "b"]
