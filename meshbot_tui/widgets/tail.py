"""Lines of which the newest are in view, until somebody scrolls back."""

from textual.scroll_view import ScrollView


class TailView(ScrollView, can_focus=True):
    """Its lines are as many as ``virtual_size`` is high; who draws one asks ``top`` for the first.

    Textual scrolls only what it has laid out; ``top`` is right before that, so that the first
    picture shows the newest lines, and not the oldest for a moment.
    """

    is_live = True
    """Whether the newest lines stay in view as more come."""
    _is_ours = False

    @property
    def top(self) -> int:
        """The number of the first line in view."""
        return self._last_top if self.is_live else int(self.scroll_offset.y)

    @property
    def _last_top(self) -> int:
        return max(0, self.virtual_size.height - self.scrollable_content_region.height)

    def scroll_to_line(self, line: int) -> None:
        """Have this line first; it says nothing of what the reader wants."""
        self._is_ours = True
        try:
            self.scroll_to(y=line, animate=False, immediate=True, force=True)
        finally:
            self._is_ours = False

    def follow(self) -> None:
        """Have the newest lines in view, once there is a view."""
        if self.size:
            self.scroll_to_line(self._last_top)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Who scrolls back reads; who scrolls to the end has read."""
        super().watch_scroll_y(old_value, new_value)
        if not self._is_ours:
            self.is_live = int(new_value) >= self._last_top and self.may_follow()

    def watch_show_vertical_scrollbar(self, is_shown: bool) -> None:
        """A bar that comes shows where one is; it was not told of what was scrolled before it."""
        if is_shown:
            self.vertical_scrollbar.position = self.scroll_y

    def may_follow(self) -> bool:
        """Whether what stands at the end may move up there."""
        return True
