"""Every way that is known to make an archive lie: refused for its own reason, in little memory, and nothing crashes."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from archives import peak_of
from attacks.hostile.tars import tars
from attacks.hostile.zips import Hostile, zips
from fakes import sha256
from judge.building import TIME, plan_of, planned
from safe_pip.audit import audit
from safe_pip.facts import FileFacts
from safe_pip.inspect.look import look
from safe_pip.judge import judge
from safe_pip.model import Approved, DistributionFile, Level, Staged, StagedFile, Verdict
from safe_pip.settings import Settings

MOST_MEMORY = 200_000_000
ZIPS = [pytest.param("foo-1.0-py3-none-any.whl", hostile, id=hostile.name) for hostile in zips()]
TARS = [pytest.param("foo-1.0.tar.gz", hostile, id=f"tar: {hostile.name}") for hostile in tars()]


def _written(folder: Path, filename: str, hostile: Hostile) -> Path:
    path = folder / filename
    path.write_bytes(hostile.data)
    return path


def _reasons(facts: FileFacts) -> str:
    return "; ".join([problem.what for problem in facts.problems] + [facts.unreadable])


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("filename", "hostile"), [*ZIPS, *TARS])
def test_a_hostile_archive(tmp_path: Path, filename: str, hostile: Hostile) -> None:
    """Each is refused for what is wrong with it, and not by chance; what is only unusual passes without a word."""
    path = _written(tmp_path, filename, hostile)
    item = planned("foo", file=DistributionFile(filename, path.as_uri()))

    facts, peak = peak_of(lambda: look(path, item.file, item.name))

    assert peak < MOST_MEMORY
    assert hostile.why in _reasons(facts)
    assert bool(facts.problems or facts.unreadable) == bool(hostile.why), facts
    assert isinstance(_verdict(path, filename), Approved) == (not hostile.why)


def _verdict(path: Path, filename: str) -> Verdict:
    """The verdict by the built-in policy, of a plan for the file as it stands."""
    item = planned("foo", file=DistributionFile(filename, path.as_uri()))
    item = replace(item, metadata=replace(item.metadata, name="foo", version="1.0"))
    staged = Staged(path.parent, {item.name: StagedFile(item.name, path, sha256(path), path.stat().st_size)})
    plan = plan_of(item)
    return judge(plan, staged, audit(plan, staged, None), Settings(), TIME)


def test_there_are_many() -> None:
    """The corpus is what the claim rests on; every entry has a name of its own."""
    refused = [hostile for hostile in (*zips(), *tars()) if hostile.why]

    assert len(refused) >= 60
    assert len({hostile.name for hostile in zips()}) == len(zips())
    assert len({hostile.name for hostile in tars()}) == len(tars())


def test_most_of_them_are_taken_by_others(tmp_path: Path) -> None:
    """The corpus is of archives that a common reader opens without complaint; else there would be nothing to guard."""
    taken = 0
    for hostile in zips():
        path = tmp_path / "archive.zip"
        path.write_bytes(hostile.data)
        try:
            with zipfile.ZipFile(path) as archive:
                taken += bool(hostile.why and archive.namelist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            continue

    assert taken >= 40


def test_nothing_unreadable_is_ever_approved(tmp_path: Path) -> None:
    """Where readers see two things, a policy that allows it cannot help: nobody knows what would be installed."""
    hostile = next(hostile for hostile in zips() if hostile.name == "another name before the file")
    path = _written(tmp_path, "foo-1.0-py3-none-any.whl", hostile)
    item = planned("foo", file=DistributionFile(path.name, path.as_uri()))
    staged = Staged(tmp_path, {item.name: StagedFile(item.name, path, sha256(path), 1)})
    weight = replace(Settings().levels["unsafe-archive"], install=Level.ALLOW)
    settings = Settings(levels={**Settings().levels, "unsafe-archive": weight})

    verdict = judge(plan_of(item), staged, audit(plan_of(item), staged, None), settings, TIME)

    assert not isinstance(verdict, Approved)
    assert "unreadable-file" in {item.code for item in verdict.unchecked}
