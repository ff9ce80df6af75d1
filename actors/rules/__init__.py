"""What a conversation demands, as pure functions and data: no I/O, no clock, and every branch is covered by tests."""
