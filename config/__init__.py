"""The settings of a process, read from its environment, and the agents that it serves, one YAML file each."""
