"""The local database: whole or not there, whatever happens to who builds it, and quick to ask."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from fakes import advisory
from safe_pip.advisories.building import build, update
from safe_pip.advisories.collection import read_collection
from safe_pip.advisories.database import Database, Statistics
from safe_pip.advisories.matching import version_keys
from safe_pip.advisories.record import Affected, Event, Record, record_from
from safe_pip.advisories.severity import Rated, Stated
from safe_pip.advisories.stored import Unreadable
from safe_pip.advisories.tables import SCHEMA
from safe_pip.errors import AdvisoryError

META = {"source": "the test"}


def records(*raw: dict[str, Any]) -> list[Record]:
    """Raw records, read."""
    return [record_from(item) for item in raw]


def built(path: Path, *raw: dict[str, Any]) -> Path:
    """A database of raw records."""
    build(path, records(*raw), META)
    return path


def ids(path: Path) -> set[str]:
    """The ids in a database."""
    with closing(Database(path)) as database:
        return set(database.modified())


def leftovers(folder: Path) -> list[str]:
    """Files that are not databases in their place."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".db")


# --------------------------------------------------------------------------- what goes in comes out


def test_gives_back_what_was_put_in(tmp_path: Path) -> None:
    """Every part that matching needs, by package, however many entries and packages a record has."""
    raw = advisory("X-1", "app", events=[{"introduced": "0"}, {"fixed": "1.1"}], versions=["1.0"], aliases=["CVE-1"])
    raw |= {"withdrawn": "2026-01-02T00:00:00Z", "database_specific": {"severity": "LOW"}}
    raw["severity"] = [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"}]
    raw["affected"][0]["severity"] = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}]
    second = {"package": {"ecosystem": "PyPI", "name": "App"}, "versions": ["3.0"]}
    own = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    raw["affected"].append({**second, "severity": [{"type": "CVSS_V3", "score": own}]})
    raw["affected"].append({"package": {"ecosystem": "PyPI", "name": "lib"}, "versions": ["7"]})

    with closing(Database(built(tmp_path / "a.db", raw, advisory("X-2", "other")))) as database:
        found = database.find([canonicalize_name(name) for name in ("App", "LIB", "nobody")]).about
        assert database.records == 2
        assert database.meta == {**META, "schema": SCHEMA, "records": "2", "complete": "yes"}

    assert sorted(found) == ["app", "lib"]
    [stored] = found[canonicalize_name("app")]
    assert (stored.id, stored.withdrawn, stored.summary) == ("X-1", "2026-01-02T00:00:00Z", "X-1 is about app")
    assert stored.affected == (
        Affected("app", ((Event("introduced", "0"), Event("fixed", "1.1")),), (), (), keys="\n1\n"),
        Affected("app", (), (), (), keys="\n3\n"),
    )
    # The newest version of CVSS that anything of the record has, be it of the whole.
    assert stored.stated == Stated("X-1", Rated("low", 2.0, "CVSS V4"), "LOW")
    assert [item.affected[0].keys for item in found[canonicalize_name("lib")]] == ["\n7\n"]


TEXT = st.text(st.characters(), max_size=12)


@settings(max_examples=40)
@given(
    st.lists(
        st.builds(
            lambda identifier, package, version, alias, summary, word: {
                "id": identifier,
                "summary": summary,
                "aliases": [alias],
                "database_specific": {"severity": word},
                "severity": [{"type": "CVSS_V3", "score": word}],
                "affected": [
                    {
                        "package": {"ecosystem": "PyPI", "name": package},
                        "versions": [version],
                        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": version or "0"}]}],
                    }
                ],
            },
            *[TEXT] * 6,
        ),
        max_size=4,
    )
)
def test_whatever_can_be_read_can_be_stored(tmp_path_factory: pytest.TempPathFactory, raws: list[Any]) -> None:
    """Quotes, control characters, lone surrogates: a text that the file does not take must not end a sync."""
    good: dict[str, Record] = {}
    for raw in raws:
        try:
            record = record_from(raw)
        except ValueError:
            continue
        good[record.id] = record
    path = tmp_path_factory.mktemp("any") / "a.db"

    build(path, [*records(advisory("SEED", "seed")), *good.values()], META)

    with closing(Database(path)) as database:
        for record in good.values():
            [entry] = record.affected
            found = {item.id: item for item in database.find([entry.package]).about[entry.package]}
            expected = entry._replace(versions=(), severity=(), keys=version_keys(entry.versions))
            assert found[record.id].affected == (expected,)
            assert database.record(record.id) == json.loads(record.full)
            assert {alias for _, alias in database.alias_edges([record.id])} >= set(record.aliases)


def test_of_two_records_of_one_id_the_later_counts(tmp_path: Path) -> None:
    """A zip may hold a record twice; mixing the two would keep versions that were taken back."""
    old = advisory("X-1", "app", versions=["1.0"], aliases=["CVE-1"])
    new = advisory("X-1", "lib", versions=["2.0"], aliases=["CVE-2"])

    with closing(Database(built(tmp_path / "a.db", old, new))) as database:
        assert database.records == 1
        assert list(database.find([canonicalize_name("app"), canonicalize_name("lib")]).about) == ["lib"]
        assert database.alias_edges(["X-1"]) == [("X-1", "CVE-2")]


def test_names_that_look_like_sql_are_names(tmp_path: Path) -> None:
    """Names come from requirements files and from records: neither may become a part of a query."""
    evil = "x'); DROP TABLE advisory; --"
    path = built(tmp_path / "a.db", advisory("X-1", evil, aliases=[evil]), advisory(evil, "app"))

    with closing(Database(path)) as database:
        assert [item.id for item in database.find([canonicalize_name(evil)]).about[canonicalize_name(evil)]] == ["X-1"]
        assert database.alias_edges([evil]) == [("X-1", evil)]
        assert [item.id for item in database.stated([evil, "'", '"'])] == [evil]
        assert database.records == 2


def test_aliases_are_followed_both_ways_and_far(tmp_path: Path) -> None:
    """The relation is symmetric and transitive, also through ids that no record here has."""
    raws = [
        advisory("PYSEC-1", "app", aliases=["CVE-1"]),
        advisory("GHSA-1", "app", aliases=["CVE-1", "CVE-2"]),
        advisory("BIT-1", "other", aliases=["CVE-2"]),
        advisory("PYSEC-9", "app", aliases=["CVE-9"], related=["CVE-1"]),
    ]

    with closing(Database(built(tmp_path / "a.db", *raws))) as database:
        one = [("BIT-1", "CVE-2"), ("GHSA-1", "CVE-1"), ("GHSA-1", "CVE-2"), ("PYSEC-1", "CVE-1")]
        assert all(database.alias_edges([start]) == one for start in ("PYSEC-1", "CVE-2", "BIT-1"))
        assert database.alias_edges(["PYSEC-9"]) == [("PYSEC-9", "CVE-9")]
        assert database.alias_edges([]) == []


def test_severities_are_found_by_id(tmp_path: Path) -> None:
    """Whatever package an alias is about, what it says of its severity counts for the group."""
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    raw = advisory("GHSA-1", "other", severity=[{"type": "CVSS_V3", "score": vector}])

    with closing(Database(built(tmp_path / "a.db", raw, advisory("X", "app")))) as database:
        assert database.stated(["GHSA-1", "nobody"]) == [Stated("GHSA-1", Rated("critical", 9.8, "CVSS V3"), None)]


def test_counts_for_people(tmp_path: Path) -> None:
    """What ``advisories status`` shows."""
    path = tmp_path / "a.db"
    raws = records(advisory("A", "app", versions=["1.0", "junk", "app==2"]), advisory("B", "app"), advisory("C", "lib"))

    build(path, [*raws, Unreadable("D.json", "it is not JSON")], META)

    with closing(Database(path)) as database:
        assert database.statistics() == Statistics(records=3, packages=2, unreadable=1, not_pep440=2)
        assert database.unreadable() == [Unreadable("D.json", "it is not JSON")]


# --------------------------------------------------------------------------- what makes no sense is refused


def test_refuses_what_says_nothing_about_pypi(tmp_path: Path) -> None:
    """An empty database would call everything clean."""
    npm = {"id": "X", "affected": [{"package": {"ecosystem": "npm", "name": "app"}}]}
    path = built(tmp_path / "a.db", advisory("OLD", "app"))

    for content in ([], records(npm), [Unreadable("X.json", "it is not JSON")]):
        with pytest.raises(AdvisoryError, match="the test has not one record about a PyPI package"):
            build(path, content, META)

    assert ids(path) == {"OLD"}
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("good", "bad", "fine"), [(5, 10, True), (5, 11, False), (2_000, 20, True), (2_000, 21, False)]
)
def test_a_few_broken_records_are_counted_and_many_are_refused(tmp_path: Path, good: int, bad: int, fine: bool) -> None:
    """A typing error must not stop everybody; a source that is mostly rubbish is no source."""
    content: list[Record | Unreadable] = [record_from(advisory(f"X-{number}", "app")) for number in range(good)]
    content += [Unreadable(f"Y-{number}.json", "it is not JSON") for number in range(bad)]
    path = tmp_path / "a.db"

    if fine:
        assert build(path, content, META) == good
        with closing(Database(path)) as database:
            assert len(database.unreadable()) == bad
    else:
        with pytest.raises(
            AdvisoryError, match=rf"{bad} records of the test cannot be read\. For one, Y-0\.json: it is"
        ):
            build(path, content, META)
        assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------------- updates


def test_an_update_changes_adds_and_deletes(tmp_path: Path) -> None:
    """The outcome must be the one that building it all anew would have."""
    path = built(tmp_path / "a.db", advisory("A", "app"), advisory("B", "app", aliases=["C"]), advisory("D", "app"))
    changed = records(advisory("A", "lib", modified="2026-05-05T00:00:00Z"), advisory("E", "app"))

    assert update(path, changed, ["B"], {**META, "synced_at": "2026-06-06T00:00:00Z"}) == 3

    with closing(Database(path)) as database:
        about = database.find([canonicalize_name("app"), canonicalize_name("lib")]).about
        assert {name: [item.id for item in stored] for name, stored in about.items()} == {
            "app": ["D", "E"],
            "lib": ["A"],
        }
        assert database.modified()["A"] == "2026-05-05T00:00:00Z"
        assert database.alias_edges(["B", "C"]) == []
        assert database.meta["synced_at"] == "2026-06-06T00:00:00Z"


def test_an_update_forgets_what_can_be_read_by_now(tmp_path: Path) -> None:
    """A record that was mended upstream would else be called unreadable for ever."""
    path = tmp_path / "a.db"
    build(path, [*records(advisory("A", "app")), Unreadable("B.json", "bad"), Unreadable("C.json", "bad")], META)

    update(path, [*records(advisory("B", "app")), Unreadable("C.json", "still bad")], [], META)

    with closing(Database(path)) as database:
        assert database.unreadable() == [Unreadable("C.json", "still bad")]
        assert database.records == 2


def test_a_record_that_can_no_longer_be_read_stays_as_it_was(tmp_path: Path) -> None:
    """The last state that could be read is better than none."""
    path = built(tmp_path / "a.db", advisory("A", "app"), advisory("B", "app"))

    update(path, [Unreadable("A.json", "bad")], [], META)

    assert ids(path) == {"A", "B"}


def test_an_update_that_fails_changes_nothing(tmp_path: Path) -> None:
    """The database of an hour ago is worth more than half of a new one."""
    path = built(tmp_path / "a.db", advisory("A", "app"))
    before = path.read_bytes()

    def breaking() -> Iterator[Record]:
        yield record_from(advisory("B", "app"))
        raise AdvisoryError("the source broke off")

    for attempt in (lambda: update(path, breaking(), ["A"], META), lambda: build(path, breaking(), META)):
        with pytest.raises(AdvisoryError, match="the source broke off"):
            attempt()
        assert path.read_bytes() == before
        assert leftovers(tmp_path) == []
    with pytest.raises(AdvisoryError, match="not one record"):
        update(path, [], ["A"], META)
    assert path.read_bytes() == before


# --------------------------------------------------------------------------- many at once, and killed


def test_who_has_the_old_one_open_keeps_reading_it(tmp_path: Path) -> None:
    """A run must not see half of one state and half of another, or fail, because another run synced."""
    path = built(tmp_path / "a.db", *(advisory(f"OLD-{number}", "app") for number in range(300)))

    with closing(Database(path)) as reader:
        built(path, advisory("NEW", "app"))
        update(path, records(advisory("NEWER", "app")), ["NEW"], META)

        assert len(reader.find([canonicalize_name("app")]).about["app"]) == 300
        assert reader.records == 300
    assert ids(path) == {"NEWER"}


BUILDS_MANY = """
import sys
from pathlib import Path
from safe_pip.advisories.building import build
from safe_pip.advisories.record import record_from

path, prefix = sys.argv[1:]
affected = [{"package": {"ecosystem": "PyPI", "name": "app"}}]
for _ in range(15):
    build(Path(path), (record_from({"id": f"{prefix}-{n}", "affected": affected}) for n in range(200)), {"source": "x"})
"""


def test_two_that_build_at_once_do_not_mix(tmp_path: Path) -> None:
    """Even without a lock, what is in its place is whole, and wholly of one builder."""
    path = built(tmp_path / "a.db", *(advisory(f"A-{number}", "app") for number in range(200)))
    builders = [subprocess.Popen([sys.executable, "-c", BUILDS_MANY, str(path), prefix]) for prefix in "AB"]

    seen = set()
    while any(builder.poll() is None for builder in builders):
        found = ids(path)
        assert len(found) == 200
        assert len({identifier[0] for identifier in found}) == 1
        seen |= {identifier[0] for identifier in found}

    assert [builder.wait() for builder in builders] == [0, 0]
    assert "B" in seen
    assert leftovers(tmp_path) == []


BUILDER = """
import sys, time
from pathlib import Path
from safe_pip.advisories.building import build, update
from safe_pip.advisories.record import record_from

def records():
    for number in range(3000):
        package = {"ecosystem": "PyPI", "name": f"app{number % 50}"}
        yield record_from({"id": f"NEW-{number}", "summary": "x" * 190, "affected": [{"package": package}]})
    print("half", flush=True)
    time.sleep(60)

if sys.argv[2] == "build":
    build(Path(sys.argv[1]), records(), {"source": "killed"})
else:
    update(Path(sys.argv[1]), records(), ["OLD"], {"source": "killed"})
"""


@pytest.mark.parametrize("what", ["build", "update"])
def test_a_builder_that_is_killed_leaves_the_old_one(tmp_path: Path, what: str) -> None:
    """Promise of the file: the old one or the new one. The next build does not care for what lies about."""
    path = built(tmp_path / "a.db", advisory("OLD", "app"))
    before = path.read_bytes()
    process = subprocess.Popen([sys.executable, "-c", BUILDER, str(path), what], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"half\n"
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert path.read_bytes() == before
    assert leftovers(tmp_path) != []
    built(path, advisory("NEXT", "app"))
    assert ids(path) == {"NEXT"}


# --------------------------------------------------------------------------- damage


def _ask_everything(path: Path) -> None:
    """Every way of reading a database."""
    with closing(Database(path)) as database:
        names = [canonicalize_name(f"app{number}") for number in range(50)]
        database.find(names)
        database.alias_edges(list(database.modified()))
        database.stated(list(database.modified()))
        database.full(list(database.modified()))
        database.packages_of(list(database.modified()))
        database.unreadable()
        database.statistics()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a database of some dozens of pages."""
    raws = [
        advisory(f"X-{number}", f"app{number % 50}", aliases=[f"CVE-{number}"], summary="x" * 150)
        for number in range(500)
    ]
    return built(tmp_path_factory.mktemp("large") / "a.db", *raws).read_bytes()


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"rubbish" * 2_000, b"\0" * 50_000])
def test_what_is_no_database_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    """Whatever lies in the place of the database, it is an error with words."""
    path = tmp_path / "a.db"
    path.write_bytes(content)

    with pytest.raises(AdvisoryError, match=r"The advisory database .*a\.db "):
        Database(path)


def test_a_missing_database_is_an_error(tmp_path: Path) -> None:
    """Opening must not make an empty one: that would call everything clean."""
    with pytest.raises(AdvisoryError, match="cannot be opened"):
        Database(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_database_cut_short_is_refused(tmp_path: Path, large: bytes, part: float) -> None:
    """A file system that was full, or a copy that broke off."""
    path = tmp_path / "a.db"
    path.write_bytes(large[: int(len(large) * part)])

    with pytest.raises(AdvisoryError):
        _ask_everything(path)


def test_damage_anywhere_is_an_error_with_words(tmp_path: Path, large: bytes) -> None:
    """One page after another is overwritten: reading either works or says which file to delete, never a traceback."""
    path = tmp_path / "a.db"
    refused = 0
    for page in range(len(large) // 4096):
        path.write_bytes(large[: page * 4096] + b"\xff" * 4096 + large[(page + 1) * 4096 :])
        try:
            _ask_everything(path)
        except AdvisoryError as error:
            refused += 1
            assert "a.db" in error.message
        with closing(sqlite3.connect(path)) as connection:
            try:
                sound = connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
            except sqlite3.DatabaseError:
                sound = False
        if not sound and page:
            try:
                with closing(Database(path)) as database:
                    assert not database.is_sound
            except AdvisoryError:
                pass

    assert refused > len(large) // 4096 // 2
    path.write_bytes(large)
    with closing(Database(path)) as database:
        assert database.is_sound


def test_another_version_of_the_tables_is_refused(tmp_path: Path) -> None:
    """A database of a newer or older safe-pip may mean other things by the same columns."""
    for key, value in (("schema", "0"), ("schema", "999"), ("complete", "no")):
        path = built(tmp_path / "a.db", advisory("A", "app"))
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
            connection.commit()

        with pytest.raises(AdvisoryError, match="is of another version of safe-pip"):
            Database(path)


# --------------------------------------------------------------------------- places that cannot be written


@pytest.mark.parametrize("what", [build, lambda path, items, meta: update(path, items, [], meta)])
@pytest.mark.parametrize("obstacle", ["no folder", "a file for a folder", "a folder for a file"])
def test_a_place_that_cannot_be_written_is_an_error_with_words(
    tmp_path: Path, what: Callable[..., int], obstacle: str
) -> None:
    """A cache on a full or closed disk: what failed and what to do, not what SQLite calls it."""
    path = tmp_path / "folder" / "a.db"
    if obstacle == "a file for a folder":
        path.parent.write_text("")
    elif obstacle == "a folder for a file":
        (path / "in it").mkdir(parents=True)

    with pytest.raises(AdvisoryError, match=r"a\.db cannot be written: ") as caught:
        what(path, records(advisory("A", "app")), META)

    assert "SAFE_PIP_CACHE_DIR" in caught.value.hint


def _bounded(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("what", ["build", "update"])
def test_a_full_disk_is_an_error_with_words(tmp_path: Path, what: str) -> None:
    """The file cannot grow any further in the middle of the work: the old one stays, and nothing is left behind."""
    path = built(tmp_path / "a.db", advisory("OLD", "app"))
    before = path.read_bytes()
    code = BUILDER.replace("time.sleep(60)", "").replace("sys.argv[2] ==", "sys.argv.pop() ==") + "\nprint('written')"
    wrapped = f"""
from safe_pip.errors import AdvisoryError
try:
    exec({code!r})
except AdvisoryError as error:
    print(error.message.partition(': ')[0], '|', error.hint)
"""

    done = subprocess.run(
        [sys.executable, "-c", wrapped, str(path), what],
        capture_output=True,
        text=True,
        preexec_fn=_bounded(200_000),
        check=False,
    )

    hint = "Free some space, or name another folder with SAFE_PIP_CACHE_DIR."
    assert done.stdout.splitlines()[-1:] == [f"The advisory database {path} cannot be written | {hint}"], done.stderr
    assert path.read_bytes() == before
    assert leftovers(tmp_path) == []


def test_a_database_in_a_closed_folder_can_be_read(tmp_path: Path) -> None:
    """A cache that an image was built with is read-only: reading makes no journal, lock or other file beside it."""
    path = tmp_path / "closed" / "a.db"
    path.parent.mkdir()
    built(path, advisory("A", "app"))
    path.parent.chmod(0o555)
    try:
        before = sorted(os.listdir(path.parent))
        with closing(Database(path)) as database:
            assert database.records == 1
            assert sorted(os.listdir(path.parent)) == before == ["a.db"]
    finally:
        path.parent.chmod(0o755)


@pytest.mark.parametrize("folder", ["with space", "per%20cent", "quest?ion", "ha#sh", "ünï", "a&b=c"])
def test_any_name_of_a_folder_will_do(tmp_path: Path, folder: str) -> None:
    """The path becomes a URI for SQLite, where some characters mean something."""
    (tmp_path / folder).mkdir()

    assert ids(built(tmp_path / folder / "a.db", advisory("A", "app"))) == {"A"}
    assert update(tmp_path / folder / "a.db", records(advisory("B", "app")), [], META) == 2


# --------------------------------------------------------------------------- size


def _queries(database: Database, work: Callable[[], object]) -> int:
    """How many statements some work asks."""
    asked: list[str] = []
    database._connection.set_trace_callback(asked.append)
    work()
    database._connection.set_trace_callback(None)
    return len(asked)


def test_many_packages_take_few_queries(tmp_path: Path) -> None:
    """150 packages are looked up on every install: one query for each would be felt."""
    raws = [advisory(f"X-{number}", f"app{number}", aliases=[f"CVE-{number}"]) for number in range(1_000)]
    names = [canonicalize_name(f"app{number}") for number in range(1_000)]

    with closing(Database(built(tmp_path / "a.db", *raws))) as database:
        # The packages, and the families of what is about them.
        assert _queries(database, lambda: database.find(names[:150])) == 2
        assert len(database.find(names[:150]).about) == 150
        assert _queries(database, lambda: database.find(names)) == 4
        assert len(database.find(names).about) == 1_000
        assert _queries(database, lambda: database.alias_edges([f"X-{number}" for number in range(150)])) == 4
        assert _queries(database, lambda: database.stated([f"X-{number}" for number in range(150)])) == 1


def test_the_real_records_make_a_database(shared: Path, tmp_path: Path) -> None:
    """2,665 records, of which nothing may be lost on the way through the zip."""
    path = tmp_path / "a.db"

    assert build(path, read_collection(shared / "advisories" / "all.zip"), META) == 2_665

    with closing(Database(path)) as database:
        assert database.statistics() == Statistics(2_665, 668, 0, 108)
        assert database.is_sound
        assert len(database.find([canonicalize_name("Django")]).about["django"]) > 50


MANY = """
import resource, sys
from contextlib import closing
from pathlib import Path
from safe_pip.advisories.collection import read_collection
from safe_pip.advisories.building import build, update
from safe_pip.advisories.database import Database

place = Path(sys.argv[2])
count = build(place, read_collection(Path(sys.argv[1])), {"source": "many"})
assert update(place, [], [], {"source": "many"}) == count
with closing(Database(place)) as database:
    assert database.is_sound
    found = database.find([f"app-{number}" for number in range(150)]).about
# ru_maxrss would count what the process that started this one had (Linux carries it over exec); VmHWM does not.
status = Path("/proc/self/status")
if status.exists():
    kilobytes = int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1])
else:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(count, len(found), kilobytes // 1024)
"""


@pytest.mark.slow
def test_fifty_thousand_records_fit_into_little_memory(tmp_path: Path) -> None:
    """OSV's export grows by the hour: it is streamed, never held. The bound is in megabytes."""
    archive = tmp_path / "many.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(50_000):
            versions = [f"{number % 7}.{minor}" for minor in range(40)]
            raw = advisory(f"X-{number}", f"app-{number % 9_000}", versions=versions, aliases=[f"CVE-{number}"])
            file.writestr(f"X-{number}.json", json.dumps({**raw, "details": "long " * 200}))

    done = subprocess.run(
        [sys.executable, "-c", MANY, str(archive), str(tmp_path / "a.db")], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    count, found, megabytes = (int(part) for part in done.stdout.split())
    assert (count, found) == (50_000, 150)
    assert megabytes < 300
