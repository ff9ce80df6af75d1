"""What leaves the process for operators: metrics and traces, by the exporters that the settings name."""
