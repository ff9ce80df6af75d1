"""An engine that says it runs, and then only waits for its input to end."""

import sys


def main() -> None:
    """Wait."""
    print("running", flush=True)
    sys.stdin.read()
