"""kill -9 of each process of a session under the real claude, again and again."""

import asyncio
import statistics

from meshbot_core.demo.binaries import NEWEST, OLDEST
from tests.bench.session_bench import scene
from tests.sessions.kill_rounds import Victim, rounds

Figures = dict[str, float]


def killed_under_load(victim: Victim) -> Figures:
    """25 kills of ``victim`` while messages come: what was lost, or came twice unmarked."""
    return asyncio.run(_killed(victim, 25))


async def _killed(victim: Victim, count: int) -> Figures:
    version = OLDEST if victim == "waiter" else NEWEST
    async with scene() as (agents, ops):
        async with rounds(agents, ops, version, seed=count) as played:
            for _ in range(count):
                await played.play(victim)
        back_s = played.back_s[victim]
        return {
            "rounds": count,
            "messages": len(played.acknowledged),
            "lost": len(played.lost),
            "twice_marked": len(played.shown.marked),
            "twice_unmarked": len(played.shown.unmarked),
            "back_p50_s": statistics.median(back_s),
            "back_longest_s": max(back_s),
        }
