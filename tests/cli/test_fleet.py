"""``up``, ``down``, ``ps`` and what is done to agents that run; hosts are real, claude is small."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from meshbot_core.clients import looks
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_api import ApprovalRequest
from meshbot_core.host.session_client import SessionClient
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.session.records import Decision
from tests.cli.running import Runner
from tests.cli.running import started as started_command
from tests.support.stand_in_claude import starts
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("hosts")


@pytest.fixture
def file(tmp_path: Path, mesh_paths: MeshPaths, small_claude: Path) -> Path:
    """A fleet file; ``ops`` works alone, ``dev`` has a terminal."""
    path = tmp_path / "fleet.toml"
    path.write_text(
        '[agents.ops]\ndaemon = true\nfolder = "."\nprompt = "Watch."\n'
        '[agents.dev]\nfolder = "."\nrestart = "never"\n'
    )
    return path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def states(run: Runner) -> dict[str, str]:
    return {row["name"]: row["state"] for row in json.loads(run("ps", "--json").out)}


def started_times(binary: Path, count: int) -> list[set[str]]:
    """The words of each start, once there were so many."""
    asyncio.run(until(lambda: len(starts(binary)) >= count))
    found = [set(start.arguments) for start in starts(binary)]
    assert len(found) == count
    return found


@pytest.mark.slow
def test_up_starts_what_does_not_run_changes_what_was_edited_and_says_what(
    run: Runner, file: Path, small_claude: Path
) -> None:
    first = run("up", str(file))
    assert (first.status, first.err) == (0, "")
    assert sorted(line[:16] for line in first.out.splitlines()) == [
        '"dev" is started',
        '"ops" is started',
    ]

    again = run("up", str(file))
    assert sorted(again.out.splitlines()) == ['"dev" runs already', '"ops" runs already']
    headless = next(words for words in started_times(small_claude, 2) if "-p" in words)

    edit(file, "daemon = true", 'daemon = true\nmodel = "opus"\nenv = { TOKEN = "secret" }')
    edit(file, "[agents.dev]", "[agents.new]")
    edited = run("up", str(file), "ops")
    assert edited.out == '"ops" is started again: model none → opus, env.TOKEN\n'
    assert '"dev" is no longer in the file and runs on' in edited.err
    resumed = {word.replace("--session-id", "--resume") for word in headless} - headless
    assert {"--model=opus", *resumed} < started_times(small_claude, 3)[2]

    assert run("down", str(file), "ops").out == '"ops" is stopped\n'
    assert run("down", str(file), "ops").out == '"ops" does not run\n'
    assert states(run)["ops"] == "stopped"
    assert states(run)["dev"] not in ("stopped", "crashed")


@pytest.mark.slow
def test_one_that_cannot_be_started_does_not_hold_up_the_others(
    run: Runner, file: Path, tmp_path: Path
) -> None:
    edit(file, '[agents.dev]\nfolder = "."', '[agents.dev]\nfolder = "nowhere"')

    ran = run("up", str(file))

    assert ran.status == 1
    assert ran.out.startswith('"ops" is started (headless, pid ')
    assert f'"dev": {file}:6: agents.dev.folder: {tmp_path}/nowhere is not there' in ran.err


@pytest.mark.slow
def test_what_a_person_started_by_hand_is_left_alone(
    run: Runner, file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[agents.ops]\ndaemon = true\nfolder = "."\n')
    run("start", "--as", "dev", "--daemon", "--detach", "--folder", str(tmp_path))
    run("up", str(other))

    said = sorted(run("up", str(file)).out.splitlines())

    assert said == [
        '"dev" runs, was started by hand and is left alone; it differs: '
        "daemon true → false, restart on-failure → never",
        f'"ops" runs, was started from {other} and is left alone; it differs: prompt',
    ]


@pytest.mark.slow
def test_claude_that_does_not_run_is_told_for_each_and_nothing_is_left(
    run: Runner, file: Path, small_claude: Path
) -> None:
    facts = small_claude.parent / "stand-in.json"
    facts.write_text(facts.read_text().replace('"at_start": ""', '"at_start": "exit 3"'))

    ran = run("up", str(file), "dev")

    assert ran.status == 1
    assert '"dev": ended at once: claude ended with status 3' in ran.err
    assert "meshbot logs dev" in ran.err

    facts.write_text(facts.read_text().replace("2.1.330", "1.0.1"))
    assert '"ops": ' in run("up", str(file), "ops").err
    assert "ops" not in states(run)


@pytest.mark.slow
def test_an_agent_is_seen_started_again_and_stopped_by_name(
    run: Runner, file: Path, small_claude: Path
) -> None:
    run("up", str(file), "ops")
    (row,) = json.loads(run("ps", "--json").out)
    head, shown = run("ps").out.splitlines()
    assert row["state"] in ("working", "idle")
    assert (row["session"]["kind"], row["session"]["folder"]) == ("headless", str(file.parent))
    assert head.split()[:4] == ["AGENT", "STATE", "SINCE", "UNREAD"]
    assert str(row["session"]["pid"]) in shown.split()

    again = run("restart", "ops", "ops")
    assert (again.status, again.out.count("\n")) == (0, 1)
    assert again.out.startswith('"ops" is started again (pid ')
    started_times(small_claude, 2)
    assert run("resume", "ops").out == '"ops" was not paused\n'

    wrong = run("stop", "--as", "ops", "--signal", "SIGFOO")
    assert (wrong.status, wrong.out) == (1, "")
    assert "'SIGFOO' is no signal to end with" in wrong.err

    assert run("stop", "--as", "ops", "--signal", "int").out == '"ops" is stopped\n'
    # Its host takes a moment to go.
    assert run("stop", "--as", "ops").err.startswith(
        ('meshbot: "ops" does not run', "meshbot: 'ops' has no session")
    )
    assert run("restart", "ops").status == 1
    assert '"ops" was meant?' in run("stop", "--as", "opps").err


def test_a_file_and_names_are_told_apart_and_names_are_checked(run: Runner, file: Path) -> None:
    with contextlib.chdir(file.parent):
        unknown = run("up", "opps")
        missing = run("up", "else.toml", "ops")

    assert unknown.status == missing.status == 2
    assert f'{file}: there is no agent "opps" in it; "ops" was meant?' in unknown.err
    assert "else.toml: cannot be read" in missing.err


def test_ps_of_nobody_says_how_to_begin(run: Runner, mesh_paths: MeshPaths) -> None:
    ran = run("ps")

    assert (ran.status, ran.out) == (0, "")
    assert "meshbot start --as NAME" in ran.err
    assert run("ps", "--json").out == "[]\n"


@contextlib.contextmanager
def mute(agent: AgentPaths) -> Iterator[None]:
    """A host that takes connections and never says a word."""
    agent.folder.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(agent.socket))
        listener.listen()
        yield
    agent.socket.unlink()


def test_a_host_that_hangs_holds_nobody_up(
    run: Runner, mesh_paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LOOK_LIMIT_S", 0.2)
    (mesh_paths.folder / "queues" / "dev").mkdir(parents=True)
    with mute(mesh_paths.agent("ops")):
        began = time.monotonic()
        ran = run("ps")
        approvals = run("approvals")
        took_s = time.monotonic() - began

    rows = ran.out.splitlines()
    assert rows[1].split() == ["dev", "stopped", "0"]
    assert rows[2].startswith("ops    hanging")
    assert "says nothing within 0.2 s" in rows[2]
    assert "ops: the host of 'ops' says nothing" in approvals.err
    assert took_s < 2


@contextlib.contextmanager
def asking(agent: AgentPaths, *requests: ApprovalRequest) -> Iterator[list[Decision]]:
    """Requests of a session's that wait for a person; the list holds what came of them."""
    decided: list[Decision] = []
    waits = threading.Event()

    async def ask(client: HostClient, request: ApprovalRequest) -> None:
        decided.append(await SessionClient(client).request_approval(request))

    async def run() -> None:
        async with HostClient.connected(agent, kind="test") as client, asyncio.TaskGroup() as group:
            for request in requests:
                group.create_task(ask(client, request))

            async def all_wait() -> bool:
                page = await SessionClient(client).approvals()
                return len(page.approvals) == len(requests)

            await until(all_wait)
            waits.set()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert waits.wait(10)
    yield decided
    thread.join(10)
    assert not thread.is_alive()


@contextlib.contextmanager
def killed_at_last(*words: str) -> Iterator[IO[bytes]]:
    """What a command that does not end prints."""
    with started_command(*words) as process:
        try:
            assert process.stdout is not None
            yield process.stdout
        finally:
            process.kill()


BASH = ApprovalRequest(id="aaaa1111-1", tool="Bash", tool_input={"command": "rm \x1b[2J"})
EDIT = ApprovalRequest(
    id="aaaa2222-2",
    tool="Edit",
    tool_input={"file_path": "/a", "old_string": "x", "new_string": "y"},
)


def check_what_waits(run: Runner) -> None:
    """Listed for people and programs, and only one id's own beginning names it."""
    shown = run("approvals").out
    rows = json.loads(run("approvals", "--json").out)

    assert "rm \\x1b[2J" in shown
    assert "meshbot approve aaaa1111 " in shown
    assert {"  -x", "  +y"} < set(shown.splitlines())
    assert {row["id"]: row["input"] for row in rows} == {
        request.id: request.tool_input for request in (BASH, EDIT)
    }
    assert "begins several ids" in run("approve", "aaaa").err
    assert run("approve", "aaa").status == 2
    assert "no approval of id 'bbbb' waits here" in run("deny", "bbbb").err


@pytest.mark.slow
def test_a_person_allows_and_denies_by_the_beginning_of_an_id(
    run: Runner, file: Path, mesh_paths: MeshPaths
) -> None:
    run("up", str(file), "ops")
    with killed_at_last("approvals", "-f", "--json") as following:
        with asking(mesh_paths.agent("ops"), BASH, EDIT) as decided:
            followed = [following.readline() for _ in range(2)]
            check_what_waits(run)
            allowed = run("approve", "aaaa1111", "--for-session")
            denied = run("deny", "aaaa2", "--reason", "not today", "--as", "ops")
        followed += [following.readline() for _ in range(2)]
    late = run("approve", "aaaa1111")
    history = run("approvals", "--history", "5").out.splitlines()

    assert allowed.out == 'allowed for this session: "ops" Bash rm \\x1b[2J\n'
    assert denied.out == 'denied: "ops" Edit /a\n'
    assert [(one.behavior, one.scope, one.reason) for one in decided] == [
        ("allow", "session", ""),
        ("deny", "once", "not today"),
    ]
    assert "Bash was allowed already from the command line" in late.err
    assert [("allowed" in line, "denied" in line) for line in history] == [
        (True, False),
        (False, True),
    ]
    assert {(row["id"], bool(row["decision"])) for row in map(json.loads, followed)} == {
        (request.id, was_decided) for request in (BASH, EDIT) for was_decided in (False, True)
    }
