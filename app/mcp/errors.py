"""What goes wrong with MCP servers."""

from app.errors import AppError


class McpError(AppError):
    """An MCP server cannot be used, or a call of its tool came to nothing; the text says why."""


class ServerAwayError(McpError):
    """There is no connection to the server at present: the call was not begun."""


class CallLostError(McpError):
    """The connection was lost in mid-call: nobody knows whether it was done."""


class CallRefusedError(McpError):
    """The server answers a call with an error of the protocol. The text is the server's: for the model, never a log."""


def first_of(error: BaseException) -> BaseException:
    """The first error in a group of them, however deep; the SDK's tasks fail in groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
