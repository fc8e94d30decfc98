"""Commands of a shell in the words of the console."""

import pytest

from meshbot_core.errors import NoSessionError
from meshbot_tui.connections.reasons import reason_of
from meshbot_tui.model.wording import in_console


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "it may ask: is the folder trusted? see: meshbot attach dev",
            "it may ask: is the folder trusted? answer in its pane",
        ),
        (
            "is started; asks whether its folder is trusted: meshbot attach dev",
            "is started; asks whether its folder is trusted: answer in its pane",
        ),
        ("see what it said: meshbot logs dev", "its log stands in its pane"),
        ("when you say meshbot resume dev, best later", "when you press o, best later"),
        ("make it, or name another: --folder", "make it, or name another one"),
        ("run: meshbot doctor", "run: meshbot doctor"),
        ("nothing of that kind", "nothing of that kind"),
    ],
)
def test_what_to_do_next_is_told_by_its_key(said: str, shown: str):
    assert in_console(said) == shown


def test_a_reason_tells_keys():
    error = NoSessionError('"dev" does not run', hint="start it with: meshbot start --as dev")
    assert reason_of(error) == '"dev" does not run; n starts one'
