"""What is typed on when a pane has closed."""

from meshbot_tui.screens.stray import StrayKeys
from meshbot_tui.widgets.terminal.keys import LEAVE


def test_a_sentence_that_is_typed_on_is_nobodys_until_a_pause():
    stray = StrayKeys()
    assert not stray.takes("s", 5.0)
    stray.closed(10.0)
    assert all(stray.takes(key, 10.2 + 0.6 * n) for n, key in enumerate("stop it"))
    assert not stray.takes("h", 14.9)


def test_nobody_is_kept_from_the_console_for_long():
    stray = StrayKeys()
    stray.closed(10.0)
    taken = [at for at in range(100, 200) if stray.takes("h", at / 10)]
    assert taken == list(range(100, 150))


def test_who_leaves_the_pane_that_is_gone_has_seen_it():
    stray = StrayKeys()
    stray.closed(10.0)
    assert stray.takes(LEAVE, 10.1)
    assert not stray.takes("h", 10.2)
