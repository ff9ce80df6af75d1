"""Routes for the log level, which operators can change while the server runs, in every worker of all machines."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.problems import ProblemError
from app.api.requests import asked_of
from app.api.responses import json_response
from app.server.log_changes import LogChanges
from app.server.logs import current_level
from app.server.processes.worker_bus import WorkerBusError
from config.groups.logs import Logs
from protocol.logs import LogChange, LogState


class LogRoutes:
    """Serves `/logs`: shows the log level, and changes it until the next start of the server."""

    def __init__(self, settings: Logs, changes: LogChanges) -> None:
        self._settings = settings
        self._changes = changes

    def routes(self) -> list[Route]:
        """Return the routes, below the API's prefix."""
        return [Route("/logs", self.shown), Route("/logs", self.change, methods=["PUT"])]

    async def shown(self, _: Request) -> Response:
        """Return the settings of the log in force."""
        return json_response(self._state())

    async def change(self, request: Request) -> Response:
        """Change the log level in every worker; answered once this worker has changed it."""
        asked = await asked_of(request, LogChange)
        try:
            await self._changes.make(asked.level)
        except WorkerBusError as error:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": "5"}) from None
        return json_response(self._state())

    def _state(self) -> LogState:
        return LogState(level=current_level().value, format=self._settings.format.value, content=self._settings.content)
