"""Tests of the mailbox."""
