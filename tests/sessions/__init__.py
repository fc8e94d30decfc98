"""Whole sessions under the real claude, driven as a person and peers would."""
