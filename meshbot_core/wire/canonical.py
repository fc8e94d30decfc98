"""Canonical JSON: one text for one value, so that it can be signed.

Members are sorted by code point, nothing stands between tokens, and numbers are written as
JavaScript prints them (whole numbers above 2**53 included: they are doubles there).
"""

import json
import math
from typing import Final

from pydantic import JsonValue

from meshbot_core.errors import InvalidArgumentError
from meshbot_core.mesh.document import escape_surrogates

_EXACT: Final = 2**53
_LARGEST_PLAIN: Final = 21
_SMALLEST_PLAIN: Final = -6


def canonical_json(value: JsonValue) -> str:
    """The canonical text of a value.

    Raises:
        InvalidArgumentError: A number is not finite, or a value has no JSON.
    """
    return escape_surrogates(_written(value))


def _written(value: JsonValue) -> str:
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int() | float():
            return _number(value)
        case list():
            return f"[{','.join(map(_written, value))}]"
        case dict():
            members = (f"{_written(name)}:{_written(value[name])}" for name in sorted(value))
            return f"{{{','.join(members)}}}"
    raise InvalidArgumentError(f'Cannot canonicalize value of type "{type(value).__name__}"')


def _number(value: float) -> str:
    if isinstance(value, int) and abs(value) <= _EXACT:
        return str(value)
    try:
        double = float(value)
    except OverflowError as error:
        raise InvalidArgumentError("Cannot canonicalize non-finite numbers") from error
    if not math.isfinite(double):
        raise InvalidArgumentError("Cannot canonicalize non-finite numbers")
    return _double(double)


def _double(value: float) -> str:
    """Write a double as ECMAScript's Number::toString does: same digits, other layout."""
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, power = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = int(power or 0) + len(whole) - (len(whole + fraction) - len(digits))
    return sign + _laid_out(digits.rstrip("0"), point)


def _laid_out(digits: str, point: int) -> str:
    if len(digits) <= point <= _LARGEST_PLAIN:
        return digits.ljust(point, "0")
    if 0 < point <= _LARGEST_PLAIN:
        return f"{digits[:point]}.{digits[point:]}"
    if _SMALLEST_PLAIN < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
