"""Tool calls as a person reads them before allowing them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot_core.cli.approval_rows import short_id
from meshbot_core.clients.approval_text import gist, whole

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_command_is_shown_whole_with_what_else_matters() -> None:
    given = {"command": "make\nmake install", "description": "Build", "run_in_background": True}

    assert whole("Bash", given) == "make\nmake install\n# Build\n# run_in_background: true"
    assert gist("Bash", given) == "Bash make"


def test_an_edit_is_shown_as_a_difference() -> None:
    old, new = "one\ntwo\nthree", "one\n2\nthree"

    shown = whole("Edit", {"file_path": "/a.py", "old_string": old, "new_string": new})

    assert shown.split("\n") == ["/a.py", "@@ -1,3 +1,3 @@", " one", "-two", "+2", " three"]


def test_every_edit_of_many_is_shown() -> None:
    edits = [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": "d"}]

    shown = whole("MultiEdit", {"file_path": "/a.py", "edits": edits})

    assert [row for row in shown.split("\n") if row[0] in "+-"] == ["-a", "+b", "-c", "+d"]


def test_a_file_is_shown_with_what_is_written() -> None:
    shown = whole("Write", {"file_path": "/a.py", "content": "x\ny"})

    assert shown == "/a.py (the whole file)\n+x\n+y"


@pytest.mark.parametrize(
    ("tool", "tool_input"),
    [
        ("WebFetch", {"url": "http://x", "n": 1}),
        ("Bash", {"command": 3}),
        ("Edit", {"file_path": "/a"}),
        ("MultiEdit", {"file_path": "/a", "edits": [3]}),
        ("Bash", None),
    ],
)
def test_anything_else_is_json(tool: str, tool_input: dict[str, object] | None) -> None:
    shown = whole(tool, tool_input)  # type: ignore[arg-type]

    assert (
        shown
        == {
            "WebFetch": '{"url": "http://x", "n": 1}',
            "Edit": '{"file_path": "/a"}',
            "MultiEdit": '{"file_path": "/a", "edits": [3]}',
            "Bash": '{"command": 3}' if tool_input else "null",
        }[tool]
    )


def test_an_end_that_is_not_shown_is_not_hidden() -> None:
    long_line = whole("Bash", {"command": "echo " + "x" * 5000 + "; rm -rf ~"})
    many_lines = whole("Bash", {"command": "true\n" * 100})

    assert "… 1015 more characters, 0 more lines: see all" in long_line
    assert "more lines: see all with meshbot approvals --json" in many_lines


@given(
    st.sampled_from(["Bash", "Edit", "Write", "MultiEdit", "x\x1b[2J"]),
    json_values
    | st.fixed_dictionaries(
        {"command": st.text(), "file_path": st.text(), "old_string": st.text()}
        | {"new_string": st.text(), "content": st.text(), "edits": st.lists(json_values)}
    ),
)
def test_nothing_of_a_call_steers_the_terminal(tool: str, tool_input: object) -> None:
    for shown in (whole(tool, tool_input), gist(tool, tool_input)):  # type: ignore[arg-type]
        assert not {c for c in shown if ord(c) < 32 or 127 <= ord(c) < 160} - set("\n\t")
    assert "\n" not in gist(tool, tool_input)  # type: ignore[arg-type]


@given(st.lists(st.text("ab-", min_size=1, max_size=14), min_size=1, unique=True))
def test_a_short_id_means_one_approval(ids: list[str]) -> None:
    for full in ids:
        short = short_id(full, ids)
        meant = [other for other in ids if other == short] or [
            other for other in ids if other.startswith(short)
        ]
        assert full.startswith(short)
        assert meant == [full]
