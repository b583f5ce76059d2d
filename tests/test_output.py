"""A result is written whole or not at all, and never over another file unasked."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from divide_index.errors import OutputError
from divide_index.output import check_writable, write_files

RESULT = {"levels.csv": b"new levels", "levels.csv.provenance.json": b"new provenance"}


def state(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder with what it holds."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(folder: Path, *, force: bool = False) -> None:
    write_files({folder / name: content for name, content in RESULT.items()}, force=force)


def refused(folder: Path, *, force: bool = False) -> OutputError:
    with pytest.raises(OutputError) as caught:
        write(folder, force=force)
    return caught.value


@pytest.fixture
def old(tmp_path: Path) -> dict[str, bytes]:
    """An earlier result that lies in the folder."""
    for name in RESULT:
        (tmp_path / name).write_bytes(b"old " + name.encode())
    return state(tmp_path)


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException, *, at: int = 1) -> None:
    """Let the call number ``at`` of ``os.fsync`` fail, as on a full disk."""
    calls = 0

    def fsync(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise error

    monkeypatch.setattr(os, "fsync", fsync)


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_all_files_of_a_result_appear(tmp_path: Path) -> None:
    write(tmp_path)
    assert state(tmp_path) == RESULT


def test_a_result_is_synced_before_it_takes_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    monkeypatch.setattr(
        os, "fsync", lambda _: seen.append({path.name for path in tmp_path.iterdir()})
    )
    write(tmp_path)
    assert len(seen) == 2
    assert not set(RESULT) & set.union(*seen)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_a_result_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path)
    finally:
        os.umask(before)
    for name in RESULT:
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o640


@pytest.mark.parametrize("present", RESULT)
def test_an_existing_file_is_refused_without_force(tmp_path: Path, present: str) -> None:
    (tmp_path / present).write_bytes(b"old")
    error = refused(tmp_path)
    assert (error.code, error.params["path"]) == ("DI-E078", present)
    assert state(tmp_path) == {present: b"old"}


def test_an_existing_file_is_replaced_with_force(tmp_path: Path, old: dict[str, bytes]) -> None:
    write(tmp_path, force=True)
    assert state(tmp_path) == RESULT != old


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("force", [False, True])
def test_a_full_disk_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, *, force: bool
) -> None:
    if force:
        (tmp_path / "levels.csv").write_bytes(b"old")
    before = state(tmp_path)
    failing(monkeypatch, FULL, at=at)
    error = refused(tmp_path, force=force)
    assert (error.code, error.params["reason"]) == ("DI-E080", os.strerror(errno.ENOSPC))
    assert state(tmp_path) == before


@pytest.mark.parametrize("at", [1, 2])
def test_an_interruption_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: dict[str, bytes], at: int
) -> None:
    failing(monkeypatch, KeyboardInterrupt(), at=at)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, force=True)
    assert state(tmp_path) == old


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("force", [False, True])
def test_a_file_that_cannot_take_its_name_takes_the_others_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, *, force: bool
) -> None:
    if force:
        for name in RESULT:
            (tmp_path / name).write_bytes(b"old")
    before = state(tmp_path)
    calls = 0
    replace = Path.replace

    def refuse(path: Path, target: Path) -> Any:  # noqa: ANN401
        nonlocal calls
        calls += 1
        if calls == at:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    assert refused(tmp_path, force=force).code == "DI-E080"
    assert state(tmp_path) == before


@pytest.mark.parametrize("force", [False, True])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, force: bool
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    for place in ("missing/levels.json", "file/levels.json", ""):
        with pytest.raises(OutputError) as caught:
            check_writable(tmp_path / place, force=force)
        assert caught.value.code == "DI-E079"
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError) as caught:
        check_writable(tmp_path / "levels.json", force=force)
    assert caught.value.code == "DI-E079"
    assert state(tmp_path) == {"file": b"x"}


def test_a_free_place_is_accepted_and_left_free(tmp_path: Path) -> None:
    check_writable(tmp_path / "levels.json", force=False)
    assert state(tmp_path) == {}


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "levels.json").symlink_to(outside)
    with pytest.raises(OutputError, match="DI-E078"):
        write_files({tmp_path / "out" / "levels.json": b"new"}, force=False)
    write_files({tmp_path / "out" / "levels.json": b"new"}, force=True)
    assert outside.read_bytes() == b"mine"
    assert not (tmp_path / "out" / "levels.json").is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes among its files")
@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, *, force: bool) -> None:
    pipe = tmp_path / "levels.json"  # as /dev/null is, which root could replace
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="DI-E079"):
        write_files({pipe: b"levels"}, force=force)
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["levels.json"]


@pytest.mark.parametrize("name", ["가" * 80 + ".json", "a" * 250, ".levels", "x y.csv"])
def test_a_long_or_odd_name_is_written(tmp_path: Path, name: str) -> None:
    write_files({tmp_path / name: b"levels"}, force=False)
    assert state(tmp_path) == {name: b"levels"}
