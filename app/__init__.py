"""Wires the product: the server, its routes and sockets, access control, engines and telephony, around `actors`."""

from config.silent_libraries import silence_libraries

# Whatever is loaded comes after this package.
silence_libraries()
