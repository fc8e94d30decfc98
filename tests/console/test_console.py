"""The console in a terminal, with real hosts and nobody in a session."""

import asyncio
import os
import signal
import sqlite3
import sys

import pytest

from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import operator_name
from meshbot_core.mesh.paths import MeshPaths
from tests.console.terminal import console
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
async def ops(mesh_paths: MeshPaths):
    async with HostClient.connected(
        mesh_paths.agent("ops"), kind="test", spawn=SpawnOptions(), present=True
    ) as client:
        yield client


@pytest.fixture
async def dev(mesh_paths: MeshPaths):
    async with HostClient.connected(
        mesh_paths.agent("dev"), kind="test", spawn=SpawnOptions(), present=True
    ) as client:
        yield client


async def test_messages_questions_and_broadcasts_are_written_in_the_compose_line(
    ops, dev, tmp_path
) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("dev", "ops", "listens")
        terminal.press("m")
        await terminal.shows("Nobody has said anything yet")
        terminal.press("@")
        await terminal.shows("@d")
        terminal.press(b"\x15")
        await terminal.shows("@all everybody")
        await terminal.types("@ops the build is green")
        await terminal.shows("ops", "msg delivered", "1 message")
        await terminal.types("?dev are you there?")
        await terminal.shows("ask delivered")
        asked = (await dev.check()).messages[0]
        await dev.reply(to=asked.sender, message_id=asked.id, message="I am.")
        await terminal.shows("I am.", "ans")
        await terminal.types("@all lunch")
        await terminal.shows("lunch", "5 messages")
    assert {message.text for message in (await ops.check()).messages} == {
        "the build is green",
        "lunch",
    }


async def test_what_agents_say_to_each_other_is_found_as_one_types(ops, dev, tmp_path) -> None:
    await dev.send(to="ops", message="the canary sings")
    await dev.send(to="ops", message="the canary is ill")
    await ops.send(to="dev", message="漢字 \u202etricks [bold]x")
    async with console(tmp_path) as terminal:
        await terminal.shows("dev")
        terminal.press("m")
        await terminal.shows(
            "3 messages", "the canary is ill", "漢字", "\\u202etricks", "[bold]x", "y Copy"
        )
        assert "\u202e" not in terminal.text
        terminal.press("/")
        await terminal.hides("y Copy")
        terminal.press("sings")
        await terminal.shows("1 of 3 messages")
        await terminal.hides("is ill")
        terminal.press("\r")
        await terminal.shows("y Copy")
        terminal.press("\r")
        await terminal.shows("Message", "the canary sings", "y copy")
        terminal.press(b"\x1b")
        await terminal.hides("y copy")
        terminal.press(b"\x1b")
        await terminal.shows("3 messages")


async def test_a_message_of_nearly_a_mebibyte_of_tricks_is_shown_as_text_and_steers_no_terminal(
    ops, dev, tmp_path
) -> None:
    tricks = "\x1b]52;c;aGk=\x07\x1b[2J\x9b31m\u202e\u200b[red]漢字👩\u200d👩\u200d👧[/red]\r\n"
    text = "first " + tricks * (800_000 // len(tricks.encode()))
    await dev.send(to="ops", message=text)
    async with console(tmp_path) as terminal:
        await terminal.shows("dev", "ops", "listens")
        terminal.press("m")
        await terminal.shows("1 message", "first \\x1b]52")
        terminal.press("\r")
        await terminal.shows("Message", "\\x1b[2J", "[red]")
        terminal.press(b"\x1b[27u")
        await terminal.shows("y Copy")
        terminal.press("q")
        assert await terminal.ends() == 0
        assert terminal.is_restored
    assert b"\x1b]52;c;aGk=" not in terminal.received
    assert "\u202e" not in terminal.received.decode(errors="replace")


async def test_a_mesh_that_is_not_there_is_made_in_place(home, tmp_path) -> None:
    async with console(tmp_path, "-m", "fresh") as terminal:
        await terminal.shows('There is no mesh "fresh"')
        await terminal.insists("y", on='mesh "fresh" is made')
    assert (home / ".mesh" / "fresh" / "config.json").exists()


async def test_a_terminal_that_is_too_small_says_so_and_recovers(mesh_paths, tmp_path) -> None:
    async with console(tmp_path, columns=30, rows=8) as terminal:
        await terminal.shows("meshbot-tui needs 40x12")
        await terminal.resize(80, 24)
        await terminal.shows("No agents on this machine yet", "default")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_a_signal_leaves_the_terminal_as_it_was(mesh_paths, tmp_path, number) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("No agents on this machine yet")
        assert not terminal.is_restored
        os.kill(terminal.pid, number)
        await terminal.ends()
        await until(lambda: terminal.is_restored, 5)
    assert "Traceback" not in terminal.received.decode(errors="replace")


async def test_the_palette_does_what_the_keys_do(mesh_paths, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("No agents on this machine yet")
        terminal.press(b"\x10")
        await terminal.shows("Search for commands")
        await terminal.types("Health")
        await terminal.shows("Came and went")
        terminal.press(b"\x10")
        await terminal.shows("Search for commands")
        await terminal.types("Help")
        await terminal.shows("the chosen agent's terminal")
        terminal.press(b"\x1b")
        await terminal.hides("the chosen agent's terminal")


async def test_the_person_is_on_the_mesh_while_the_console_is_open(ops, mesh_paths, tmp_path):
    operator = operator_name(read_config(mesh_paths))
    async with console(tmp_path) as terminal:
        await terminal.shows(operator)
        await ops.send(to="operator", message="done")
        terminal.press("m")
        await terminal.shows("done", "read")


async def test_without_a_terminal_it_says_what_there_is_instead(mesh_paths) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "meshbot_tui", stdout=-1, stderr=-1, stdin=-3
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"needs a terminal" in said


async def test_errors_that_go_to_a_file_take_no_picture_with_them(mesh_paths, tmp_path) -> None:
    errors = tmp_path / "errors"
    async with console(tmp_path, errors=errors) as terminal:
        await terminal.shows("No agents on this machine yet")
        terminal.press("q")
        assert await terminal.ends() == 0
        await until(lambda: terminal.is_restored, 5)
    assert errors.read_bytes() == b""


async def test_a_host_that_hangs_is_told_and_found_again(ops, tmp_path) -> None:
    pid = (await ops.status()).pid
    async with console(tmp_path) as terminal:
        await terminal.shows("ops", "listens")
        os.kill(pid, signal.SIGSTOP)
        try:
            await terminal.shows("hangs")
        finally:
            os.kill(pid, signal.SIGCONT)
        await terminal.shows("listens")


async def test_ten_thousand_messages_at_once_keep_nobody_from_typing(
    ops, dev, mesh_paths, tmp_path
) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("dev", "ops", "listens")
        terminal.press("m")
        await terminal.shows("Nobody has said anything yet")
        with sqlite3.connect(mesh_paths.agent("dev").mailbox) as connection:
            connection.executemany(
                "INSERT INTO messages (direction, id, peer, kind, state, at_ms, stamped_at_ms,"
                " size, payload) VALUES ('out', ?, 'far', 'message', 'delivered', ?, 1, 1, 'x')",
                [(f"id-{number}", number) for number in range(10_000)],
            )
        await dev.send(to="ops", message="and one more")
        await terminal.shows("10,001 messages", "and one more")
        terminal.press("c")
        await terminal.shows("@dev")
        terminal.press(b"\x15")
        await terminal.shows("@all everybody")
        await terminal.types("@ops still here")
        await terminal.shows("10,002 messages", "still here")
