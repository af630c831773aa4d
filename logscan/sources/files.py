"""Finds the files of the sources that a user named, and what their place in a storage account tells of them."""

import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from logscan.errors import SourceError

_BLOB: Final = re.compile(
    r"(?:^|/)resourceId=(?P<resource>.+?)/y=(?P<y>\d{4})/m=(?P<m>\d\d)/d=(?P<d>\d\d)/h=(?P<h>\d\d)/", re.IGNORECASE
)
_IKE_CONTAINER: Final = re.compile(r"(?:^|/)insights-logs-ikediagnosticlog/", re.IGNORECASE)


@dataclass
class File:
    """One file of a source."""

    path: Path
    name: str
    """As the user would write it: below the source if there is only one."""
    source: int
    size: int
    resource: str = ""
    hour: int | None = None
    """Of a blob of an IKE container: the start of its hour in µs since 1970."""
    format: str = ""
    """Empty until it is read."""


def find_files(paths: Sequence[str | os.PathLike[str]], stack: ExitStack) -> list[File]:
    """All files of these files, folders and pipes, in order; `stack` holds on to copies of what was piped.

    Raises SourceError for a path that is missing, empty, or cannot be looked at.
    """
    found = []
    for source, given in enumerate(paths):
        root = Path(given)
        named = f"{given}"
        mode = stat.S_IFIFO if named == "-" else _mode(root)
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            path = Path(stack.enter_context(TemporaryDirectory(prefix="logscan-"))) / "input"
            _spool(root, path)
            found.append(_file(path, "stdin" if named == "-" else named, source))
        elif stat.S_ISDIR(mode):
            inside = sorted(_walk(root), key=lambda path: path.split(os.sep))  # noqa: PTH206 - as paths are ordered
            if not inside:
                raise SourceError(
                    f"{named}: the folder holds no files. Name the folder that has the insights-logs-… folders in it"
                )
            begin = len(os.path.join(root, "")) if len(paths) == 1 else 0  # noqa: PTH118 - with a separator at its end
            found += [_file(Path(path), path[begin:], source) for path in inside]
        else:
            found.append(_file(root, named, source))
            if not found[-1].size:
                raise SourceError(f"{named}: the file is empty")
    return found


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file or folder") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None


def _spool(stream: Path, path: Path) -> None:
    """A pipe is read once, a file as often as needed."""
    if str(stream) == "-" and sys.stdin is None:
        raise SourceError("-: standard input is closed")
    try:
        with path.open("wb") as file, sys.stdin.buffer if str(stream) == "-" else stream.open("rb") as pipe:
            shutil.copyfileobj(pipe, file)
    except OSError as error:
        raise SourceError(f"{stream}: cannot be read: {error.strerror}") from None


def _walk(root: str | Path) -> Iterator[str]:
    """The paths of all files below a folder; links are followed, each folder is read once."""
    left, seen = [str(root)], set()
    while left:
        folder = left.pop()
        try:
            status = os.stat(folder)  # noqa: PTH116 - an archive may hold a folder for every gateway and hour
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        left.append(entry.path)
                    elif entry.is_file():
                        yield entry.path
                    elif entry.is_symlink():
                        raise SourceError(f"{entry.path}: a link that leads nowhere")
        except OSError as error:
            raise SourceError(f"{error.filename}: cannot be read: {error.strerror}") from None


def _file(path: Path, name: str, source: int) -> File:
    try:
        size = os.stat(path).st_size  # noqa: PTH116 - an archive may hold a file for every gateway and hour
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
    file = File(path, os.fsencode(name).decode("utf-8", "replace"), source, size)
    where = os.path.abspath(path).replace(os.sep, "/")  # noqa: PTH100
    if blob := _BLOB.search(where):
        file.resource = blob["resource"]
        if _IKE_CONTAINER.search(where):
            with suppress(ValueError):  # y=2026/m=02/d=30: no hour, so it is read like any other file
                began = datetime(int(blob["y"]), int(blob["m"]), int(blob["d"]), int(blob["h"]), tzinfo=UTC)
                file.hour = round(began.timestamp()) * 1_000_000
    return file
