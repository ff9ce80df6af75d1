"""A folder of wheels that stands in for a package index: tiny packages under the names and versions of a lock."""

import base64
import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Container, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

import msgspec

ENTRY = re.compile(r"^(?P<name>[\w.-]+)(?P<extras>\[[^\]]*\])?==(?P<version>[^\s;]+)(?P<marker>[^\\\n]*)", re.MULTILINE)
WANTED_WITH_EXTRA = re.compile(r"^([\w.-]+)\s*\[")


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a lock. `extras` with brackets; `marker` with its semicolon."""

    name: str
    extras: str
    version: str
    marker: str


def pins(lock: str) -> list[Pin]:
    """The entries of a lock's text."""
    return [Pin(**{name: text or "" for name, text in match.groupdict().items()}) for match in ENTRY.finditer(lock)]


def requirements(name: str) -> list[str]:
    """What the installed package of this name requires; nothing if it is not installed here."""
    try:
        return metadata.distribution(name).requires or []
    except metadata.PackageNotFoundError:
        return []


def wanted_with_extras(lock: Iterable[Pin]) -> set[str]:
    """Names of the lock's packages that another of them wants with an extra."""
    lock = list(lock)
    wanted = {
        match[1].lower() for pin in lock for text in requirements(pin.name) if (match := WANTED_WITH_EXTRA.match(text))
    }
    return wanted & {pin.name for pin in lock}


def stand_in(folder: Path, name: str, version: str) -> Path:
    """Write a wheel with nothing in it but what a package of this name requires, and every extra."""
    head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    required = requirements(name)
    extras = {extra for text in required for extra in re.findall(r"extra == ['\"]([^'\"]+)", text)}
    head += [f"Provides-Extra: {extra}" for extra in sorted(extras)] + [f"Requires-Dist: {text}" for text in required]
    stem = f"{name.replace('-', '_')}-{version}"
    wheel = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents = {
        f"{stem}.dist-info/METADATA": ("\n".join(head) + "\n\n").encode(),
        f"{stem}.dist-info/WHEEL": wheel.encode(),
    }
    return _write(folder / f"{stem}-py3-none-any.whl", f"{stem}.dist-info", contents)


def repacked(folder: Path, name: str) -> Path:
    """Write the wheel that the installed package of this name could have come from, programs included."""
    distribution = metadata.distribution(name)
    stem = f"{name.replace('-', '_')}-{distribution.version}"
    contents: dict[str, bytes] = {}
    for file in distribution.files or ():
        if file.name in ("RECORD", "INSTALLER", "REQUESTED") or file.suffix == ".pyc":
            continue
        place = f"{stem}.data/scripts/{file.name}" if file.parts[0] == ".." else file.as_posix()
        contents[place] = Path(str(file.locate())).read_bytes()
    tag = re.search(r"^Tag: (\S+)", distribution.read_text("WHEEL") or "", re.MULTILINE)
    assert tag is not None
    return _write(folder / f"{stem}-{tag[1]}.whl", f"{stem}.dist-info", contents)


def source_release(folder: Path, name: str, version: str) -> Path:
    """Write a source release of a module without a line in it, which hatchling builds."""
    stem = f"{name}-{version}"
    project = f'[project]\nname = "{name}"\nversion = "{version}"\n'
    contents = {
        f"{stem}/pyproject.toml": project
        + '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
        f"{stem}/{name}/__init__.py": "",
    }
    path = folder / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, content in contents.items():
            information = tarfile.TarInfo(member)
            information.size = len(content)
            archive.addfile(information, io.BytesIO(content.encode()))
    return path


def with_hashes_of(folder: Path, lock: str, among: Container[str] | None = None) -> str:
    """The lock's text with the hashes of the releases in `folder` in place of its own. `among`: only these names."""
    return "\n".join(
        " \\\n    --hash=sha256:".join([f"{pin.name}{pin.extras}=={pin.version}{pin.marker.rstrip()}", *digests])
        for pin in pins(lock)
        if (among is None or pin.name in among) and (digests := [*_digests(folder, pin)])
    )


def _digests(folder: Path, pin: Pin) -> Iterator[str]:
    stem = f"{pin.name.replace('-', '_')}-{pin.version}"
    for release in (*folder.glob(f"{stem}-*.whl"), *folder.glob(f"{stem}.tar.gz")):
        yield hashlib.sha256(release.read_bytes()).hexdigest()


def _write(path: Path, information: str, contents: Mapping[str, bytes]) -> Path:
    record = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()},{len(content)}"
        for name, content in contents.items()
    ]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100_755 << 16
            archive.writestr(entry, content)
        archive.writestr(f"{information}/RECORD", "\n".join([*record, f"{information}/RECORD,,"]) + "\n")
    return path
