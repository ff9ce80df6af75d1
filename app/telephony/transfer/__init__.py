"""Warm transfer: somebody is asked in a call of their own before the caller is put through."""
