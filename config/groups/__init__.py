"""The settings by group, a Struct and a file each. `config.settings` puts them together."""
