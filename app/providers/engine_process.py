"""Starts a local engine as a process of its own behind two pipes, with nothing of the worker that it does not need."""

import asyncio
import os
import sys
from pathlib import Path

from config.settings import engine_environment

REPOSITORY = Path(__file__).parents[2]


async def start_engine(module: str) -> asyncio.subprocess.Process:
    """Start `module`, whose `main` takes orders on standard input and answers on standard output.

    It inherits neither the listening socket nor other descriptors, and of the environment only what a Python program
    needs: no key of any service. It is killed when this process ends (on Linux even if it is stopped).

    Raises:
        OSError: no process can be started.
    """
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.providers.engine_program", str(os.getpid()), module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=REPOSITORY,
        env=engine_environment(),
    )
