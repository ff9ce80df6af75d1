"""Wires the product: the server, its routes and sockets, access control, engines and telephony, around `actors`."""
