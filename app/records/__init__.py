"""The record of each conversation for those who run it: what became of it, what it took, what it cost."""
