"""In which line of a TOML file a member stands; ``tomllib`` tells that of syntax errors only."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Final

Member = tuple[str, ...]

_LONGEST_STATEMENT: Final = 500
"""Lines of one value; a longer one costs its members their lines, not us our time."""


def member_lines(text: str) -> Mapping[Member, int]:
    """The line, from 1, in which each member is first named; as far as ``text`` is TOML."""
    found: dict[Member, int] = {}
    table: Member = ()
    for number, statement in _statements(text):
        is_header = statement.lstrip().startswith("[")
        paths = list(_paths(tomllib.loads(statement)))
        if is_header:
            table = max(paths, key=len, default=())
        for path in paths:
            found.setdefault(path if is_header else (*table, *path), number)
    return found


def line_of(lines: Mapping[Member, int], member: Member) -> int:
    """The line of ``member``, else that of what holds it; 1 for the file itself."""
    while member and member not in lines:
        member = member[:-1]
    return lines.get(member, 1)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Headers and assignments with their first lines: the fewest lines that parse by themselves."""
    lines = text.split("\n")
    start = 0
    while start < len(lines):
        end = start + 1
        if lines[start].strip() and not lines[start].lstrip().startswith("#"):
            while not _is_toml(statement := "\n".join(lines[start:end])):
                end += 1
                if end > len(lines) or end - start > _LONGEST_STATEMENT:
                    return
            yield start + 1, statement
        start = end


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _paths(value: object, above: Member = ()) -> Iterator[Member]:
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        yield (*above, name)
        yield from _paths(inner, (*above, name))
