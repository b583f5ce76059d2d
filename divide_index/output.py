"""The only room that writes a result: whole or not at all, and never over another file."""

import os
import tempfile
from pathlib import Path

from divide_index.errors import OutputError


def check_writable(path: Path, *, force: bool) -> None:
    """Refuse a place that cannot take the result, before anything is computed.

    Parameters
    ----------
    path
        Where the result shall lie.
    force
        Whether an existing file may be replaced.

    Raises
    ------
    OutputError
        The file exists, is a folder, or its folder is missing or read-only.
    """
    if path.exists() and not path.is_file():  # a folder, a device, a pipe
        raise OutputError("DI-E079", path=path.name, folder=str(path.parent))
    if path.exists() and not force:
        raise OutputError("DI-E078", path=path.name)
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise OutputError("DI-E079", path=path.name, folder=str(path.parent))


def write_files(contents: dict[Path, bytes], *, force: bool) -> None:
    """Write one result, which may be several files, so that all appear or none does.

    Every file is first written whole beside its place and synced; only then are all renamed.

    Raises
    ------
    OutputError
        A file exists and ``force`` is false, the folder is not writable, or the disk is full.
    """
    for path in contents:
        check_writable(path, force=force)
    written: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            written[path] = _write_beside(path, content)
        _put_in_place(written)
    except OSError as error:
        names = [path.name for path in contents]
        raise OutputError("DI-E080", path=names, reason=error.strerror or "") from error
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)


def _put_in_place(written: dict[Path, Path]) -> None:
    """Give every file its name, or, when one cannot have it, leave all places as they were."""
    kept: dict[Path, Path] = {}
    placed: list[Path] = []
    try:
        for path, temporary in written.items():
            if path.exists():
                kept[path] = temporary.with_suffix(".kept")
                path.replace(kept[path])
            temporary.replace(path)
            placed.append(path)
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        for path, old in kept.items():
            old.replace(path)
        raise
    for old in kept.values():
        old.unlink()


def _write_beside(path: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
    except BaseException:  # an interruption too must leave nothing behind
        temporary.unlink(missing_ok=True)
        raise
    return temporary
