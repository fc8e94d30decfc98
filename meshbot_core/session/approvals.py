"""Tool calls that wait for a person's word: the first answer wins, and every one is kept.

An answer comes from the command line, the console, a rule that a person made for this session,
the session's own prompt, or from nobody in time.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from meshbot_core.claude.hook_settings import SessionKind
from meshbot_core.errors import (
    ApprovalDecidedError,
    MailboxError,
    NoSuchApprovalError,
)
from meshbot_core.session.approval_texts import by_whom, silence
from meshbot_core.session.records import Approval, Decision, Verdict
from meshbot_core.session.rules import Rules, Word
from meshbot_core.types import Clock

log = logging.getLogger(__name__)

MIN_PREFIX: Final = 4
"""Characters of an id that a person has to give at least."""
MAX_WAITING: Final = 1000
_MAX_RUNNING: Final = 100
_MAX_DECIDED: Final = 1000
"""Decisions of which we still know, by id, that they were made."""


@dataclass(slots=True)
class _Waiting:
    """An approval and those who wait for its decision."""

    approval: Approval
    askers: int = 0
    decision: Decision | None = None
    is_kept: bool = False
    keeping: asyncio.Lock = field(default_factory=asyncio.Lock)
    decided: asyncio.Event = field(default_factory=asyncio.Event)


class Approvals:
    """What one agent's session may do, as far as a person is asked.

    ``keep`` puts a decision on disk; ``changed`` is called at once with an approval that came
    up (no decision) or was decided.
    """

    def __init__(
        self,
        *,
        agent: str,
        clock: Clock,
        keep: Callable[[Decision], Awaitable[None]],
        changed: Callable[[Approval, Decision | None], None],
    ) -> None:
        self._agent = agent
        self._clock = clock
        self._keep = keep
        self._changed = changed
        self._waiting: dict[str, _Waiting] = {}
        self._decided: dict[str, Decision] = {}
        self._rules = Rules()
        self._running: deque[Decision] = deque(maxlen=_MAX_RUNNING)
        """Interactive calls that were allowed here, and have not ended yet."""

    def waiting(self) -> tuple[Approval, ...]:
        """What waits, oldest first."""
        return tuple(waiting.approval for waiting in self._waiting.values())

    # -- asking

    async def ask(
        self,
        *,
        id: str,  # noqa: A002 -- the API's own word
        kind: SessionKind,
        tool: str,
        tool_input: JsonValue,
        limit_s: float | None,
        has_suggestions: bool = False,
    ) -> Decision:
        """Wait for a decision; without one in ``limit_s`` seconds it is denied.

        The same id asked again while it waits waits for the same decision. A caller that is
        cancelled withdraws what it asked for: an interactive session's prompt was answered.
        """
        waiting = self._waiting.get(id)
        if waiting is None:
            now_ms = self._clock.now_ms()
            approval = Approval(
                id=id,
                agent=self._agent,
                kind=kind,
                tool=tool,
                tool_input=tool_input,
                asked_at_ms=now_ms,
                expires_at_ms=0 if limit_s is None else now_ms + round(limit_s * 1000),
                has_suggestions=has_suggestions,
            )
            waiting = self._put_up(approval)
        return await self._answered(waiting, limit_s)

    def _put_up(self, approval: Approval) -> _Waiting:
        waiting = _Waiting(approval)
        rule = self._rules.word_for(approval)
        if rule is not None:
            self._settle(waiting, rule)
        elif len(self._waiting) >= MAX_WAITING:
            full = f"{MAX_WAITING} other requests wait for a person already"
            self._settle(waiting, Word("deny", "rule", full))
        else:
            self._waiting[approval.id] = waiting
            self._changed(approval, None)
        return waiting

    async def _answered(self, waiting: _Waiting, limit_s: float | None) -> Decision:
        waiting.askers += 1
        try:
            async with asyncio.timeout(limit_s):
                await waiting.decided.wait()
        except TimeoutError:
            self._settle(waiting, Word("deny", "timeout", silence(limit_s or 0.0)))
        except asyncio.CancelledError:
            if waiting.askers == 1:
                self._settle(waiting, _withdrawn(waiting.approval.kind))
                await self._kept(waiting)
            raise
        finally:
            waiting.askers -= 1
        return await self._kept(waiting)

    async def _kept(self, waiting: _Waiting) -> Decision:
        """Put the decision on disk, once; a disk that fails does not undo what was decided."""
        decision = self._settle(waiting, Word("deny", "ended"))
        async with waiting.keeping:
            if not waiting.is_kept:
                # The row is written even if whoever waits for that gives up.
                waiting.is_kept = True
                try:
                    await self._keep(decision)
                except MailboxError as error:
                    log.warning("the decision on %s could not be kept: %s", decision.tool, error)
        return decision

    # -- deciding

    async def decide(
        self,
        id: str,  # noqa: A002 -- the API's own word
        verdict: Verdict,
        *,
        pid: int | None,
        uid: int | None,
    ) -> Decision:
        """Answer what waits under ``id``, or under the one id that begins with it.

        It counts at once; what is returned is on disk, or its failure in the log.
        ``pid`` and ``uid`` are those of the deciding process; whether it may decide was checked.
        "For this session" also answers equal calls that wait beside this one.

        Raises:
            NoSuchApprovalError: None of that id, or several that begin so.
            ApprovalDecidedError: Somebody was quicker.
        """
        waiting = self._found(id)
        word = Word(
            behavior=verdict.behavior,
            by=verdict.by,
            reason=verdict.reason,
            scope=verdict.scope,
            pid=pid,
            uid=uid,
            keeps_suggestions=verdict.keeps_suggestions and waiting.approval.has_suggestions,
        )
        self._settle(waiting, word)
        # Claude Code's own rule, once confirmed, is what the person meant; ours would be another.
        if verdict.scope == "session" and not word.keeps_suggestions:
            self._make_rule(waiting.approval, word)
        return await self._kept(waiting)

    def _found(self, given: str) -> _Waiting:
        found = _named(given, tuple(self._waiting))
        if len(found) == 1:
            return self._waiting[found[0]]
        decided = _named(given, tuple(self._decided)) if not found else ()
        if len(decided) == 1:
            raise ApprovalDecidedError(by_whom(self._decided[decided[0]]))
        several = found or decided
        if several:
            raise NoSuchApprovalError(
                f"{given!r} begins the ids of {len(several)} approvals",
                hint=f"give more of it: {', '.join(several[:5])}",
            )
        raise NoSuchApprovalError(
            f"no approval of id {given[:80]!r} waits here",
            hint=f"ids are listed by: meshbot approvals (at least {MIN_PREFIX} characters)",
        )

    def ended(self) -> None:
        """The session ended: nothing waits any longer."""
        self._running.clear()
        word = Word("deny", "ended", "The session ended before anybody answered.")
        for waiting in tuple(self._waiting.values()):
            self._settle(waiting, word)

    def was_called(self, tool: str, tool_input: JsonValue) -> None:
        """An interactive session's call is over: its own prompt answered for it.

        Claude Code gives up the request when that happens; this is for one that it forgot. Equal
        calls end one after the other, those that were allowed from outside among them.
        """
        equal = (tool, tool_input)
        for allowed in self._running:
            if (allowed.tool, allowed.tool_input) == equal:
                self._running.remove(allowed)
                return
        for waiting in tuple(self._waiting.values()):
            approval = waiting.approval
            if (approval.tool, approval.tool_input) == equal and approval.kind == "interactive":
                self._settle(waiting, Word("unknown", "terminal"))
                return

    def forget_rules(self) -> None:
        """The session that "for this session" was said of is over."""
        self._rules.clear()

    def _settle(self, waiting: _Waiting, word: Word) -> Decision:
        """Decide, unless that was done; what was decided."""
        if waiting.decision is not None:
            return waiting.decision
        approval = waiting.approval
        decision = waiting.decision = Decision(
            approval_id=approval.id,
            tool=approval.tool,
            tool_input=approval.tool_input,
            behavior=word.behavior,
            scope=word.scope,
            reason=word.reason,
            by=word.by,
            by_pid=word.pid,
            by_uid=word.uid,
            keeps_suggestions=word.keeps_suggestions,
            asked_at_ms=approval.asked_at_ms,
            decided_at_ms=self._clock.now_ms(),
        )
        self._waiting.pop(approval.id, None)
        if approval.kind == "interactive" and word.behavior == "allow":
            self._running.append(decision)
        self._remember(decision)
        waiting.decided.set()
        self._changed(approval, decision)
        return decision

    def _remember(self, decision: Decision) -> None:
        self._decided.pop(decision.approval_id, None)
        self._decided[decision.approval_id] = decision
        while len(self._decided) > _MAX_DECIDED:
            del self._decided[next(iter(self._decided))]

    def _make_rule(self, approval: Approval, word: Word) -> None:
        rule = self._rules.make(approval, word)
        if rule is None:
            return
        for waiting in tuple(self._waiting.values()):
            if self._rules.word_for(waiting.approval) is rule:
                self._settle(waiting, rule)


def _named(given: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    if given in ids:
        return (given,)
    if len(given) < MIN_PREFIX:
        return ()
    return tuple(known for known in ids if known.startswith(given))


def _withdrawn(kind: SessionKind) -> Word:
    if kind == "interactive":
        return Word("unknown", "terminal")
    return Word("deny", "ended", "The session went away before anybody answered.")
