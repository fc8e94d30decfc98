"""Light and dark, with colours or without."""
