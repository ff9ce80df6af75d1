"""Requests the service refuses, in each of the forms in which its parts say so."""

from typing import Any

CODES = {
    400: "8523",
    401: "7509",
    403: "7504",
    404: "8522",
    405: "8520",
    409: "8519",
    412: "8583",
    429: "8516",
}
"""What the service calls a refusal of that status, of the codes that Microsoft publishes; "9999" is "unknown"."""


class Refusal(Exception):
    """Answered with `status` and the service's error body.

    `gateway`: the refusal comes from what stands before the service and knows nothing of calls.
    """

    def __init__(
        self, status: int, code: str = "", message: str = "Refused.", target: str | None = None, gateway: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or CODES.get(status, "9999")
        self.message = message
        self.target = target
        self.gateway = gateway

    def wire(self) -> dict[str, Any]:
        """As JSON."""
        if self.gateway:
            return {"Message": self.message}
        if self.status == 401:
            return {"Error": {"Code": self.code, "Message": self.message}}
        error = {"code": self.code, "message": self.message, "target": self.target}
        return {"error": {key: value for key, value in error.items() if value is not None}}
