"""What a person can do with the session of a host that was killed."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from meshbot_core.host.owner import owner_pid
from meshbot_core.host.spawn import host_answers
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from tests.cli.on_terminal import DETACH, on_terminal
from tests.cli.running import Runner
from tests.support.processes import is_gone
from tests.support.stand_in_claude import starts
from tests.support.waiting import until

pytestmark = [pytest.mark.usefixtures("hosts"), pytest.mark.slow]


@pytest.fixture
def ops(mesh_paths: MeshPaths) -> AgentPaths:
    return mesh_paths.agent("ops")


@pytest.fixture
def file(tmp_path: Path, run: Runner, small_claude: Path, ops: AgentPaths) -> Path:
    """A fleet file of one daemon, which ran until its host was killed."""
    path = tmp_path / "fleet.toml"
    path.write_text('[agents.ops]\ndaemon = true\nfolder = "."\n')
    assert run("up", str(path)).status == 0
    kill_host(ops)
    return path


def kill_host(agent: AgentPaths) -> None:
    pid = owner_pid(agent)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    # Its threads end one after the other, and the last one closes the socket.
    asyncio.run(until(lambda: is_gone(pid) and not host_answers(agent)))


def state(run: Runner) -> str:
    return {row["name"]: row["state"] for row in json.loads(run("ps", "--json").out)}["ops"]


@pytest.mark.parametrize("words", [("stop", "--as", "ops"), ("down",)])
def test_it_can_be_stopped_for_good(
    run: Runner, file: Path, ops: AgentPaths, small_claude: Path, words: tuple[str, ...]
) -> None:
    stopped = run(*words, *([str(file)] if words == ("down",) else []))

    assert (stopped.status, stopped.out, stopped.err) == (0, '"ops" is stopped\n', "")
    assert not ops.session_json.exists()
    assert run("send", "--from", "ops", "ops", "hello", "--queue").status == 0
    assert state(run) == "stopped"
    assert len(starts(small_claude)) == 1


def test_a_restart_brings_it_back(run: Runner, file: Path, small_claude: Path) -> None:
    again = run("restart", "ops")

    assert again.status == 0, again.err
    assert again.out.startswith('"ops" is started again (pid ')
    assert state(run) in ("starting", "idle")


def test_up_brings_it_back_and_sees_what_was_edited(
    run: Runner, file: Path, ops: AgentPaths
) -> None:
    assert run("up", str(file)).out == '"ops" runs already\n'
    assert state(run) in ("starting", "idle")
    kill_host(ops)
    file.write_text(file.read_text() + 'model = "opus"\n')

    assert run("up", str(file)).out == '"ops" is started again: model none → opus\n'


def test_attach_brings_it_back(run: Runner, mesh_paths: MeshPaths, small_claude: Path) -> None:
    dev = mesh_paths.agent("dev")
    assert run("start", "--as", "dev", "--detach").status == 0
    kill_host(dev)

    (mesh_paths.folder / "attach.told").touch()
    with on_terminal("attach", "dev") as terminal:
        terminal.shows("Welcome")
        terminal.types(DETACH)
        assert terminal.ends() == 0
    assert len(starts(small_claude)) == 2
