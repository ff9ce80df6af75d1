"""The commands of `python -m app` besides `serve`, one file each."""
