"""Finding the binary, its version, its login."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.claude.binary import check_logged_in, find_claude, inspect_claude
from meshbot_core.claude.version import (
    OLDEST_SUPPORTED,
    Version,
    check_login,
    check_supported,
    parse_login,
    parse_version,
)
from meshbot_core.errors import ClaudeMissingError, ClaudeNotLoggedInError, ClaudeTooOldError

_LOGGED_OUT = (
    b'{\n  "loggedIn": false,\n  "authMethod": "none",\n  "apiProvider": "firstParty"\n}\n'
)
_WITH_KEY = b'{"loggedIn": true, "authMethod": "api_key", "apiKeySource": "ANTHROPIC_API_KEY"}'


def program(path: Path, script: str = "echo '2.1.330 (Claude Code)'") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_variable_wins_over_everything(tmp_path):
    chosen = program(tmp_path / "chosen")
    program(tmp_path / "bin" / "claude")

    found = find_claude(
        str(program(tmp_path / "configured")),
        environment={"MESHBOT_CLAUDE": str(chosen), "PATH": str(tmp_path / "bin")},
        home=tmp_path,
    )

    assert found == chosen


def test_the_config_wins_over_the_path_and_may_begin_with_a_tilde(tmp_path):
    configured = program(tmp_path / "tools" / "claude-next")
    program(tmp_path / "bin" / "claude")

    found = find_claude(
        "~/tools/claude-next", environment={"PATH": str(tmp_path / "bin")}, home=tmp_path
    )

    assert found == configured


def test_a_name_without_a_slash_is_looked_for_on_the_path(tmp_path):
    named = program(tmp_path / "bin" / "claude-next")

    found = find_claude(
        None,
        environment={"MESHBOT_CLAUDE": "claude-next", "PATH": str(tmp_path / "bin")},
        home=tmp_path,
    )

    assert found == named


@pytest.mark.parametrize("chosen", ["/nowhere/claude", "~/nowhere", "no-such-name", "/"])
def test_a_choice_that_names_no_program_is_an_error_though_another_claude_is_there(
    tmp_path, chosen
):
    program(tmp_path / "bin" / "claude")

    with pytest.raises(ClaudeMissingError, match="MESHBOT_CLAUDE names") as caught:
        find_claude(
            None,
            environment={"MESHBOT_CLAUDE": chosen, "PATH": str(tmp_path / "bin")},
            home=tmp_path,
        )

    assert caught.value.hint


@pytest.mark.parametrize(
    "place",
    [
        ".local/bin/claude",
        ".claude/local/claude",
        ".npm-global/bin/claude",
        ".bun/bin/claude",
        ".nvm/versions/node/v22.3.0/bin/claude",
    ],
)
def test_the_usual_folders_are_looked_into_when_the_path_has_none(tmp_path, place):
    installed = program(tmp_path / place)

    assert find_claude(environment={"PATH": "/nowhere"}, home=tmp_path) == installed


def test_of_several_nodes_the_newest_is_taken(tmp_path):
    program(tmp_path / ".nvm/versions/node/v9.9.0/bin/claude")
    newest = program(tmp_path / ".nvm/versions/node/v22.3.0/bin/claude")

    assert find_claude(environment={"PATH": "/nowhere"}, home=tmp_path) == newest


def test_a_file_that_may_not_be_run_is_passed_over(tmp_path):
    program(tmp_path / ".claude/local/claude").chmod(0o644)
    usable = program(tmp_path / ".bun/bin/claude")

    assert find_claude(environment={"PATH": "/nowhere"}, home=tmp_path) == usable


@pytest.mark.skipif(
    any(os.access(f"{folder}/claude", os.X_OK) for folder in ("/usr/local/bin", "/usr/bin")),
    reason="this machine has a claude of its own",
)
def test_without_any_claude_the_error_says_how_to_get_one(tmp_path):
    with pytest.raises(ClaudeMissingError) as caught:
        find_claude(environment={"PATH": "/nowhere"}, home=tmp_path)

    assert "MESHBOT_CLAUDE" in caught.value.hint


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("2.1.330 (Claude Code)\n", Version(2, 1, 330)),
        ("2.1.197", Version(2, 1, 197)),
        ("v3.0.0-beta.1 (Claude Code)", Version(3, 0, 0)),
    ],
)
def test_a_version_is_read_from_what_claude_prints(said, version):
    assert parse_version(said) == version


@pytest.mark.parametrize("said", ["", "command not found", "2.1", "claude 2.1.3", "2.1.3.4"])
def test_what_is_no_version_is_an_error_that_names_the_variable(said):
    with pytest.raises(ClaudeMissingError) as caught:
        parse_version(said)

    assert "MESHBOT_CLAUDE" in caught.value.hint


@given(st.text())
def test_no_text_breaks_the_reading_of_a_version(said):
    try:
        parse_version(said)
    except ClaudeMissingError as error:
        assert len(str(error)) < 500  # noqa: PT017 - either end is right


def test_versions_compare_as_numbers():
    assert Version(2, 1, 9) < OLDEST_SUPPORTED < Version(2, 1, 1000) < Version(3, 0, 0)


def test_a_version_older_than_the_oldest_supported_is_refused_with_the_way_out():
    check_supported(OLDEST_SUPPORTED)

    with pytest.raises(ClaudeTooOldError, match=r"2\.1\.196 is too old") as caught:
        check_supported(Version(2, 1, 196))

    assert caught.value.hint == "update it with: claude update"


def test_a_login_is_read_from_auth_status():
    assert parse_login(_LOGGED_OUT).is_logged_in is False
    assert parse_login(_WITH_KEY).method == "api_key"
    assert parse_login(b"error: unknown command 'auth'") is None


def test_being_logged_out_is_an_error_and_not_knowing_is_none():
    check_login(_WITH_KEY)
    check_login(b"")

    with pytest.raises(ClaudeNotLoggedInError) as caught:
        check_login(_LOGGED_OUT)

    assert "/login" in caught.value.hint


@pytest.mark.slow
def test_a_program_that_is_not_claude_is_told_apart(tmp_path):
    with pytest.raises(ClaudeMissingError, match="is no version"):
        inspect_claude(program(tmp_path / "claude", "echo hello"))
    with pytest.raises(ClaudeMissingError, match="does not run"):
        inspect_claude(program(tmp_path / "broken").parent / "missing")
    with pytest.raises(ClaudeTooOldError):
        inspect_claude(program(tmp_path / "old", "echo 1.0.0"))
    assert inspect_claude(program(tmp_path / "good")).version == Version(2, 1, 330)


@pytest.mark.slow
def test_a_logged_out_program_is_told_though_it_ends_with_1(tmp_path):
    said = _LOGGED_OUT.decode().replace("\n", "")

    with pytest.raises(ClaudeNotLoggedInError):
        check_logged_in(program(tmp_path / "claude", f"echo '{said}'; exit 1"))
