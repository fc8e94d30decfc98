"""A person's words for claude, sorted as claude itself would read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.claude.flag_table import FLAGS, SUBCOMMANDS, flags_markdown
from meshbot_core.claude.flags import UserFlags, sorted_flags
from meshbot_core.errors import ClaudeFlagError


def test_no_words_want_nothing():
    assert sorted_flags([]) == UserFlags()


@pytest.mark.parametrize(
    ("words", "passed"),
    [
        (["--model", "opus"], ("--model=opus",)),
        (["--model=opus"], ("--model=opus",)),
        (["--permission-mode", "plan", "--verbose"], ("--permission-mode=plan", "--verbose")),
        (["--add-dir", "a", "b", "--ide"], ("--add-dir=a", "--add-dir=b", "--ide")),
        (["-n", "me"], ("--name=me",)),
        (["-nme"], ("--name=me",)),
        (["-d", "hooks"], ("--debug=hooks",)),
        (["-d", "--ide"], ("--debug", "--ide")),
        (["--name", "--odd"], ("--name=--odd",)),
    ],
)
def test_flags_pass_with_their_values_tied_to_them(words, passed):
    flags = sorted_flags(words)

    assert flags.passed == passed
    assert flags.prompt is None


def test_a_prompt_may_stand_before_or_behind_flags_or_after_dashes():
    assert sorted_flags(["do it", "--model", "opus"]).prompt == "do it"
    assert sorted_flags(["--model", "opus", "do it"]).prompt == "do it"
    assert sorted_flags(["--model=opus", "--", "-do it"]).prompt == "-do it"


def test_a_flag_of_many_values_takes_the_words_up_to_the_next_flag():
    flags = sorted_flags(["--allowedTools", "Bash(git *)", "Edit", "--ide", "go"])

    assert flags.allowed_tools == ("Bash(git *)", "Edit")
    assert flags.prompt == "go"


def test_a_value_tied_by_an_equals_sign_ends_there():
    flags = sorted_flags(["--mcp-config=a.json", "go"])

    assert flags.mcp_configs == ("a.json",)
    assert flags.prompt == "go"


def test_merged_flags_come_out_by_themselves_in_all_their_spellings():
    flags = sorted_flags(
        [
            *("--settings", "one.json", "--settings={}"),
            *("--mcp-config", "a", "b", "--mcp-config", "c"),
            *("--append-system-prompt", "Be brief."),
            *("--append-system-prompt-file", "more.md"),
            *("--allowed-tools", "Edit", "--allowedTools", "Read"),
            *("--disallowed-tools", "WebFetch"),
        ]
    )

    assert flags == UserFlags(
        settings="{}",  # claude takes the last
        mcp_configs=("a", "b", "c"),
        append_system_prompt="Be brief.",
        append_system_prompt_file="more.md",
        allowed_tools=("Edit", "Read"),
        disallowed_tools=("WebFetch",),
    )


def test_where_a_session_begins_is_for_its_first_start_only():
    flags = sorted_flags(["-r", "an-id", "--fork-session", "--model", "opus"])

    assert flags.first_start == ("--resume=an-id", "--fork-session")
    assert flags.passed == ("--model=opus",)
    assert flags.begins_elsewhere


def test_resume_without_a_value_shows_the_picker():
    assert sorted_flags(["--resume", "--ide"]).first_start == ("--resume",)
    assert sorted_flags(["-c"]).first_start == ("--continue",)


def test_a_worktree_with_a_name_is_found_again_by_every_start():
    assert sorted_flags(["-w", "side"]).passed == ("--worktree=side",)
    assert sorted_flags(["-w"]).first_start == ("--worktree",)
    assert not sorted_flags(["-w"]).begins_elsewhere


def test_a_flag_that_is_newer_than_we_are_passes_with_the_word_behind_it():
    flags = sorted_flags(["--brand-new", "value", "--model", "opus", "--newer=1", "go"])

    assert flags.passed == ("--brand-new", "value", "--model=opus", "--newer=1")
    assert flags.prompt == "go"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["-p", "task"], "meshbot run"),
        (["--print"], "meshbot run"),
        (["-cp", "task"], "meshbot run"),
        (["--output-format", "json"], "meshbot run"),
        (["--input-format=stream-json"], "--daemon"),
        (["--bg"], "--detach"),
        (["--permission-prompt-tool", "x"], "meshbot approvals"),
        (["--bare"], "hooks"),
        (["agents"], "meshbot ps"),
        (["attach", "3"], "meshbot attach"),
        (["mcp", "list"], "claude mcp"),
        (["--model", "opus", "update"], "claude update"),
    ],
)
def test_what_no_session_on_the_mesh_can_be_is_refused_with_the_command_meant(words, meant):
    with pytest.raises(ClaudeFlagError) as caught:
        sorted_flags(words)

    assert meant in caught.value.hint
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    "words", [["--model"], ["--settings"], ["--allowedTools"], ["--ide=yes"], ["two", "prompts"]]
)
def test_words_that_claude_would_refuse_or_drop_are_errors(words):
    with pytest.raises(ClaudeFlagError):
        sorted_flags(words)


def test_a_word_that_only_begins_like_a_command_is_a_prompt():
    assert sorted_flags(["stop the server"]).prompt == "stop the server"


_WORDS = st.one_of(
    st.sampled_from([name for flag in FLAGS for name in flag.names]),
    st.sampled_from([command.name for command in SUBCOMMANDS]),
    st.text(max_size=8),
    st.text(max_size=4).map(lambda text: f"--{text}"),
    st.text(max_size=4).map(lambda text: f"-{text}"),
)


@given(st.lists(_WORDS, max_size=8))
def test_no_words_break_the_sorting(words):
    try:
        flags = sorted_flags(words)
    except ClaudeFlagError as error:
        assert str(error)  # noqa: PT017 - either end is right
    else:
        refused = {name for flag in FLAGS if flag.treatment == "refused" for name in flag.names}
        assert not refused & {word.partition("=")[0] for word in flags.first_start}


def test_every_flag_stands_in_the_table_once_and_every_refusal_says_what_is_meant():
    names = [name for flag in FLAGS for name in flag.names]

    assert len(names) == len(set(names))
    assert all(flag.note for flag in FLAGS if flag.treatment in ("refused", "merged"))
    assert flags_markdown().count("\n") == len(FLAGS) + 2
