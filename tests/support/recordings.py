"""What the real ``claude`` wrote to its terminal, and what tmux shows of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

RECORDINGS: Final = Path(__file__).parents[1] / "recordings"
_RESIZED: Final = {"alt_resize_120x40": (24_051, (100, 30)), "stream_120x40": (26_528, (100, 30))}
"""From which byte on a recording is of another size; with that byte all is painted anew."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Bytes that a program wrote, and the size of its terminal meanwhile."""

    name: str

    @property
    def path(self) -> Path:
        """Where the bytes are."""
        return RECORDINGS / f"{self.name}.raw"

    @property
    def tmux(self) -> Path:
        """Where it is written down what tmux shows at the end, with SGR's sequences."""
        return RECORDINGS / f"{self.name}.tmux"

    @property
    def parts(self) -> list[tuple[tuple[int, int], bytes]]:
        """What was written, each time with the columns and rows there were."""
        data, size = self.path.read_bytes(), self.size
        if self.name not in _RESIZED:
            return [(size, data)]
        at, after = _RESIZED[self.name]
        return [(size, data[:at]), (after, data[at:])]

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows at the start."""
        columns, _, rows = self.name.rpartition("_")[2].partition("x")
        return int(columns), int(rows)


ALL: Final = [Recording(path.stem) for path in sorted(RECORDINGS.glob("*.raw"))]
