"""Install the packages of locks into the environment whose Python runs this: `python .ci/install.py LOCK [MODELS]`.

The result must not depend on what has been released since the lock was written. So the installer is pinned and hashed
itself, exactly what the lock names is installed, nothing is built from source (that would bring the newest build
tools), and nothing but the lock decides: dependencies are not resolved again.

uv does the work, since it takes seconds where pip takes half a minute. It looks for packages where pip is configured
to look. Where uv cannot be had, or fails, the environment's own pip installs the same lock.

MODELS is the lock of what does not come for every machine. Where it does not, that is said, and the rest is installed.
"""

import ast
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from time import monotonic

INSTALLER_LOCK = Path(__file__).parents[1] / "requirements-installer.txt"
SILENCE_S = 5.0
"""How long nothing may be printed while packages are downloaded."""

LOCKED_ONLY = ("--require-hashes", "--no-deps", "--only-binary", ":all:")
"""Options of pip and of uv's pip alike."""

SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "proxy": "ALL_PROXY",
    "keyring-provider": "UV_KEYRING_PROVIDER",
}
"""By a setting of pip that says where packages come from, the variable by which uv is told the same."""

COLLECTED = re.compile(r"Collecting (\S+?)(?:[=\[<>;(]|$)")
RESOLVED = re.compile(r"Resolved (\d+) packages?")
DOWNLOADING = re.compile(r"Downloading (\S+) \(([\d.]+)([KMG])iB\)")
DOWNLOADED = re.compile(r" Downloaded (\S+)")
STEPS = {
    "Resolved": "unpacking them",
    "Prepared": "copying them into the environment",
    "Installed": "compiling them",
    "Bytecode": "ending",
}
"""By the first word with which uv reports a step as done, the one that comes next."""
UNREMARKABLE = re.compile(r"(Using Python|Prepared|Installed|Audited|Bytecode compiled| [+~-] )")
NOT_FOR_THIS_MACHINE = re.compile(
    r"no wheels? with a matching|no wheels are available|not compatible with|No matching distribution", re.IGNORECASE
)
"""What uv and pip say of a package of which there are wheels, and none that fits."""
MEBIBYTES = {"K": 1 / 1024, "M": 1.0, "G": 1024.0}


def main(lock: str, models: str = "") -> int:
    """Install `lock`, and `models` where they come for this machine; the exit status."""
    began = monotonic()
    has_uv = bring_uv()
    status = install_by_uv(lock) if has_uv else None
    if status:
        say("uv could not install the packages; pip tries")
    if status != 0:
        status = install_by_pip(lock)
    if status == 0 and models:
        status = install_models(models, has_uv=has_uv)
    if status == 0:
        say(f"Installed in {monotonic() - began:.0f} s")
    return status


def install_models(lock: str, *, has_uv: bool) -> int:
    """Install `lock`; the exit status, which is 0 also where there is no wheel of it for this machine."""
    installer = (sys.executable, "-m", "uv", "pip") if has_uv else pip()
    into = ("--python", sys.executable) if has_uv else ()
    command = (*installer, "install", *LOCKED_ONLY, *into, "-r", lock)
    environment = {**uv_settings(pip_settings()), **os.environ}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if ended.returncode != 0 and NOT_FOR_THIS_MACHINE.search(" ".join(ended.stderr.split())):
        say("There is no local speech recognition for this machine: people can type, or a cloud engine listens")
        return 0
    if ended.returncode != 0:
        say(ended.stderr.strip())
    return ended.returncode


def bring_uv() -> bool:
    """Have the pinned uv in this environment; False, and a line that says so, if it cannot be had here."""
    pinned = re.search(r"^uv==(\S+)", INSTALLER_LOCK.read_text(), re.MULTILINE)
    assert pinned is not None, f"{INSTALLER_LOCK} pins no uv"
    try:
        if metadata.version("uv") == pinned[1]:
            return True
    except metadata.PackageNotFoundError:
        pass
    say(f"Installing the installer, uv {pinned[1]}")
    command = pip("install", "--quiet", *LOCKED_ONLY, "-r", str(INSTALLER_LOCK))
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        reason = (ended.stderr.strip().splitlines() or ["pip says nothing"])[-1]
        say(f"uv cannot be had here, pip installs instead, which takes longer: {reason}")
    return ended.returncode == 0


def install_by_uv(lock: str) -> int:
    """Install `lock` by uv and show how far it is; the exit status."""
    command = (sys.executable, "-m", "uv", "pip", "install", "--compile-bytecode", *LOCKED_ONLY)
    environment = {**uv_settings(pip_settings()), **os.environ}
    process = subprocess.Popen(
        (*command, "--python", sys.executable, "-r", lock),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stderr is not None
    for line in uv_progress(lines(process.stderr)):
        say(line)
    return process.wait()


def uv_progress(output: Iterable[str | None]) -> Iterator[str]:
    """What is shown of what uv prints; None stands for a while in which it printed nothing."""
    sizes: dict[str, float] = {}
    missing: dict[str, float] = {}
    step = "looking for packages"
    for line in output:
        step = STEPS.get((line or "").partition(" ")[0], step)
        if line is None:
            left = f"{sum(missing.values()):.0f} of {sum(sizes.values()):.0f} MiB left: {', '.join(missing)}"
            yield f"  {left if missing else f'still {step}'}"
        elif resolved := RESOLVED.match(line):
            yield f"Installing {resolved[1]} packages"
        elif begun := DOWNLOADING.match(line):
            sizes[begun[1]] = missing[begun[1]] = float(begun[2]) * MEBIBYTES[begun[3]]
        elif (done := DOWNLOADED.match(line)) and done[1] in missing:
            del missing[done[1]]
            yield f"  {done[1]} is here, {sum(missing.values()):.0f} of {sum(sizes.values()):.0f} MiB left"
        elif not UNREMARKABLE.match(line):
            yield line


def install_by_pip(lock: str) -> int:
    """Install `lock` by the environment's own pip and show how far it is; the exit status."""
    total = len(re.findall(r"^\S+==", Path(lock).read_text(), re.MULTILINE))
    say(f"Installing up to {total} packages")
    process = subprocess.Popen(
        pip("install", "--progress-bar", "off", *LOCKED_ONLY, "-r", lock), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    collected = 0
    for line in process.stdout:
        if match := COLLECTED.match(line):
            collected += 1
            say(f"  {match[1]}, {total - collected} of {total} left")
    return process.wait()


@cache
def pip_settings() -> Mapping[str, str]:
    """What pip is configured with, whether by its files or by the environment."""
    ended = subprocess.run(pip("config", "list"), capture_output=True, text=True, check=False)
    found: dict[str, dict[str, str]] = {}
    for line in ended.stdout.splitlines():
        if match := re.fullmatch(r"(:?\w+:?)\.([\w-]+)=(.+)", line):
            section, name, value = match.groups()
            found.setdefault(section, {})[name] = str(ast.literal_eval(value))
    return {**found.get("global", {}), **found.get("install", {}), **found.get(":env:", {})}


def uv_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment that has uv look where pip, with `settings`, would look."""
    # With pip all indexes count alike; uv would stop at the first that knows a name.
    told = {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_LINK_MODE": "copy"}
    for name, variable in SETTINGS.items():
        if value := settings.get(name, "").strip():
            told[variable] = ("," if name == "find-links" else " ").join(value.split())
    return told


def pip(*arguments: str) -> tuple[str, ...]:
    """The command line of the environment's own pip."""
    return (sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments)


def lines(stream: Iterable[str]) -> Iterator[str | None]:
    """The lines of `stream` as they come, without their ends, and None each time none has come for a while."""
    read: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=lambda: [*map(read.put, stream), read.put(None)], daemon=True).start()
    while True:
        try:
            line = read.get(timeout=SILENCE_S)
        except queue.Empty:
            yield None
        else:
            if line is None:
                return
            yield line.rstrip("\n")


def say(line: str) -> None:
    """Print a line without waiting for a full buffer, so that whoever installs sees what goes on."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
