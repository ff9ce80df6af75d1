"""Exports metrics and traces to operators' collectors, by the exporters that the settings name."""
