"""The errors of the configuration that stop a start, as the launcher, a worker and `check` catch them.

The text of each error is one line for the operator, who can correct the configuration.
"""

from actors.tools import ToolDefinitionError
from config.errors import ConfigurationError

CONFIGURATION_ERRORS = (ConfigurationError, ToolDefinitionError)
"""The errors for which the configuration is to blame. `ToolDefinitionError` is apart because `actors` must not import
the base class from `config`."""
