"""The commands `config`, `agents`, `call` and `replay`: their arguments, what they print, how they exit.

0: it went well; 1: the server, or the network, would not, or a replay differs; 2: a fault in the configuration, on the
command line, or in the file that is to be replayed.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from config.errors import ConfigurationError
from config.settings import read_settings, set_variables

FAILED, MISCONFIGURED = 1, 2

AddCommand = Callable[[str, str], argparse.ArgumentParser]
"""Adds a command, by its name and purpose, and returns its parser."""


def add_commands(add: AddCommand) -> None:
    """Add the commands to a command line."""
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


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def print_json(content: object) -> None:
    """Print `content` as indented JSON."""
    print(msgspec.json.format(msgspec.json.encode(content)).decode())


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


def _told(fault: Exception, status: int) -> int:
    print(fault, file=sys.stderr)
    return status
