"""``attach`` on real terminals: detach, reattach, several at once, and every way to end."""

import os
import signal
from pathlib import Path

import pexpect
import pytest

from meshbot_core.host.owner import owner_pid
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from tests.cli.on_terminal import DETACH, OnTerminal, on_terminal
from tests.cli.running import Runner, finished

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hosts", "small_claude")]


@pytest.fixture
def dev(mesh_paths: MeshPaths, small_claude: Path, run: Runner) -> AgentPaths:
    """An agent with an interactive session in the background; the key was told before."""
    (mesh_paths.folder / "attach.told").touch()
    ran = run("start", "--as", "dev", "--detach", "--restart", "never")
    assert ran.status == 0, ran.err
    return mesh_paths.agent("dev")


def has_typed(terminal: OnTerminal, text: str) -> None:
    terminal.types(f"{text}\r")
    terminal.shows(f"heard: {text}")


@pytest.mark.usefixtures("dev")
def test_detaching_leaves_the_agent_and_the_terminal_as_they_were_and_attaching_shows_it_again():
    with on_terminal("attach", "dev") as first:
        first.shows("Welcome")
        has_typed(first, "a first word")
        first.types("modes\r")
        first.shows("\x1b[?1006h")
        first.types(DETACH)
        assert first.ends() == 0
        assert first.is_as_before
        assert "goes on; see it again with: meshbot attach dev" in first.said
    with on_terminal("attach", "dev") as again:
        again.shows("\x1b[?1003h")
        again.types("exit 4\r")
        assert again.ends() == 4
        assert again.is_as_before
        assert "(status 4)" in again.said
    late = finished("attach", "dev")
    assert late.status == 2, "a pipe is no terminal"


@pytest.mark.usefixtures("dev")
def test_two_see_the_same_and_the_one_that_typed_last_has_its_size():
    with (
        on_terminal("attach", "dev", columns=90, rows=30) as large,
        on_terminal("attach", "dev", columns=60, rows=20) as small,
    ):
        large.shows("Welcome")
        small.shows("Welcome")
        has_typed(large, "from the large one")
        small.shows("from the large one")

        small.types("size\r")
        small.shows("size 60x20")
        large.shows("60x20, the size of another viewer")
        large.types("size\r")
        large.shows("size 90x30")

        large.child.setwinsize(25, 70)
        large.shows("\x1b[H\x1b[2J")
        large.types("size\r")
        large.shows("size 70x25")


@pytest.mark.usefixtures("dev")
def test_signals_and_another_key_leave_the_terminal_as_it_was():
    for number, status in ((signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        with on_terminal("attach", "dev") as terminal:
            terminal.types("modes\r")
            terminal.shows("\x1b[?1006h")
            terminal.child.kill(number)
            assert terminal.ends() == status
            assert terminal.is_as_before
    with on_terminal("attach", "dev", "--detach-key", "ctrl+q") as terminal:
        terminal.shows("Welcome")
        terminal.types(f"{DETACH}\x11")
        assert terminal.ends() == 0


@pytest.mark.usefixtures("small_claude")
def test_a_crash_is_told_a_dead_host_is_brought_back_and_one_that_hangs_keeps_nobody(
    mesh_paths: MeshPaths, run: Runner
):
    (mesh_paths.folder / "attach.told").touch()
    dev = mesh_paths.agent("dev")
    assert run("start", "--as", "dev", "--detach").status == 0
    with on_terminal("attach", "dev") as terminal:
        terminal.shows("Welcome")
        terminal.types("crash\r")
        terminal.shows("ended by SIGKILL")
        terminal.shows("Welcome")

        os.kill(pid_of_host(dev), signal.SIGKILL)
        terminal.shows("the host is gone; looking for it")
        terminal.shows("Welcome")
        has_typed(terminal, "still here")

        os.kill(pid_of_host(dev), signal.SIGSTOP)
        terminal.types(f"never heard{DETACH}")
        assert terminal.ends() == 0
        assert terminal.is_as_before


def pid_of_host(agent: AgentPaths) -> int:
    pid = owner_pid(agent)
    assert pid is not None
    return pid


def test_what_has_no_screen_is_told(mesh_paths: MeshPaths, run: Runner):
    with on_terminal("attach", "nobody") as terminal:
        assert terminal.ends() == 1
        assert "meshbot start --as nobody" in terminal.said
    assert run("start", "--as", "ops", "--daemon", "--detach").status == 0
    with on_terminal("attach", "ops") as terminal:
        assert terminal.ends() == 1
        assert "meshbot logs ops" in terminal.said
    with on_terminal("attach", "ops", "--detach-key", "f1") as terminal:
        assert terminal.child.expect([pexpect.EOF, "no key to detach with"]) == 1
