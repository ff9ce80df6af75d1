"""Requests the service refuses."""

from typing import Any


class Refusal(Exception):
    """Answered with `status` and the service's error body."""

    def __init__(self, status: int, code: str, message: str, target: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target

    def wire(self) -> dict[str, Any]:
        """As JSON."""
        error = {"code": self.code, "message": self.message, "target": self.target}
        return {"error": {key: value for key, value in error.items() if value is not None}}
