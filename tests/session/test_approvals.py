"""Approvals: the first answer wins, every one is kept, and nobody waits longer than said."""

import asyncio
from dataclasses import dataclass, field

import pytest

from meshbot_core.errors import ApprovalDecidedError, MailboxUnavailableError, NoSuchApprovalError
from meshbot_core.session import approvals as module
from meshbot_core.session.approvals import Approvals
from meshbot_core.session.ledger import decision_of, row_of
from meshbot_core.session.records import Approval, Decision, Verdict
from meshbot_core.types import new_id
from tests.support.clock import FakeClock
from tests.support.waiting import until

ALLOW = Verdict(behavior="allow")
DENY = Verdict(behavior="deny", reason="not on a Friday")
ALWAYS = Verdict(behavior="allow", scope="session")


@dataclass
class Room:
    """Approvals, and what they told and kept."""

    clock: FakeClock = field(default_factory=FakeClock)
    kept: list[Decision] = field(default_factory=list)
    told: list[tuple[Approval, Decision | None]] = field(default_factory=list)

    disk: asyncio.Event = field(default_factory=asyncio.Event)
    """Writes wait while it is cleared."""

    def __post_init__(self) -> None:
        self.disk.set()
        self.approvals = Approvals(
            agent="dev",
            clock=self.clock,
            keep=self.keep,
            changed=lambda *news: self.told.append(news),
        )

    async def keep(self, decision: Decision) -> None:
        await self.disk.wait()
        self.kept.append(decision)

    def ask(self, id="", *, kind="interactive", tool="Bash", limit_s=None, **members):  # noqa: A002
        asked = {"tool_input": {"command": "make"}, "has_suggestions": False} | members
        return self.approvals.ask(id=id or new_id(), kind=kind, tool=tool, limit_s=limit_s, **asked)

    async def decide(self, given: str, verdict: Verdict = ALLOW) -> Decision:
        return await self.approvals.decide(given, verdict, pid=4242, uid=1000)

    async def waiting(self, count: int = 1) -> list[str]:
        await until(lambda: len(self.approvals.waiting()) == count)
        return [approval.id for approval in self.approvals.waiting()]


@pytest.fixture
def room() -> Room:
    return Room()


async def test_an_answer_reaches_the_one_who_asked_and_is_kept_with_who_gave_it(room):
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(room.ask("ask-1"))
        await room.waiting()
        room.clock.advance(5000)
        await room.decide("ask-1", DENY)

    decision = asking.result()
    assert (decision.behavior, decision.reason, decision.by) == ("deny", "not on a Friday", "cli")
    assert (decision.by_pid, decision.by_uid) == (4242, 1000)
    assert decision.decided_at_ms - decision.asked_at_ms == 5000
    assert room.kept == [decision]
    assert [told for _, told in room.told] == [None, decision]
    assert room.approvals.waiting() == ()


async def test_who_comes_second_is_told_who_was_first_and_when(room):
    async with asyncio.TaskGroup() as group:
        group.create_task(room.ask("ask-1"))
        await room.waiting()
        await room.decide("ask-1")
        with pytest.raises(ApprovalDecidedError) as refused:
            await room.decide("ask-1", DENY)

    assert str(refused.value) == (
        "Bash was allowed already from the command line (uid 1000, process 4242)"
        " at 2026-01-01T01:56:40Z"
    )
    assert refused.value.http_status == 409
    assert [decision.behavior for decision in room.kept] == ["allow"]


async def test_an_id_may_be_given_by_its_beginning_unless_several_begin_so(room):
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(room.ask(each)) for each in ("abcd-1", "abcd-2", "wxyz-3")]
        await room.waiting(3)
        with pytest.raises(NoSuchApprovalError, match="begins the ids of 2") as several:
            await room.decide("abcd")
        for unknown in ("wxy", "zzzzzz", ""):
            with pytest.raises(NoSuchApprovalError, match="no approval of id"):
                await room.decide(unknown)
        assert (await room.decide("wxyz")).approval_id == "wxyz-3"
        await room.decide("abcd-1")
        assert (await room.decide("abcd")).approval_id == "abcd-2"  # the only one that waits
        with pytest.raises(ApprovalDecidedError):
            await room.decide("wxyz")

    assert "abcd-1" in several.value.hint
    assert several.value.http_status == 404
    assert all(task.result().behavior == "allow" for task in asked)


async def test_a_hook_whose_connection_closed_was_answered_in_the_terminal(room):
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(room.ask("ask-1"))
        await room.waiting()
        asking.cancel()

    assert [(one.behavior, one.by) for one in room.kept] == [("unknown", "terminal")]
    assert room.approvals.waiting() == ()
    with pytest.raises(ApprovalDecidedError, match="answered already in the session's own"):
        await room.decide("ask-1")


async def test_an_answer_stands_though_the_connection_closes_at_that_moment(room):
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(room.ask("ask-1"))
        await room.waiting()
        await room.decide("ask-1")
        asking.cancel()

    assert [(one.behavior, one.by) for one in room.kept] == [("allow", "cli")]


async def test_headless_silence_is_a_denial_that_the_model_can_read(room):
    decision = await room.ask(kind="headless", limit_s=0.02)

    assert (decision.behavior, decision.by) == ("deny", "timeout")
    assert decision.reason.startswith("No human answered within 0.02 seconds")
    assert room.kept == [decision]
    assert room.told[0][0].expires_at_ms == room.clock.now_ms() + 20


async def test_for_this_session_is_about_exactly_this_tool_and_input(room):
    async with asyncio.TaskGroup() as group:
        first = group.create_task(room.ask("ask-1", tool_input={"a": 1, "b": [2]}))
        beside = group.create_task(room.ask("ask-2", tool_input={"b": [2], "a": 1}))
        await room.waiting(2)
        await room.decide("ask-1", ALWAYS)

    assert (first.result().by, beside.result().by) == ("cli", "rule")
    again = await room.ask(tool_input={"b": [2], "a": 1})
    assert (again.behavior, again.by, again.scope) == ("allow", "rule", "session")
    assert [one.by for one in room.kept] == ["cli", "rule", "rule"]
    for other in ({"tool": "Write"}, {"tool_input": {"a": 1, "b": [3]}}):
        with pytest.raises(asyncio.CancelledError):
            await _asked_in_vain(room, {"tool_input": {"a": 1, "b": [2]}} | other)
    room.approvals.forget_rules()
    with pytest.raises(asyncio.CancelledError):
        await _asked_in_vain(room, {"tool_input": {"a": 1, "b": [2]}})


async def _asked_in_vain(room, asked):
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(room.ask(**asked))
        await room.waiting()
        asking.cancel()
    await asking


async def test_claudes_own_suggestions_once_confirmed_are_no_rule_of_ours(room):
    keeps = Verdict(behavior="allow", scope="session", keeps_suggestions=True)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(room.ask("ask-1", has_suggestions=True))
        await room.waiting()
        await room.decide("ask-1", keeps)

    assert asking.result().keeps_suggestions
    with pytest.raises(asyncio.CancelledError):
        await _asked_in_vain(room, {})


async def test_the_same_id_asked_again_waits_for_the_same_decision(room):
    async with asyncio.TaskGroup() as group:
        both = [group.create_task(room.ask("ask-1")) for _ in range(2)]
        await room.waiting()
        await asyncio.sleep(0)
        both[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await both[0]
        await room.decide("ask-1")

    assert both[1].result().behavior == "allow"
    assert len(room.kept) == 1


async def test_the_end_of_a_session_answers_all_that_wait(room):
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(room.ask(kind="headless")) for _ in range(3)]
        await room.waiting(3)
        room.approvals.ended()

    assert {(task.result().behavior, task.result().by) for task in asked} == {("deny", "ended")}
    assert len(room.kept) == 3


async def test_more_than_a_person_can_look_at_is_denied_at_once(room, monkeypatch):
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    monkeypatch.setattr(module, "_MAX_DECIDED", 2)
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(room.ask())
        await room.waiting(2)
        over = [await room.ask() for _ in range(3)]
        room.approvals.ended()

    assert all("2 other requests wait" in one.reason for one in over)
    with pytest.raises(NoSuchApprovalError):  # Forgotten: only the last two are known.
        await room.decide(over[0].approval_id)


async def test_a_disk_that_fails_does_not_undo_an_answer(room, monkeypatch):
    async def full(decision):
        raise MailboxUnavailableError("the disk is full")

    monkeypatch.setattr(room.approvals, "_keep", full)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(room.ask("ask-1"))
        await room.waiting()
        await room.decide("ask-1")

    assert asking.result().behavior == "allow"


async def test_who_decided_is_told_so_once_it_is_kept_and_it_is_kept_once(room):
    room.disk.clear()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(room.ask("ask-1"))
        await room.waiting()
        deciding = group.create_task(room.decide("ask-1"))
        await room.waiting(0)
        await asyncio.sleep(0)
        assert (asking.done(), deciding.done()) == (False, False)
        room.disk.set()

    assert room.kept == [asking.result()] == [deciding.result()]


async def test_equal_calls_beside_each_other_each_keep_their_own_prompt(room):
    async with asyncio.TaskGroup() as group:
        first, second = (group.create_task(room.ask(name)) for name in ("ask-1", "ask-2"))
        await room.waiting(2)
        await room.decide("ask-1")
        await first

        room.approvals.was_called("Bash", {"command": "make"})  # the one that was allowed
        assert await room.waiting() == ["ask-2"]
        room.approvals.was_called("Bash", {"command": "make"})  # so its own prompt was answered
        await room.waiting(0)

    assert (second.result().behavior, second.result().by) == ("unknown", "terminal")


@pytest.mark.parametrize("tool_input", [None, {"command": "rm \ud800", "n": [1, 2.5, True]}, "x"])
async def test_a_decision_is_the_same_after_it_was_kept(room, tool_input):
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(room.ask("ask-1", tool_input=tool_input))
        await room.waiting()
        decided = await room.decide("ask-1", DENY)

    assert asking.result() == decided
    assert decision_of(row_of(decided)) == decided


def test_a_very_long_input_is_kept_cut():
    decision = Decision(
        approval_id="a",
        tool="Write",
        tool_input={"content": "x" * 100_000},
        behavior="allow",
        by="cli",
        asked_at_ms=1,
        decided_at_ms=2,
    )
    kept = decision_of(row_of(decision))

    assert isinstance(kept.tool_input, str)
    assert kept.tool_input.startswith('{"content": "xxx')
    assert kept.tool_input.endswith("characters left out)")
