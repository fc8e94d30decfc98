"""Messages, signatures and envelopes, without I/O."""
