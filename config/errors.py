"""Errors for which an operator has to change the configuration before the server can start.

    ConfigurationError
    ├── SettingsError      a variable of the environment has a value that cannot be used
    └── GuessableError     a secret is easy to guess; reported as a SettingsError that names the variable

`app` adds the errors of agents' files and of plug-ins.
"""


class ConfigurationError(Exception):
    """The server cannot start as it is configured. The text is one line for the person who can mend it.

    `SettingsError` is about the environment, `AgentFileError` about an agent's YAML file, and `PluginError` about a
    `package.module:name` that cannot be loaded. `ToolDefinitionError`, about a tool's function, belongs to `actors`,
    which does not know this package: whoever reports errors of the configuration names it besides this one.
    """


class SettingsError(ConfigurationError):
    """A variable has a value that cannot be used. The text is one line for the person who set it."""


class GuessableError(ConfigurationError, ValueError):
    """A secret is of the form that is allowed, and easy to guess."""
