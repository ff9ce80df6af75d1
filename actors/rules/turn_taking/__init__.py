"""Who holds the floor: a state machine is told what happens and orders what is to be done. Begin at `machine.py`."""
