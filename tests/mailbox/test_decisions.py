"""What is kept beside messages: decisions and notes."""

import pytest

from meshbot_core.errors import InvalidArgumentError
from meshbot_core.mailbox.records import DecisionRow, MailboxLimits
from tests.mailbox.support import NOW_MS


def row(approval_id="a", **members):
    usual = {
        "tool": "Bash",
        "tool_input": '{"command":"make"}',
        "behavior": "allow",
        "scope": "once",
        "reason": "",
        "decided_by": "cli",
        "pid": 4242,
        "uid": None,
        "asked_at_ms": NOW_MS,
        "decided_at_ms": NOW_MS + 5,
    }
    return DecisionRow(approval_id=approval_id, **(usual | members))


async def test_decisions_are_told_newest_first_and_outlive_the_host(place):
    decided = [row("a"), row("b", behavior="deny", reason="no"), row("a", decided_by="rule")]
    async with place.opened() as mailbox:
        for one in decided:
            await mailbox.keep_decision(one)
    async with place.opened() as mailbox:
        assert await mailbox.decisions() == tuple(reversed(decided))
        assert await mailbox.decisions(1) == (decided[2],)
        assert await mailbox.decisions(-1) == ()


async def test_only_the_newest_decisions_are_kept(place):
    async with place.opened(limits=MailboxLimits(keep_decisions=3)) as mailbox:
        for number in range(10):
            await mailbox.keep_decision(row(str(number)))
        assert await mailbox.tidy(NOW_MS) == 7
        assert [one.approval_id for one in await mailbox.decisions()] == ["9", "8", "7"]
        assert await mailbox.tidy(NOW_MS) == 0


async def test_a_note_is_kept_under_its_name_and_touches_nothing_else(place):
    async with place.opened() as mailbox:
        await mailbox.set_note("guard", "first")
        await mailbox.set_note("guard", '{"day": "2026"}')
        await mailbox.set_note("machine_id", "another")
    async with place.opened() as mailbox:
        assert await mailbox.note("guard") == '{"day": "2026"}'
        assert await mailbox.note("never written") == ""
        assert mailbox.notices == ()
        with pytest.raises(InvalidArgumentError):
            await mailbox.set_note("guard", "half \ud800")
