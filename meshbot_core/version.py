"""The version of this package, without asking its metadata (which costs a scan of the disk)."""

from typing import Final

VERSION: Final = "0.1.0"
