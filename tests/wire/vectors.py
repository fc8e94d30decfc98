"""What the reference implementation made of given input, for the tests beside this file."""

import json
from pathlib import Path

_FOLDER = Path(__file__).parent / "data"


def vectors(name: str):
    """The parsed file of that name."""
    return json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))


def named(cases):
    """Cases as pytest parameters, each under its own name."""
    return {"argvalues": cases, "ids": [case["name"].replace(" ", "_") for case in cases]}
