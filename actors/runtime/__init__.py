"""Actors on one event loop: scheduling, mailboxes, supervision, timers and clocks, for any actor whatever it does."""
