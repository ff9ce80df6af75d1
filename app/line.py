"""What a worker and its launcher agree on, besides the socket between them that they call the line."""

READY = "ready"
"""What a worker says once, when it takes connections. Anything else that it says is the fault that keeps it from it."""

FAULT_STATUS = 2
"""Exit status for a fault in the configuration: to start again cannot help."""
