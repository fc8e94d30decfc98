"""What the core says of its commands, in the words of the console; pure."""

import re
from typing import Final

_PANE: Final = "answer in its pane"
_HERE: Final = tuple(
    (re.compile(command), instead)
    for command, instead in (
        (r"trusted\? see: meshbot attach \S+", f"trusted? {_PANE}"),
        (r"trusted: meshbot attach \S+", f"trusted: {_PANE}"),
        (r"see it with: meshbot attach \S+", "look into its pane"),
        (r"start (?:it|one) with: meshbot start --as \S+", "n starts one"),
        (r"see what it (?:said|does with): meshbot logs \S+(?: -f)?", "its log stands in its pane"),
        (r"see(?: who is here)?: meshbot ps", "the list shows who is here"),
        (r"(?:say|with:?) meshbot resume(?: [^\s,;]+)?", "press o"),
        (r"ids are listed by: meshbot approvals.*", "p shows what waits"),
        (r"answer with: meshbot approvals", "p shows what waits"),
        (r"name the file: meshbot up FILE; .*", "name another one"),
        (r"name another: --folder", "name another one"),
    )
)


def in_console(text: str) -> str:
    """The same, with keys in the place of commands that a shell would take."""
    if "meshbot " not in text and "--" not in text:
        return text
    for command, instead in _HERE:
        text = command.sub(instead, text)
    return text
