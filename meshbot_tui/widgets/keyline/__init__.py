"""The last line: the keys that work here, those of the focused widget first."""

from collections.abc import Iterator
from typing import ClassVar, Final

from rich.segment import Segment
from textual import events
from textual.dom import DOMNode
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from meshbot_tui.widgets.keyline.hints import GAP, Hint, fitted

_OF_SCREEN, _OF_GROUP, _OF_FOCUS, _ALWAYS = range(4)
_NAMES: Final = {"pageup": "pgup", "pagedown": "pgdn", "right_square_bracket": "]"}


class KeyLine(Widget):
    """Tells the bindings that are shown; what does not fit is left out, the least worth first.

    Args:
        last: Actions whose keys stand at the right end; the last of them is always told.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keyline--key", "keyline--says"}
    DEFAULT_CSS = """
    KeyLine {
        dock: bottom; height: 1; background: $footer-background;
        & > .keyline--key { color: $footer-key-foreground; text-style: bold; }
        & > .keyline--says { color: $footer-description-foreground; }
    }
    """
    ALLOW_SELECT = False

    def __init__(self, *, last: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._last = last
        self._hints: tuple[Hint, ...] = ()

    def on_mount(self) -> None:
        """Other keys work when the focus moves, and when a widget says so."""
        self.screen.bindings_updated_signal.subscribe(self, self._look)

    def _look(self, screen: Screen[object]) -> None:
        """Read which keys work; nothing is drawn when they are the same."""
        hints = tuple(sorted(self._found(screen), key=lambda hint: hint.is_last))
        if hints != self._hints:
            self._hints = hints
            self.refresh()

    def _found(self, screen: Screen[object]) -> Iterator[Hint]:
        told: set[tuple[DOMNode, str]] = set()
        for namespace, binding, is_enabled, _ in screen.active_bindings.values():
            # Several keys may do the same: the first one is told.
            if not binding.show or not is_enabled or (namespace, binding.action) in told:
                continue
            told.add((namespace, binding.action))
            group = binding.group.description if binding.group is not None else ""
            is_of_focus = namespace is not screen and namespace is not self.app
            worth = _OF_FOCUS if is_of_focus else _OF_GROUP if group else _OF_SCREEN
            is_last = binding.action in self._last
            if is_last:
                worth = _ALWAYS if binding.action == self._last[-1] else _OF_GROUP
            shown = binding.key_display or _shown(binding.key, self.app.get_key_display(binding))
            yield Hint(binding.key, shown, binding.description, worth, group, is_last)

    def _placed(self) -> Iterator[tuple[int, Hint]]:
        """What fits, each with its first column."""
        hints = fitted(self._hints, self.size.width)
        column = 1
        for hint in hints:
            if hint.is_last:
                after = [each for each in hints if each.is_last]
                after = after[after.index(hint) :]
                right = self.size.width - sum(each.columns + GAP for each in after) + 1
                column = max(column, right)
            yield column, hint
            column += hint.columns + GAP

    def render_line(self, y: int) -> Strip:
        """The line."""
        key, says = (self.get_component_rich_style(f"keyline--{part}") for part in ("key", "says"))
        segments: list[Segment] = []
        used = 0
        for column, hint in self._placed():
            segments += [
                Segment(" " * (column - used), self.rich_style),
                Segment(hint.shown, key),
                Segment(f" {hint.says}", says),
            ]
            used = column + hint.columns
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """A click presses the key."""
        for column, hint in self._placed():
            if column <= event.x < column + hint.columns:
                self.app.simulate_key(hint.key)


def _shown(key: str, otherwise: str) -> str:
    """``shift+pgup``, as it stands in the help."""
    *held, name = key.split("+")
    return "+".join([*held, _NAMES.get(name, name)]) if held or name in _NAMES else otherwise
