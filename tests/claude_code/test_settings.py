"""A person's settings and ours."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.claude.settings import (
    UserSettings,
    is_inline,
    joined_settings,
    parse_settings,
    settings_paths,
    user_settings,
)
from meshbot_core.errors import ClaudeFlagError


def test_the_settings_files_come_in_the_order_in_which_the_last_wins():
    paths = settings_paths(Path("/home/ann"), Path("/src"))

    assert [str(path) for path in paths[:3]] == [
        "/home/ann/.claude/settings.json",
        "/src/.claude/settings.json",
        "/src/.claude/settings.local.json",
    ]
    assert "managed" in paths[3].name


def test_sources_and_the_config_folder_are_heeded():
    paths = settings_paths(
        Path("/home/ann"), Path("/src"), config_folder="/cfg", sources="user, local"
    )

    assert [str(path) for path in paths[:2]] == [
        "/cfg/settings.json",
        "/src/.claude/settings.local.json",
    ]


def test_what_concerns_us_is_gathered_from_all_files():
    settings = user_settings(
        [
            '{"statusLine": {"type": "command", "command": "mine", "padding": 2}}',
            b'{"disableAllHooks": true, "allowedHttpHookUrls": ["https://a/*"], "other": 1}',
            '{"disableAllHooks": false, "allowedHttpHookUrls": ["https://b/*"]}',
            "no json",
            '{"statusLine": 7}',
        ]
    )

    assert settings.status_line is not None
    assert settings.status_line.model_dump() == {"type": "command", "command": "mine", "padding": 2}
    assert settings.hooks_are_off is False
    assert settings.http_hook_urls == ("https://a/*", "https://b/*")
    assert settings.http_hook_variables is None


@given(st.lists(st.one_of(st.binary(max_size=30), st.text(max_size=30))))
def test_no_settings_file_breaks_the_gathering(documents):
    assert isinstance(user_settings(documents), UserSettings)


def test_inline_settings_are_told_from_a_file_as_claude_does():
    assert is_inline(' {"a": 1} ')
    assert not is_inline("settings.json")
    assert not is_inline("{bad")


@pytest.mark.parametrize("document", ["", "{bad}", "[]", "7", "[" * 100_000])
def test_settings_that_are_no_json_object_are_an_error_of_that_flag(document):
    with pytest.raises(ClaudeFlagError, match="--settings"):
        parse_settings(document)


def test_hooks_of_both_stand_side_by_side_and_nothing_of_theirs_is_lost():
    theirs = parse_settings(
        json.dumps(
            {
                "model": "opus",
                "hooks": {"Stop": [{"hooks": [{"command": "a"}]}], "PreToolUse": [{"hooks": []}]},
                "permissions": {"allow": ["Edit"]},
                "statusLine": {"command": "theirs", "padding": 1},
            }
        )
    )
    ours = {"hooks": {"Stop": [{"hooks": [{"command": "b"}]}]}, "statusLine": {"command": "ours"}}

    assert joined_settings(theirs, ours) == {
        "model": "opus",
        "hooks": {
            "Stop": [{"hooks": [{"command": "a"}]}, {"hooks": [{"command": "b"}]}],
            "PreToolUse": [{"hooks": []}],
        },
        "permissions": {"allow": ["Edit"]},
        "statusLine": {"command": "ours", "padding": 1},
    }


def test_joining_twice_adds_nothing_twice():
    ours = {"hooks": {"Stop": [{"hooks": [{"command": "b"}]}]}}

    once = joined_settings({}, ours)

    assert joined_settings(once, ours) == once
