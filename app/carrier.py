"""Choose the telephone network of a worker from its settings; None where none is configured."""

from app.telephony.acs.call_automation import CallAutomation
from app.telephony.acs.resource import acs_resource
from app.telephony.call_control import CallControl
from config.errors import SettingsError
from config.settings import Settings


def carrier(settings: Settings) -> CallControl | None:
    """Azure Communication Services, if it is configured.

    Raises:
        SettingsError: it cannot be used as it is configured; names the variable.
    """
    resource = acs_resource(settings)
    if resource is None:
        return None
    if settings.server.web_concurrency > 1:
        # Its callbacks and media sockets come to any worker, and only one has the call.
        raise SettingsError("WEB_CONCURRENCY must be 1 where ACS is configured: the workers share no calls")
    return CallAutomation(resource)
