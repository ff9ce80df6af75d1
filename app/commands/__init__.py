"""The commands of `python -m app` besides `serve` and `check`, one file each."""
