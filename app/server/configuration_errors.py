"""The errors of the configuration that stop a start, as the launcher, a worker and `check` catch them.

The text of each error is one line for the operator, who can correct the configuration.
"""

from actors.tools import ToolDefinitionError
from config.errors import ConfigurationError

CONFIGURATION_ERRORS = (ConfigurationError, ToolDefinitionError)
"""`ToolDefinitionError` belongs to `actors`, which must not know the base class in `config`."""
