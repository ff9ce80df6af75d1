"""`python -m app`, also installed as `earshot`: the command line."""

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

try:
    from app.commands.arguments import FAILED, add_commands, print_json
    from app.server.processes.worker_pipe import FAULT_STATUS
    from app.version import product_version
    from config.errors import SettingsError
    from config.settings import misspelt_variables, read_settings
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


def _check(options: argparse.Namespace) -> int:
    try:
        # First of all: OpenTelemetry reads some of its variables as soon as it is imported.
        settings = read_settings()
    except SettingsError as fault:
        return _told_by_check(fault, options)
    from app.commands.check import Found, check
    from app.server.configuration_errors import CONFIGURATION_ERRORS

    try:
        found = check(settings)
        found = Found(found.features, (*found.warnings, *misspelt_variables()))
        if options.connect:
            from app.commands.connections import tried

            found = Found(found.features, found.warnings, tried(settings))
    except CONFIGURATION_ERRORS as fault:
        return _told_by_check(fault, options)
    except TimeoutError:
        _told_by_check(TimeoutError("the parts of a worker do not start in time"), options)
        return FAILED
    if options.json:
        print_json(found)
    else:
        print("\n".join(found.lines()))
    return FAILED if found.failed_connections else 0


def _eval(options: argparse.Namespace) -> int:
    from app.evals.command import Evaluation, evaluate, paths
    from app.evals.microphone import Audio
    from app.server.configuration_errors import CONFIGURATION_ERRORS

    try:
        files = paths(options.files)
        is_heard = options.audio or options.telephone or options.noise_db is not None
        audio = Audio(noise_db=options.noise_db, by_telephone=options.telephone) if is_heard else None
        asked = Evaluation(
            files=files,
            repeat=options.repeat,
            junit=options.junit,
            json=options.json,
            audio=audio,
            connects=options.connect,
        )
        return 0 if evaluate(asked, read_settings()) else FAILED
    except CONFIGURATION_ERRORS as fault:
        return _told(fault)
    except OSError as fault:
        print(f"the results cannot be written: {fault}", file=sys.stderr)
        return FAILED


def _told_by_check(fault: Exception, options: argparse.Namespace) -> int:
    if options.json:
        print_json({"fault": str(fault)})
    return _told(fault)


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
    _add_check(commands)
    add_commands(partial(_command, commands))
    _add_eval(commands)
    _add_worker(commands)
    return parser


def _add_check(commands: "Commands") -> None:
    check = _command(commands, "check", "say whether the configuration and the agents' files can be used")
    check.set_defaults(run=_check)
    check.add_argument("--connect", action="store_true", help="start every part, and ask each whether it works")
    check.add_argument("--json", action="store_true", help="print JSON, for programs; a fault is its only field")


def _add_eval(commands: "Commands") -> None:
    evaluation = _command(commands, "eval", "hold the conversations of YAML files with agents, in text")
    evaluation.set_defaults(run=_eval)
    evaluation.add_argument("files", nargs="+", metavar="FILE", help="scenarios; of a directory all that it holds")
    evaluation.add_argument("--repeat", type=_count, default=1, metavar="N", help="hold each so often, for a rate")
    evaluation.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit's XML")
    evaluation.add_argument("--json", type=Path, metavar="FILE", help="write the results, with every run, as JSON")
    evaluation.add_argument("--audio", action="store_true", help="have callers speak, and be heard, in real time")
    evaluation.add_argument("--connect", action="store_true", help="connect to MCP servers, in real time")
    evaluation.add_argument(
        "--telephone", action="store_true", help="--audio over a telephone line, on which the agent is heard too"
    )
    evaluation.add_argument(
        "--noise-db",
        type=_decibels,
        metavar="DB",
        help="with --audio or --telephone: noise, so far below the voice",
    )


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


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError("from 1 to 10000")
    return int(text)


def _decibels(text: str) -> float:
    if not text.isdecimal() or not 0 <= int(text) <= 60:
        raise argparse.ArgumentTypeError("from 0 to 60")
    return float(text)


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
