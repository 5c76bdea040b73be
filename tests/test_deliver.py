"""Approved files into a folder: all of them whole, with the bytes that were checked, or none."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from judge.building import plan_of, planned, verdict_of
from safe_pip import deliver as module
from safe_pip.deliver import deliver
from safe_pip.errors import DeliveryError, IncompleteError
from safe_pip.model import Approved, Staged, StagedFile

Stage = Callable[..., Approved]


@pytest.fixture
def approved(tmp_path: Path) -> Stage:
    """Makes a verdict that approves of files with this content, by their names; a slash is left out of the name."""

    def make(**contents: bytes) -> Approved:
        items = [planned(name) for name in contents]
        files = {}
        for item in items:
            folder = tmp_path / "private" / item.name
            folder.mkdir(parents=True)
            path = folder / item.file.filename
            path.write_bytes(contents[item.name])
            digest = hashlib.sha256(contents[item.name]).hexdigest()
            files[item.name] = StagedFile(item.name, path, digest, len(contents[item.name]))
        plan = plan_of(*items)
        verdict = verdict_of(plan, staged=Staged(tmp_path / "private", files))
        assert isinstance(verdict, Approved)
        return verdict

    return make


def name(project: str) -> str:
    """The name of a project's file."""
    return f"{project}-1.0-py3-none-any.whl"


def test_every_file_under_its_name(approved: Stage, tmp_path: Path) -> None:
    """Into a folder that is made for it, however deep, with the rights that any new file has."""
    before = os.umask(0o027)
    try:
        done = deliver(approved(one=b"1" * 3_000_000, two=b""), tmp_path / "deep" / "dest")
    finally:
        os.umask(before)

    dest = tmp_path / "deep" / "dest"
    assert done.saved == (dest / name("one"), dest / name("two"))
    assert (done.kept, done.replaced, done.names) == ((), (), ("one", "two"))
    assert {path.name: path.read_bytes() for path in dest.iterdir()} == {
        name("one"): b"1" * 3_000_000,
        name("two"): b"",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in dest.iterdir()} == {0o640}


def test_a_file_that_is_there_is_kept(approved: Stage, tmp_path: Path) -> None:
    """The same bytes are not written again: neither time nor place on the disk changes."""
    verdict = approved(one=b"1")
    deliver(verdict, tmp_path / "dest")
    before = (tmp_path / "dest" / name("one")).stat()

    done = deliver(verdict, tmp_path / "dest")

    after = (tmp_path / "dest" / name("one")).stat()
    assert (done.saved, done.kept) == ((), (tmp_path / "dest" / name("one"),))
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_file_with_other_bytes_is_replaced(approved: Stage, tmp_path: Path) -> None:
    """What lies there was not checked; and where the name is a link, what it leads to is not written to."""
    dest = tmp_path / "dest"
    dest.mkdir()
    (tmp_path / "elsewhere").write_bytes(b"precious")
    (dest / name("one")).write_bytes(b"other")
    (dest / name("two")).symlink_to(tmp_path / "elsewhere")

    done = deliver(approved(one=b"1", two=b"2"), dest)

    assert done.replaced == done.saved == (dest / name("one"), dest / name("two"))
    assert (dest / name("one")).read_bytes() == b"1"
    assert (dest / name("two")).read_bytes() == b"2"
    assert not (dest / name("two")).is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"precious"


def test_a_staged_file_that_has_changed(approved: Stage, tmp_path: Path) -> None:
    """Promise 2: other bytes than were approved never get a name, and neither do those beside them."""
    verdict = approved(one=b"1", two=b"2")
    verdict.staged.files[verdict.plan.install[1].name].path.write_bytes(b"changed")

    with pytest.raises(IncompleteError, match="has changed since it was approved"):
        deliver(verdict, tmp_path / "dest")

    assert list((tmp_path / "dest").iterdir()) == []


def test_a_full_disk(approved: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All or nothing: what was begun is deleted, and the message says why."""
    copy = module._copy

    def full(file: StagedFile, temporary: Path) -> None:
        if file.name == "two":
            temporary.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        copy(file, temporary)

    monkeypatch.setattr(module, "_copy", full)

    with pytest.raises(DeliveryError, match="No space left on device") as caught:
        deliver(approved(one=b"1", two=b"2"), tmp_path / "dest")

    assert caught.value.exit_code == 5
    assert list((tmp_path / "dest").iterdir()) == []


def test_a_name_that_is_a_folder(approved: Stage, tmp_path: Path) -> None:
    """It is not deleted; what was written before it is told."""
    dest = tmp_path / "dest"
    (dest / name("two") / "inside").mkdir(parents=True)

    with pytest.raises(DeliveryError) as caught:
        deliver(approved(one=b"1", two=b"2"), dest)

    assert f"Written before that: {name('one')}." in caught.value.message
    assert sorted(path.name for path in dest.iterdir()) == [name("one"), name("two")]
    assert (dest / name("two") / "inside").is_dir()


@pytest.mark.parametrize("same", [True, False])
def test_two_packages_with_one_file_name(approved: Stage, tmp_path: Path, same: bool) -> None:
    """One would take the other's place: refused, unless it is the same file."""
    verdict = approved(one=b"1", two=b"1" if same else b"2")
    one, two = (verdict.staged.files[item.name] for item in verdict.plan.install)
    two.path.rename(two.path.with_name(one.path.name))
    files = {one.name: one, two.name: two._replace(path=two.path.with_name(one.path.name))}
    verdict = verdict_of(verdict.plan, staged=Staged(tmp_path, files))  # type: ignore[assignment]

    if same:
        assert len(deliver(verdict, tmp_path / "dest").saved) == 1
        return
    with pytest.raises(DeliveryError, match="are both called one-1"):
        deliver(verdict, tmp_path / "dest")
    assert not (tmp_path / "dest").exists()


def test_nobody_sees_half_a_file(approved: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While files are written, no name of theirs is there: another pip may be looking into the folder."""
    seen: list[list[str]] = []
    copy = module._copy

    def looking(file: StagedFile, temporary: Path) -> None:
        copy(file, temporary)
        seen.append([path.name for path in (tmp_path / "dest").iterdir() if path.suffix == ".whl"])

    monkeypatch.setattr(module, "_copy", looking)

    deliver(approved(one=b"1", two=b"2"), tmp_path / "dest")

    assert seen == [[], []]


def test_many_at_once(approved: Stage, tmp_path: Path) -> None:
    """Jobs that share a folder do not disturb each other."""
    verdict = approved(one=b"1" * 1_000_000, two=b"2" * 1_000_000)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            deliver(verdict, tmp_path / "dest")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert sorted(path.name for path in (tmp_path / "dest").iterdir()) == [name("one"), name("two")]
    assert (tmp_path / "dest" / name("one")).read_bytes() == b"1" * 1_000_000


def test_a_place_that_is_no_folder(approved: Stage, tmp_path: Path) -> None:
    """It became one after it was looked at: an error of ours all the same."""
    (tmp_path / "dest").write_text("")

    with pytest.raises(DeliveryError, match="cannot be put into"):
        deliver(approved(one=b"1"), tmp_path / "dest")
