"""The option that sets one of the guard's limits; it imports nothing heavy."""

from collections.abc import Callable
from typing import Final

import click

_KINDS: Final[dict[str, Callable[[str], int | float]]] = {
    "messages_per_minute": int,
    "turns_per_hour": int,
    "cost_per_day_usd": float,
    "hops": int,
}
_OFF: Final = ("off", "false", "none")


def _limits(
    context: click.Context, parameter: click.Parameter, words: tuple[str, ...]
) -> dict[str, int | float | None]:
    return dict(_limit(word, context, parameter) for word in words)


def _limit(
    word: str, context: click.Context, parameter: click.Parameter
) -> tuple[str, int | float | None]:
    name, _, text = word.partition("=")
    kind = _KINDS.get(name.strip())
    if kind is None:
        known = ", ".join(_KINDS)
        raise click.BadParameter(f"{name!r} is no limit; known are: {known}", context, parameter)
    if text.strip().lower() in _OFF:
        return name.strip(), None
    try:
        value = kind(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise click.BadParameter(
            f"{word!r}: expected {name}=N above 0, or {name}=off", context, parameter
        )
    return name.strip(), value


limit_option = click.option(
    "--limit",
    "limits",
    callback=_limits,
    multiple=True,
    metavar="NAME=N",
    help=f"A limit past which it pauses, or NAME=off: {', '.join(_KINDS)}.",
)
