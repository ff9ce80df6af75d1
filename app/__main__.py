"""`python -m app`, also installed as `earshot`: the command line."""

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

try:
    from app.commands.arguments import FAILED, add_commands
    from app.server.processes.worker_pipe import FAULT_STATUS
    from app.version import product_version
    from config.errors import SettingsError
    from config.settings import read_settings
except ModuleNotFoundError as missing:
    # Whoever types the command with the Python of the system, as the guides write it, is told what to do.
    print(
        f"{sys.executable} has no {missing.name}: `make run` installs the packages of Earshot into .venv, "
        "then it is `.venv/bin/python -m app`",
        file=sys.stderr,
    )
    sys.exit(2)

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    """What commands are added to."""

DEFAULT_APP = "app.api.asgi:create_app"

EPILOG = """`python -m app config` lists the variables of the environment.
Exit status: 0 it went well, 1 it failed, 2 a fault in the configuration or on the command line."""


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status, 2 for a fault in the configuration."""
    options = _parser().parse_args(arguments)
    status: int = options.run(options)
    return status


def _serve(options: argparse.Namespace) -> int:
    from app.server.logs import configure_logging
    from app.server.processes.launcher import launch
    from app.server.processes.listening import ListenError, listen

    try:
        settings = read_settings()
        listener = listen(settings.server.host, settings.server.port)
    except (SettingsError, ListenError) as fault:
        return _told(fault)
    configure_logging(settings.logs.level, settings.logs.format, content=settings.logs.content)
    with listener:
        try:
            return asyncio.run(launch(settings, listener, options.app))
        except SettingsError as fault:
            return _told(fault)


def _worker(options: argparse.Namespace) -> int:
    # Until the worker installs its own, a Ctrl-C meant for the launcher must not print a traceback for each worker.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What is imported and made for the start stays: to look through it again and again is an eighth of the start. The
    # worker has garbage collected from when it is ready.
    gc.disable()
    from app.server.processes.worker import run_worker

    return run_worker(
        options.socket_fd, options.pipe_fd, options.launcher_pid, options.app, relay_directory=options.relay_directory
    )


def _told(fault: Exception) -> int:
    print(fault, file=sys.stderr)
    return FAULT_STATUS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description="Earshot, a real-time voice agent backend",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"earshot {product_version()}", help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    serve = _command(commands, "serve", "start the server")
    serve.set_defaults(run=_serve)
    _add_app(serve)
    add_commands(partial(_command, commands))
    _add_worker(commands)
    return parser


def _add_worker(commands: "Commands") -> None:
    worker = commands.add_parser("worker", description="One worker of `serve`, which starts it; not to be run by hand.")
    worker.set_defaults(run=_worker)
    worker.add_argument("--socket-fd", type=int, required=True, help="the listening socket")
    worker.add_argument("--pipe-fd", type=int, required=True, help="the socket to the launcher")
    worker.add_argument("--launcher-pid", type=int, required=True, help="the launcher's process")
    worker.add_argument("--relay-directory", default="", help="where workers reach each other; empty: it is alone")
    _add_app(worker)


def _command(commands: "Commands", name: str, purpose: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=purpose,
        description=purpose[0].upper() + purpose[1:],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EPILOG,
    )


def _add_app(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--app",
        default=DEFAULT_APP,
        metavar="MODULE:FACTORY",
        help="what makes the ASGI app from (settings, lifecycle); for tests and for embedding (default: %(default)s)",
    )


def console() -> int:
    """What the installed command `earshot` runs: a command that nobody reads, or that is interrupted, ends quietly."""
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still to be written would complain once more, when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return status


if __name__ == "__main__":
    sys.exit(console())
