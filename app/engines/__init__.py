"""The engines of a worker: which there are, which of them is used for what, how they are made and got ready."""
