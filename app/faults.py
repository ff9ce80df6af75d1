"""What stops a start: the faults of the configuration. The text of each is one line for the person who can mend it."""

from actors.tools import ToolDefinitionError
from app.agents import AgentFileError
from app.references import UnresolvedReference
from config.settings import SettingsError

CONFIGURATION_FAULTS = (SettingsError, AgentFileError, ToolDefinitionError, UnresolvedReference)
