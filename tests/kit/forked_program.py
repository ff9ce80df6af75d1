"""Runs a module of Python in a fork, as `python -m` would run it in an interpreter of its own.

What was imported before the fork needs not be imported again, which is most of the processor time that a server takes
to start. What else tells a fork from a fresh interpreter is undone here: handlers of signals, open descriptors, the
environment, the event loop that runs in the parent, and what is to be done at the parent's end.
"""

import asyncio
import atexit
import contextvars
import gc
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

HANDLERS = {signum: signal.getsignal(signum) for signum in signal.valid_signals()}
"""What Python does about signals when it has just started: a process that forks programs imports this first."""

WORKER = [sys.executable, "-m", "app", "worker"]
"""How the launcher of a server starts a worker. A fork of the launcher has imported what a worker needs."""


class ForkedPopen(subprocess.Popen[Any]):
    """A child process, held as any other, of which `fork_child` says how it comes about."""

    def fork_child(
        self, command: Sequence[str], environ: Mapping[str, str] | None, streams: Sequence[int], kept: Collection[int]
    ) -> int:
        """Start the command.

        Args:
            command: What would be executed.
            environ: Its environment; nothing for this process's.
            streams: What it has as descriptors 0, 1 and 2; -1 for this process's.
            kept: What it has besides, by the same numbers.

        Returns:
            The process id of a child of this process.
        """
        raise NotImplementedError

    def _execute_child(self, args: Any, executable: Any, preexec_fn: Any, close_fds: Any, *rest: Any) -> None:
        """Takes the place of the one method of Popen that executes something; the rest of it goes on as ever."""
        pass_fds, _cwd, env, _startupinfo, _creationflags, _shell, *pipes = rest[:12]
        p2cread, _, _, c2pwrite, _, errwrite = pipes
        self.pid = self.fork_child(args, env, (p2cread, c2pwrite, errwrite), pass_fds)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


class WorkersForked(ForkedPopen):
    """Takes the place of Popen in a launcher that is itself a fork: its workers are forks of it."""

    def _execute_child(self, args: Any, *rest: Any) -> None:
        if list(args)[: len(WORKER)] == WORKER:
            super()._execute_child(args, *rest)
        else:
            super(ForkedPopen, self)._execute_child(args, *rest)  # type: ignore[misc]

    def fork_child(
        self, command: Sequence[str], environ: Mapping[str, str] | None, streams: Sequence[int], kept: Collection[int]
    ) -> int:
        """Fork this process, which goes on."""
        # What stands in their buffers would be written by both.
        sys.stdout.flush()
        sys.stderr.flush()
        with _no_signals():
            if (pid := os.fork()) == 0:
                run_program(command, environ or dict(os.environ), streams, kept)
        return pid


@contextmanager
def _no_signals() -> Iterator[None]:
    """Have signals wait: in a fork, what the parent does about them would be done to the parent."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def run_program(
    command: Sequence[str], environ: Mapping[str, str], streams: Sequence[int], kept: Collection[int]
) -> NoReturn:
    """Be a Python that runs `-m module argument ...`, from now on and to the end. To be called in a fork only.

    Args:
        command: A path of Python, `-m`, the module, and its arguments.
        environ: The whole environment.
        streams: What becomes descriptors 0, 1 and 2; -1 for what stays as it is.
        kept: The other descriptors that stay open.
    """
    status = 1
    try:
        # The parent's objects are never to be collected here: they would close descriptors that are others' by now.
        gc.freeze()
        _forget_parent()
        _take_descriptors(streams, kept)
        _take_environment(environ)
        subprocess.Popen = WorkersForked  # type: ignore[misc]
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        status = contextvars.Context().run(_status_of, command[2], command[3:])
        _end()
    finally:
        # Nothing may come back to what the parent was about to do.
        os._exit(status)


def _forget_parent() -> None:
    """Undo what the parent's event loop, its handlers of signals and its finalizers have left in this process."""
    # Otherwise the number of a signal is written to whatever has this descriptor by then.
    signal.set_wakeup_fd(-1)
    for signum, handler in HANDLERS.items():
        if handler is not None and signal.getsignal(signum) != handler:
            signal.signal(signum, handler)
    if (loop := asyncio._get_running_loop()) is not None:
        if (task := asyncio.current_task(loop)) is not None:
            asyncio._leave_task(loop, task)
        asyncio._set_running_loop(None)
        asyncio.set_event_loop(None)
    # They would remove the parent's temporary directories when this process ends.
    weakref.finalize._registry.clear()  # type: ignore[attr-defined]


def _take_descriptors(streams: Sequence[int], kept: Collection[int]) -> None:
    for number, descriptor in enumerate(streams):
        if descriptor >= 0:
            os.dup2(descriptor, number)
    first = len(streams)
    for descriptor in sorted(kept):
        os.set_inheritable(descriptor, True)
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _take_environment(environ: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    tempfile.tempdir = None  # it follows TMPDIR when it is next asked for


def _status_of(module: str, arguments: Sequence[str]) -> int:
    """Run a module as the main program; its exit status."""
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            return (ending.code or 0) & 0xFF
        print(ending.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001  as an interpreter ends that nobody calls
        traceback.print_exc()
        return 1
    return 0


def _end() -> None:
    """What an interpreter does at its end: wait for threads, call what was registered, write what is in buffers."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
