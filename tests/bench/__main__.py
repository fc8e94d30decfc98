"""``make bench``: every figure of docs/performance.md, as one table and as JSON."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from meshbot_core.demo.binaries import OLDEST
from tests.bench import (
    calibration,
    console_bench,
    host_bench,
    journal_bench,
    kill_bench,
    mailbox_bench,
    node_bench,
    screen_bench,
    session_bench,
    terminal_bytes,
    thin_serve,
)

RESULTS = Path("bench-results")
Figures = dict[str, float]

MEASURES: dict[str, Callable[[], Figures]] = {
    "calibration": calibration.run,
    "mailbox": mailbox_bench.run,
    "inbound, empty inbox": lambda: node_bench.inbound(uvloop=True),
    "inbound, 10,000 unread": lambda: node_bench.inbound(depth=10_000, uvloop=True),
    "inbound, 100,000 unread": lambda: node_bench.inbound(depth=100_000, uvloop=True),
    "inbound, without uvloop": lambda: node_bench.inbound(uvloop=False),
    "inbound, 100 kB at depth 1,000": lambda: node_bench.inbound(
        depth=1_000, messages=1_000, size=100_000, uvloop=True
    ),
    "courier, one stream": lambda: node_bench.stream(uvloop=True),
    "ask and answer": host_bench.ask_and_answer,
    "serve: memory and start": host_bench.idle_memory,
    "commands": host_bench.commands,
    "journals of 16 agents, 100,000 messages": journal_bench.run,
    "check of 50 at 100,000 unread": host_bench.check_messages,
    "status with 50 hanging peers": host_bench.hanging_peers,
    "send to a hanging peer": host_bench.hanging_send,
    "100 hosts at once": host_bench.many_hosts,
    "kill -9 under load": host_bench.killed_under_load,
    "wake, interactive": lambda: session_bench.wake("interactive"),
    "wake, interactive, oldest": lambda: session_bench.wake("interactive", OLDEST),
    "wake, headless": lambda: session_bench.wake("headless"),
    "ask to an idle agent, interactive": lambda: session_bench.ask("interactive"),
    "ask to an idle agent, headless": lambda: session_bench.ask("headless"),
    "burst of 200": session_bench.burst,
    "start until the first screen": session_bench.start,
    "key and its echo": session_bench.keys,
    "an idle session's host": session_bench.idle,
    "attach": screen_bench.attach,
    "16 hosts that show what claude writes": screen_bench.sixteen_hosts,
    "kill -9 of a session's claude": lambda: kill_bench.killed_under_load("claude"),
    "kill -9 of a session's serve": lambda: kill_bench.killed_under_load("serve"),
    "kill -9 of a session's waiter": lambda: kill_bench.killed_under_load("waiter"),
    "kill -9 of a session's host": lambda: kill_bench.killed_under_load("host"),
    "console: first frame, messages": console_bench.opened,
    "console: a page of 500 peers": console_bench.peers,
    "console: key and its echo": console_bench.keys,
    "console: 16 agents idle": console_bench.idle,
    "console: 16 agents write": console_bench.streaming,
    "console: 10 MB in a pane": console_bench.flood,
    "console: bytes to the terminal": terminal_bytes.run,
    "console: message until shown": console_bench.message,
    "thin serve, under the real claude": thin_serve.run,
}


def main() -> int:
    """Measure what the arguments name (all without any), print and keep it."""
    wanted = sys.argv[1:]
    results: dict[str, Figures] = {}
    for name, measure in MEASURES.items():
        if wanted and not any(word in name for word in wanted):
            continue
        began = time.perf_counter()
        results[name] = {key: round(float(value), 3) for key, value in measure().items()}
        figures = "  ".join(f"{key} {value:g}" for key, value in results[name].items())
        print(f"{name:34} {figures}  [{time.perf_counter() - began:.0f} s]", flush=True)  # noqa: T201 - its job
    _keep(results)
    return 0


def _keep(results: dict[str, Figures]) -> None:
    RESULTS.mkdir(exist_ok=True)
    facts = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "cores": os.cpu_count(),
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - git is where it is
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip(),
        "results": results,
    }
    path = RESULTS / f"bench-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
