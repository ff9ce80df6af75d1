"""What stops a start: the faults of the configuration. The text of each is one line for the person who can mend it."""

from actors.tools import ToolDefinitionError
from app.agents.agent_files import AgentFileError
from app.plugins import PluginError
from config.settings import SettingsError

CONFIGURATION_ERRORS = (SettingsError, AgentFileError, ToolDefinitionError, PluginError)
