"""The commands besides those that serve: their arguments, what they print, how they exit.

0: it went well; 1: the server, the network or a connection would not, a replay differs, or a conversation failed; 2: a
fault in the configuration, on the command line, or in a file that is to be replayed or held.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from config.errors import ConfigurationError, SettingsError
from config.settings import misspelt_variables, read_settings, set_variables

FAILED, MISCONFIGURED = 1, 2

AddCommand = Callable[[str, str], argparse.ArgumentParser]
"""Adds a command, by its name and purpose, and returns its parser."""


def add_commands(add: AddCommand) -> None:
    """Add the commands to a command line."""
    check = add("check", "say whether the configuration and the agents' files can be used")
    check.add_argument("--connect", action="store_true", help="start every part, and ask each whether it works")
    check.add_argument("--json", action="store_true", help="print JSON, for programs; a fault is its only field")
    check.set_defaults(run=_check)

    config = add("config", "show every variable of the environment: meaning, default, value")
    config.add_argument("--set", action="store_true", dest="only_set", help="only those that are set")
    _add_json(config)
    config.set_defaults(run=_config)

    agents = add("agents", "list the agents, read as the server reads them")
    _add_json(agents)
    agents.set_defaults(run=_agents)

    call = add("call", "have a running server place a telephone call, and follow it")
    call.add_argument("number", help="whom to call, in E.164 format, like +12025550123")
    call.add_argument("--agent", help="who speaks (default: the server's)")
    call.add_argument("--mode", help="media, voice_live or transcription (default: the server's)")
    call.add_argument("--server", default="", help="address of the server (default: the one with these settings)")
    call.add_argument("--no-follow", action="store_true", help="exit as soon as the call is being placed")
    _add_json(call)
    call.set_defaults(run=_call)

    replay = add("replay", "replay a session file: does turn-taking decide now as it did then, or what first otherwise")
    replay.add_argument("file", type=Path, metavar="FILE", help="written where RECORD_SESSIONS is set")
    _add_json(replay)
    replay.set_defaults(run=_replay)

    _add_eval(add)


def _add_eval(add: AddCommand) -> None:
    evaluation = add("eval", "hold the conversations of YAML files with agents, in text")
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


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def print_json(content: object) -> None:
    """Print `content` as indented JSON."""
    print(msgspec.json.format(msgspec.json.encode(content)).decode())


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


def _told_by_check(fault: Exception, options: argparse.Namespace) -> int:
    if options.json:
        print_json({"fault": str(fault)})
    return _told(fault, MISCONFIGURED)


def _config(options: argparse.Namespace) -> int:
    from app.commands.config import as_text, rows

    try:
        found = rows(read_settings(), set_variables())
    except ConfigurationError as fault:
        return _told(fault, MISCONFIGURED)
    if options.json:
        print_json([row for row in found if row.set or not options.only_set])
    else:
        print("\n".join(as_text(found, only_set=options.only_set)).rstrip() or "nothing is set")
    return 0


def _agents(options: argparse.Namespace) -> int:
    from app.commands.agents import agents, as_text
    from app.server.configuration_errors import CONFIGURATION_ERRORS

    try:
        found = agents(read_settings())
    except CONFIGURATION_ERRORS as fault:
        return _told(fault, MISCONFIGURED)
    if options.json:
        print_json(found)
    else:
        print("\n".join(as_text(found)))
    return 0


def _call(options: argparse.Namespace) -> int:
    from app.commands.call import OVER, CallCommandError, CallServer, followed
    from protocol.calls import CallState, InitiateCall

    try:
        server = CallServer(read_settings(), options.server)
        wanted = InitiateCall(target_number=options.number, agent=options.agent, streaming_mode=options.mode)
    except (ConfigurationError, ValueError, OSError) as fault:
        return _told(fault, MISCONFIGURED)
    show = print_json if options.json else lambda told: print(told, flush=True)
    try:
        placed = server.place(wanted)
        show(placed if options.json else f"{placed.status}: call {placed.call_id}, session {placed.session_id}")
        if options.no_follow:
            return 0
        for status in followed(server, placed.call_id):
            lasted = "" if status.duration is None else f" after {status.duration:.0f} s"
            show(status if options.json else f"{status.status}{lasted if status.status in OVER else ''}")
    except CallCommandError as fault:
        return _told(fault, FAILED)
    except KeyboardInterrupt:
        print("the call goes on", file=sys.stderr)
        return FAILED
    return FAILED if status.status is CallState.FAILED else 0


def _replay(options: argparse.Namespace) -> int:
    from app.commands.replay import as_text, replay
    from app.replay.recording import SessionFileError

    try:
        found = replay(options.file)
    except SessionFileError as fault:
        return _told(fault, MISCONFIGURED)
    if options.json:
        print_json(found)
    else:
        print("\n".join(as_text(found)))
    return 0 if found.same else FAILED


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
        return _told(fault, MISCONFIGURED)
    except OSError as fault:
        print(f"the results cannot be written: {fault}", file=sys.stderr)
        return FAILED


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError("from 1 to 10000")
    return int(text)


def _decibels(text: str) -> float:
    if not text.isdecimal() or not 0 <= int(text) <= 60:
        raise argparse.ArgumentTypeError("from 0 to 60")
    return float(text)


def _told(fault: Exception, status: int) -> int:
    print(fault, file=sys.stderr)
    return status
