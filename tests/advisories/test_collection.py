"""Collections on disk: a zip, a folder or one file, of which nothing may be passed over in silence."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakes import advisory, export, export_bytes
from safe_pip.advisories import collection
from safe_pip.advisories.collection import collection_date, fingerprint, read_collection
from safe_pip.advisories.noted import looked_at
from safe_pip.advisories.record import Record
from safe_pip.advisories.stored import Unreadable
from safe_pip.errors import AdvisoryError

RAWS = [advisory("A-1", "app"), advisory("B-2", "lib"), advisory("C-3", "app")]


def ids(path: Path) -> list[str]:
    """The ids in a collection, and the places of what cannot be read."""
    return [item.id if isinstance(item, Record) else f"not {item.place}" for item in read_collection(path)]


def zipped(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip of any entries."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def folder_of(path: Path, entries: dict[str, bytes]) -> Path:
    """The same as files in a folder."""
    for name, data in entries.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


# --------------------------------------------------------------------------- what is read


def test_the_layout_of_the_bulk_export(tmp_path: Path) -> None:
    """One JSON file a record, at the top of the zip."""
    assert ids(export(tmp_path / "all.zip", RAWS)) == ["A-1", "B-2", "C-3"]


@pytest.mark.parametrize("make", [zipped, folder_of])
def test_folders_broken_records_and_other_files(tmp_path: Path, make: Callable[..., Path]) -> None:
    """Records may lie in folders; what is no record is told; what is no JSON file is none of our business."""
    entries = {
        "2024/a.json": json.dumps(RAWS[0]).encode(),
        "2024/deep/b.JSON": json.dumps(RAWS[1]).encode(),
        "README.md": b"# Advisories",
        "broken.json": b"{",
        "list.json": b"[]",
    }

    found = ids(make(tmp_path / "some", entries))

    assert {"A-1", "B-2"} < set(found)
    told = [item.removeprefix("not ") for item in found if item.startswith("not ")]
    assert sorted(Path(place).name for place in told) == ["broken.json", "list.json"]
    assert len(found) == 4


def test_one_file(tmp_path: Path) -> None:
    """A single record, for somebody who writes one."""
    path = tmp_path / "one.JSON"
    path.write_text(json.dumps(RAWS[0]))

    assert ids(path) == ["A-1"]


def test_a_zip_is_known_by_its_content(tmp_path: Path) -> None:
    """What was downloaded need not be called .zip."""
    assert ids(export(tmp_path / "advisories", RAWS)) == ["A-1", "B-2", "C-3"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_way_of_compressing(tmp_path: Path, method: int) -> None:
    """All that the standard library unpacks."""
    assert ids(zipped(tmp_path / "a.zip", {"a.json": json.dumps(RAWS[0]).encode()}, method)) == ["A-1"]


def test_a_byte_order_mark_is_no_reason_to_miss_a_record(tmp_path: Path) -> None:
    """Some editors write one."""
    assert ids(folder_of(tmp_path / "a", {"a.json": b"\xef\xbb\xbf" + json.dumps(RAWS[0]).encode()})) == ["A-1"]


# --------------------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"A-1", "is neither a zip archive, nor a folder, nor a .json file of OSV records."),
        ("a.zip", b"", "is neither a zip archive, nor a folder, nor a .json file of OSV records."),
        ("a.zip", export_bytes(RAWS)[:-30], "is neither a zip archive, nor a folder, nor a .json file of OSV records."),
        ("a.zip", export_bytes(RAWS)[50:], "is not a zip archive that can be read: "),
        ("a.zip", b"PK\3\4" + b"\0" * 300 + export_bytes([])[-22:], None),
    ],
)
def test_what_is_no_collection_is_an_error(tmp_path: Path, name: str, content: bytes, said: str | None) -> None:
    """A zip cut at either end must not be read as a shorter list of advisories."""
    path = tmp_path / name
    path.write_bytes(content)

    if said is None:
        assert ids(path) == []
        return
    with pytest.raises(AdvisoryError) as caught:
        ids(path)
    assert caught.value.message.startswith(f"{path} {said}")
    assert caught.value.hint


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """It may vanish between being found and being read."""
    for path in (tmp_path / "none.zip", tmp_path / "none.json"):
        with pytest.raises(AdvisoryError, match="none"):
            ids(path)


def test_a_record_that_vanishes_or_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    """A file of a folder that is listed but cannot be read must not be passed over."""
    folder = folder_of(tmp_path / "a", {"a.json": json.dumps(RAWS[0]).encode()})
    (folder / "b.json").symlink_to(tmp_path / "nowhere")

    with pytest.raises(AdvisoryError, match=r"b\.json cannot be read: No such file or directory"):
        ids(folder)


@pytest.mark.skipif(os.name == "nt", reason="devices")
def test_a_device_in_a_folder(tmp_path: Path) -> None:
    """A FIFO among the records would be waited for without an end; nothing but files is read."""
    (tmp_path / "a.json").symlink_to(os.devnull)

    with pytest.raises(AdvisoryError, match=r"a\.json cannot be read: it is not a file"):
        ids(tmp_path)


AS_NOBODY = """
import os, sys
from pathlib import Path
from safe_pip.advisories.collection import read_collection, fingerprint
from safe_pip.errors import AdvisoryError
os.setgid(65534)
os.setuid(65534)
for work in (lambda: list(read_collection(Path(sys.argv[1]))), lambda: fingerprint(Path(sys.argv[1]))):
    try:
        print("read", work())
    except AdvisoryError as error:
        print(error.message.replace(sys.argv[1], "FOLDER"))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_closed_folder_inside_is_an_error(tmp_path: Path) -> None:
    """A walk passes over a folder that it may not enter, and says nothing."""
    outer = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others
    try:
        outer.chmod(0o755)
        folder = folder_of(outer / "a", {"a.json": json.dumps(RAWS[0]).encode(), "closed/b.json": b"{}"})
        (folder / "closed").chmod(0o700)

        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(folder)], capture_output=True, text=True, check=False
        )
    finally:
        shutil.rmtree(outer)

    assert done.stdout == "FOLDER/closed cannot be read: Permission denied.\n" * 2, done.stderr


ZIP = export_bytes([*RAWS, advisory("D-4", "ünï")])


@settings(max_examples=300)
@given(st.integers(0, len(ZIP) - 1), st.binary(min_size=1, max_size=8))
@example(ZIP.index(b"PK\1\2") + 6, b"\xff\xff")
@example(ZIP.index(b"PK\1\2") + 8, b"\x01\x00")
@example(ZIP.index(b"PK\1\2") + 10, b"\x0e\x00")
@example(ZIP.index(b"PK\1\2") + 42, b"\xff\xff\xff\x7f")
@example(ZIP.index(b"PK\1\2") + 8, b"\x00\x08\x08\x00" + b"\xff" * 4)
def test_a_damaged_zip_is_an_error_with_words(
    tmp_path_factory: pytest.TempPathFactory, place: int, noise: bytes
) -> None:
    """Any byte may be wrong: of a header, a name, the data, the directory. Never a traceback."""
    path = tmp_path_factory.mktemp("damaged") / "a.zip"
    path.write_bytes(ZIP[:place] + noise + ZIP[place + len(noise) :])

    try:
        found = list(read_collection(path))
        assert all(isinstance(item, Record | Unreadable) for item in found)
    except AdvisoryError as error:
        assert str(path) in error.message
        assert error.hint
    moment = collection_date(path)
    assert moment is None or moment.tzinfo is not None


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_damaged_data_of_every_kind_is_an_error(tmp_path: Path, method: int) -> None:
    """Each way of compressing has an exception of its own."""
    data = json.dumps(RAWS[0]).encode() * 50
    path = zipped(tmp_path / "a.zip", {"a.json": data}, method)
    raw = path.read_bytes()
    for place in range(50, 200, 7):
        path.write_bytes(raw[:place] + b"\xff\x00\xff" + raw[place + 3 :])
        with pytest.raises(AdvisoryError, match=r"is not a zip archive that can be read: .+"):
            ids(path)


@pytest.mark.parametrize(
    ("offset", "data"),
    [
        (46, b"\xff"),
        (8, struct.pack("<H", 1)),
        (10, struct.pack("<H", 99)),
        (42, struct.pack("<I", 900_000)),
        (20, struct.pack("<II", 900_000, 900_000)),
    ],
    ids=["name is not UTF-8", "encrypted", "unknown method", "no header there", "longer than the file"],
)
def test_a_damaged_directory_is_an_error(tmp_path: Path, offset: int, data: bytes) -> None:
    """The last entry's header says something impossible. Each comes out of the library in another way."""
    entry = zipfile.ZipInfo("ü.json")
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, json.dumps(RAWS[0]))
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\1\2") + offset
    path.write_bytes(raw[:at] + data + raw[at + len(data) :])

    with pytest.raises(AdvisoryError, match=r"a\.zip is not a zip archive that can be read: .+\."):
        ids(path)
    collection_date(path)


def test_an_encrypted_zip_is_an_error(tmp_path: Path) -> None:
    """Nobody is asked for a password."""
    path = export(tmp_path / "a.zip", RAWS)
    raw = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = raw.index(signature) + offset
        raw[at : at + 2] = struct.pack("<H", 1)
    path.write_bytes(raw)

    with pytest.raises(AdvisoryError, match="encrypted"):
        ids(path)


# --------------------------------------------------------------------------- attacks


def test_a_bomb_of_one_entry_is_refused(tmp_path: Path) -> None:
    """Hundreds of megabytes of one character in a few kilobytes: refused before anything is unpacked."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.json", "w") as entry:
        for _ in range(120):
            entry.write(b" " * 1_000_000)

    with pytest.raises(AdvisoryError, match=r"unpacks to more than is reasonable: 1 files, 120,000,000 bytes"):
        ids(path)


def test_a_bomb_of_many_entries_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many files as no ecosystem has. The bound is lowered, for two millions take long to make."""
    monkeypatch.setattr(collection, "_MOST_ENTRIES", 100)
    path = zipped(tmp_path / "bomb.zip", {f"{number}.json": b"{}" for number in range(101)})

    with pytest.raises(AdvisoryError, match="unpacks to more than is reasonable: 101 files"):
        ids(path)


def test_a_bomb_that_lies_about_its_size_is_bounded(tmp_path: Path) -> None:
    """A directory that says "small": no more than it says is ever unpacked, and then the checksum is wrong."""
    path = zipped(tmp_path / "liar.zip", {"a.json": b'{"id": "X"}' + b" " * 50_000_000})
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\1\2") + 24
    raw[at : at + 4] = struct.pack("<I", 1_000)
    path.write_bytes(raw)

    with pytest.raises(AdvisoryError, match="is not a zip archive that can be read"):
        ids(path)


@pytest.mark.parametrize("make", [zipped, folder_of])
def test_a_record_that_is_too_large_is_unreadable(tmp_path: Path, make: Callable[..., Path]) -> None:
    """A hundred megabytes of summary are not read into memory; the records beside it count."""
    huge = b'{"id": "X", "summary": "' + os.urandom(1_000_000).hex().encode() * 50 + b'"}'
    assert len(huge) > 100_000_000

    path = make(tmp_path / "a", {"a.json": json.dumps(RAWS[0]).encode(), "huge.json": huge})
    tracemalloc.start()
    found = list(read_collection(path))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 90_000_000
    assert [item.id for item in found if isinstance(item, Record)] == ["A-1"]
    [unreadable] = [item for item in found if isinstance(item, Unreadable)]
    assert unreadable.place.endswith("huge.json")
    assert unreadable.reason == "it is larger than 20,000,000 bytes"


@pytest.mark.parametrize("name", ["../../evil.json", "/etc/evil.json", "C:\\evil.json", "a/../../b.json", ".json"])
def test_names_inside_a_zip_lead_nowhere(tmp_path: Path, name: str) -> None:
    """Nothing is ever written under such a name; the record inside is one like another."""
    (tmp_path / "here").mkdir()
    path = zipped(tmp_path / "here" / "a.zip", {name: json.dumps(RAWS[0]).encode()})

    assert ids(path) == ["A-1"]
    assert sorted(item.name for item in tmp_path.rglob("*")) == ["a.zip", "here"]


def test_an_id_given_twice_is_read_twice(tmp_path: Path) -> None:
    """Which of them counts is the database's business."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("a.json", json.dumps(RAWS[0]))
        archive.writestr("a.json", json.dumps({**RAWS[1], "id": "A-1"}))

    assert ids(path) == ["A-1", "A-1"]


def test_names_that_are_not_unicode_can_be_told(tmp_path: Path) -> None:
    """A file name is bytes; one that is no text must not stop the run when it is reported."""
    (tmp_path / "a").mkdir()
    with open(os.path.join(os.fsencode(tmp_path), b"a", b"\xff.json"), "wb") as file:
        file.write(b"{")

    [found] = read_collection(tmp_path / "a")

    assert isinstance(found, Unreadable)
    assert found.place.encode().endswith(b"/?.json")
    assert fingerprint(tmp_path / "a")


# --------------------------------------------------------------------------- age and identity


def test_a_zip_is_as_old_as_its_newest_entry(tmp_path: Path) -> None:
    """When a copy was made must not pass for when its content was."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.json", (2025, 3, 4, 5, 6, 8)), "{}")
        archive.writestr(zipfile.ZipInfo("b.json", (2024, 3, 4, 5, 6, 8)), "{}")

    assert collection_date(path) == datetime(2025, 3, 4, 5, 6, 8, tzinfo=timezone.utc)


@pytest.mark.parametrize("stamp", [(1980, 1, 1, 0, 0, 0), (1980, 0, 0, 0, 0, 0), (2025, 13, 32, 24, 60, 60)])
def test_a_zip_without_times_is_as_old_as_the_file(tmp_path: Path, stamp: Any) -> None:
    """1980 is what archivers write that want no time in the archive; some write no date at all."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.json", stamp), "{}")
    os.utime(path, (1_700_000_000, 1_700_000_000))

    assert collection_date(path) == datetime.fromtimestamp(1_700_000_000, timezone.utc)


def test_a_folder_is_as_old_as_its_newest_record(tmp_path: Path) -> None:
    """Other files beside the records say nothing about them."""
    folder = folder_of(tmp_path / "a", {"a.json": b"{}", "deep/b.json": b"{}", "notes.txt": b""})
    for name, seconds in (("a.json", 1_600_000_000), ("deep/b.json", 1_700_000_000), ("notes.txt", 1_790_000_000)):
        os.utime(folder / name, (seconds, seconds))

    assert collection_date(folder) == datetime.fromtimestamp(1_700_000_000, timezone.utc)
    assert collection_date(folder / "a.json") == datetime.fromtimestamp(1_600_000_000, timezone.utc)


def test_the_age_of_nothing_is_unknown(tmp_path: Path) -> None:
    """An empty folder, or a file that is gone."""
    assert collection_date(tmp_path) is None
    assert collection_date(tmp_path / "none") is None


def test_a_change_of_content_is_noticed(tmp_path: Path) -> None:
    """The database is built anew whenever this differs, and only then."""
    path = export(tmp_path / "a.zip", RAWS)
    before = fingerprint(path)
    os.utime(path, (1, 1))
    assert fingerprint(path) == before
    export(path, RAWS[:2])
    assert fingerprint(path) != before


@pytest.mark.parametrize("change", ["added", "removed", "renamed", "edited", "touched"])
def test_a_change_of_a_folder_is_noticed(tmp_path: Path, change: str) -> None:
    """The same for a folder, by its listing: reading thousands of files on every run would be felt."""
    folder = folder_of(tmp_path / "a", {"a.json": b"{}", "b/c.json": b"{}"})
    before = fingerprint(folder)
    assert fingerprint(folder) == before
    folder_of(folder, {"notes.txt": b"x"})
    assert fingerprint(folder) == before

    if change == "added":
        folder_of(folder, {"b/d.json": b"{}"})
    elif change == "removed":
        (folder / "a.json").unlink()
    elif change == "renamed":
        (folder / "a.json").rename(folder / "z.json")
    elif change == "edited":
        times = (folder / "a.json").stat()
        (folder / "a.json").write_bytes(b"{} ")
        os.utime(folder / "a.json", ns=(times.st_atime_ns, times.st_mtime_ns))
    else:
        os.utime(folder / "a.json", ns=(1, 1))

    assert fingerprint(folder) != before


def test_a_zip_is_read_anew_only_when_it_was_touched(tmp_path: Path) -> None:
    """To hash and list a large zip takes longer than all lookups of a run; yet a changed one must never pass for it."""
    path, notes = tmp_path / "all.zip", tmp_path / "notes.json"
    path.write_bytes(b"one")
    later = datetime.now(timezone.utc) + timedelta(minutes=1)

    def look(now: datetime = later) -> str:
        return looked_at(path, notes, now).fingerprint

    first = look()
    kept = json.loads(notes.read_text())
    notes.write_text(json.dumps({**kept, "fingerprint": "remembered"}))
    assert look() == "remembered"
    # The time of the file alone is not believed: who restores it leaves another trace.
    status = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    second = look()
    assert second not in (first, "remembered")
    assert look() == second
    notes.write_text("[]")
    assert look() == second


def test_a_zip_that_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    """What is written twice within a tick of the file system's clock looks untouched."""
    path, notes = tmp_path / "all.zip", tmp_path / "notes.json"
    path.write_bytes(b"one")
    written = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    looked_at(path, notes, written + timedelta(seconds=1))
    assert not notes.exists()
    looked_at(path, notes, written + timedelta(seconds=10))
    assert notes.exists()
