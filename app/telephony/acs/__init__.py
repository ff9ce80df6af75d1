"""The carrier Azure Communication Services: its callbacks, its media socket, and orders by its SDK."""
