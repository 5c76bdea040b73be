"""What rules about bytes find in what is installed, by RECORD and the files that are there; and no false alarms."""

from __future__ import annotations

import ensurepip
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from conftest import Venv
from fakes import advisory, export, wheel
from rules.cases_bytes import ELF, LOADS, NAMESPACE, RUNS
from rules.world import NOW, this_python
from safe_pip.advisories.sources import source_for
from safe_pip.audited import Audited
from safe_pip.auditing import AuditRun
from safe_pip.auditing import audit as audit_pipeline
from safe_pip.codes import CODES_OF_INSTALLED
from safe_pip.inventory import AuditInput, Inventory
from safe_pip.judge_audit import AuditSettings
from safe_pip.model import Level, Origin, PolicyLine
from safe_pip.report.audit import FORMATS, Look
from safe_pip.request.environment import Environment, read_environment, read_path
from safe_pip.settings import Settings
from safe_pip.settings.levels import BUILT_IN_LEVELS, Weight
from safe_pip.target import probe, read_installed

WRITTEN = PolicyLine("levels", Origin("safe-pip.toml", 3))
ALL = {code: Weight(Level.ALLOW, Level.BLOCK, WRITTEN) for code in CODES_OF_INSTALLED}


@dataclass
class Place:
    """An environment of the test's own, with real wheels unpacked in it."""

    folder: Path

    @property
    def site(self) -> Path:
        """Where things lie installed."""
        return self.folder / "lib" / "python3.12" / "site-packages"

    def has(self, name: str = "acme", **made: Any) -> Place:
        """Have a wheel installed, with its files in RECORD."""
        self.site.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel(self.folder.parent / "made", name, "1.0", **made)) as archive:
            archive.extractall(self.site)
        return self

    def writes(self, path: str, content: str | bytes = "x = 1\n") -> Place:
        """Write a file that no RECORD knows, or change one."""
        place = self.site / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def lists(self, row: str, name: str = "acme") -> Place:
        """Have one more row in RECORD."""
        with (self.site / f"{name}-1.0.dist-info" / "RECORD").open("a", newline="") as record:
            record.write(f"{row}\n")
        return self

    def audited(self, levels: Mapping[str, Weight] = ALL) -> Audited:
        """The outcome of an audit of it, all of these codes at block."""
        site = str(self.site)
        target = replace(
            this_python(),
            prefix=str(self.folder),
            site_packages=site,
            user_site=None,
            is_virtual=True,
            search_path=(site,),
            installed=read_installed((site,)),
        )
        return audited(read_environment(target), self.folder.parent, levels)


def audited(inventory: Any, folder: Path, levels: Mapping[str, Weight] = ALL) -> Audited:
    """The outcome for one input."""
    source = source_for(str(export(folder / "a.zip", [advisory("PYSEC-2020-1", "nobody")])))
    settings = AuditSettings(settings=Settings(levels={**BUILT_IN_LEVELS, **levels}))
    return audit_pipeline([inventory], AuditRun(folder / "cache", NOW, (source,), settings))


def told(outcome: Audited) -> list[tuple[str, str, str]]:
    """What was found: code, name, and the first file that is named."""
    found = [item.finding.observation for item in outcome.others]
    return sorted((one.code, one.name, one.evidence[0].text if one.evidence else "") for one in found)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An environment with one package."""
    return Place(tmp_path / "env").has()


# --------------------------------------------------------------------------- what is found

CHANGES: list[tuple[str, Callable[[Place], object], list[tuple[str, str, str]]]] = [
    ("changed code", lambda at: at.writes("acme/__init__.py"), [("unrecorded-code", "acme", "acme/__init__.py")]),
    ("added code", lambda at: at.writes("acme/deep/extra.py"), [("unrecorded-code", "acme", "acme/deep")]),
    ("added module", lambda at: at.writes("acme/extra.py"), [("unrecorded-code", "acme", "acme/extra.py")]),
    ("a package that is nobody's", lambda at: at.writes("odd/in/a.py"), [("unrecorded-code", "", "odd")]),
    ("a module that is nobody's", lambda at: at.writes("odd.py"), [("unrecorded-code", "", "odd.py")]),
    (
        "code without its source",
        lambda at: at.writes("acme/extra.pyc", b"\xcb\r\r\n"),
        [("unrecorded-code", "acme", "acme/extra.pyc")],
    ),
    (
        "a hook that is nobody's",
        lambda at: at.writes("odd.pth", RUNS),
        [("startup-hook", "", "odd.pth"), ("unrecorded-code", "", "odd.pth")],
    ),
    (
        "sitecustomize that is nobody's",
        lambda at: at.writes("sitecustomize.py"),
        [("startup-hook", "", "sitecustomize.py"), ("unrecorded-code", "", "sitecustomize.py")],
    ),
    (
        "a module of the standard library that is nobody's",
        lambda at: at.writes("json.py"),
        [("file-shadowing", "", "json.py"), ("unrecorded-code", "", "json.py")],
    ),
    ("a hook", lambda at: at.has("other", files={"o.pth": RUNS}), [("startup-hook", "other", "o.pth")]),
    (
        "an archive that a hook adds to the path",
        lambda at: at.has("other", files={"o.pth": "other/data.bin\n", "other/data.bin": "PK"}),
        [("startup-hook", "other", "other/data.bin")],
    ),
    (
        "a hook that was changed",
        lambda at: at.has("other", files={"o.pth": "# nothing\n"}).writes("o.pth", RUNS),
        [("startup-hook", "other", "o.pth"), ("unrecorded-code", "other", "o.pth")],
    ),
    (
        "changed data",
        lambda at: at.has("other", files={"other/d.txt": "1"}).writes("other/d.txt", "2"),
        [("record-mismatch", "other", "other/d.txt")],
    ),
    (
        "missing data",
        lambda at: at.lists("acme/gone.txt,sha256=abcd,4"),
        [("record-mismatch", "acme", "acme/gone.txt")],
    ),
    ("a command", lambda at: at.lists("../../../bin/pip3,,"), [("surprising-script", "acme", "pip3")]),
    (
        "code in the folder of the standard library",
        lambda at: at.writes("../json.py").lists("../json.py,,"),
        [("file-shadowing", "acme", "../json.py")],
    ),
    ("native code", lambda at: at.has("other", files={"other/a.png": ELF}), [("native-code", "other", "other/a.png")]),
    (
        "two that have one file",
        lambda at: at.has("other", files={"acme/__init__.py": "y = 1\n"}),
        [("file-shadowing", "other", "acme/__init__.py")],
    ),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_what_was_done_to_an_environment(
    place: Place, change: Callable[[Place], object], expected: list[tuple[str, str, str]]
) -> None:
    """Each is told once, of whom it belongs to, and blocks; by the built-in policy nothing is looked at."""
    change(place)

    outcome = place.audited()

    assert (told(outcome), outcome.exit_code) == (expected, 1)
    assert all(item.dependencies for item in outcome.others if item.name)
    unasked = place.audited({})
    assert (told(unasked), unasked.exit_code) == ([], 0)


def test_a_link_to_elsewhere(place: Place, tmp_path: Path) -> None:
    """What a link leads to is imported as if it lay there; it is told, and nothing behind it is searched."""
    (tmp_path / "elsewhere").mkdir()
    (place.site / "odd").symlink_to(tmp_path / "elsewhere", target_is_directory=True)

    assert told(place.audited()) == [("unrecorded-code", "", "odd")]


# --------------------------------------------------------------------------- what is none


def test_a_namespace_of_machine_code(place: Place) -> None:
    """The line that setuptools writes loads the module, which runs if it is machine code."""
    place.has("spaces", files={"spaces-nspkg.pth": LOADS})
    assert told(place.audited()) == []

    place.has("native", files={"acme.abi3.so": ELF})

    assert ("startup-hook", "spaces", "spaces-nspkg.pth") in told(place.audited())


def test_what_python_and_tools_leave_is_no_finding(place: Place) -> None:
    """False alarms are a defect: caches, leftovers of pip, what virtualenv makes, and what installers list loosely."""
    place.has("spaces", files={"spaces-nspkg.pth": NAMESPACE, "pkg.pth": "spaces/lib\n", "d/x.txt": "1"})
    place.writes("acme/__pycache__/__init__.cpython-312.pyc", b"1").writes("__pycache__/six.cpython-312.pyc", b"1")
    place.lists("acme/__pycache__/__init__.cpython-312.pyc,sha256=abcd,1").lists("acme/__init__.cpython-312.pyc,,")
    place.lists("../../../bin/acme,,").lists("acme,,").lists("../../../share/man/gone.1,,")
    place.writes("~cme/__init__.py").writes("README.txt", "1").writes("acme-1.0.virtualenv", "")
    place.writes("_virtualenv.pth", "import _virtualenv").writes("_virtualenv.py")
    (place.folder / "pyvenv.cfg").write_text("home = /nowhere\nvirtualenv = 20.0\n")

    assert told(place.audited()) == []
    assert place.audited().exit_code == 0

    # Elsewhere nobody expects these.
    (place.folder / "pyvenv.cfg").write_text("home = /nowhere\n")
    assert ("startup-hook", "", "_virtualenv.py") in told(place.audited())


def test_a_new_environment_of_venv_is_clean(venv: Venv, tmp_path: Path) -> None:
    """With the pip that Python brings, which has programs for several kinds of Windows in it."""
    bundled = sorted(Path(ensurepip.__file__).with_name("_bundled").glob("pip-*.whl"))
    if not bundled:
        pytest.skip("this Python brings no pip")
    with zipfile.ZipFile(bundled[0]) as archive:
        archive.extractall(venv.site_packages)

    outcome = audited(read_environment(probe(venv.python)), tmp_path)

    assert [item.name for item in outcome.dependencies] == ["pip"]
    assert (told(outcome), outcome.unchecked, outcome.exit_code) == ([], (), 0)


def test_other_ways_to_write_and_to_install(place: Place) -> None:
    """RECORD may write a path in full, a backport may have a standard library's name, and another version be left."""
    place.writes("acme/full.py").lists(f"{place.site}/acme/full.py,,").writes("acme/old.py")
    place.writes("acme-0.9.dist-info/RECORD", "acme/old.py,,\n")
    place.writes("argparse.py").writes("argparse-1.4.0.dist-info/RECORD", "argparse.py,,\n")

    assert told(place.audited()) == []


def _editable(place: Place, project: Path, pth: str) -> None:
    project.mkdir(exist_ok=True)
    place.has("work", files={"__editable__.work.pth": pth})
    record = {"url": project.as_uri(), "dir_info": {"editable": True}}
    place.writes("work-1.0.dist-info/direct_url.json", json.dumps(record))


def test_editable_installs_are_no_hooks(place: Place, tmp_path: Path) -> None:
    """Their .pth leads to the project that somebody works on, or imports the finder that leads there."""
    project = tmp_path / "project"
    finder = "import __editable___work_finder; __editable___work_finder.install()\n"
    _editable(place, project, f"{project}/src\n{finder}")
    (project / "pyproject.toml").write_text('[project]\nname = "Work"\n')

    assert told(place.audited()) == []

    place.has("work", files={"__editable__.work.pth": f"{project}/src\n{RUNS}"})
    assert told(place.audited()) == [("startup-hook", "work", "__editable__.work.pth")]


def test_a_wheel_that_says_that_it_is_editable(place: Place, tmp_path: Path) -> None:
    """A wheel can bring such a record; it cannot bring the project, and that of somebody else does not count."""
    project = tmp_path / "project"
    _editable(place, project, "import evil\n")
    assert told(place.audited()) == [("startup-hook", "work", "__editable__.work.pth")]

    (project / "pyproject.toml").write_text('[project]\nname = "another"\n')
    assert told(place.audited()) == [("startup-hook", "work", "__editable__.work.pth")]


# --------------------------------------------------------------------------- what cannot be looked at


def test_what_is_no_file_is_not_waited_for(place: Place) -> None:
    """A pipe in the place of a file would keep an audit waiting for ever; it is told as not checked."""
    (place.site / "acme" / "__init__.py").unlink()
    os.mkfifo(place.site / "acme" / "__init__.py")

    outcome = place.audited()

    assert outcome.exit_code == 3
    assert "acme/__init__.py cannot be read" in outcome.unchecked[0].reason


def test_without_record_nothing_is_known(place: Place) -> None:
    """What the system's package manager installs has no RECORD: not checked, and not told as somebody's code either."""
    (place.site / "acme-1.0.dist-info" / "RECORD").unlink()

    outcome = place.audited()

    assert (told(outcome), outcome.exit_code) == ([], 3)
    assert outcome.unchecked[0].reason.startswith("acme in ")
    place.writes("odd.pth", RUNS)
    assert told(place.audited()) == [("startup-hook", "", "odd.pth")]


def test_a_record_that_makes_no_sense(place: Place) -> None:
    """It is told as not checked, and the others are audited all the same."""
    place.has("other", files={"o.pth": RUNS}).writes("acme-1.0.dist-info/RECORD", b"\xff\xfe")

    outcome = place.audited()

    assert told(outcome) == [("startup-hook", "other", "o.pth")]
    assert "its RECORD cannot be read" in outcome.unchecked[0].reason


def test_an_egg_is_not_clean(place: Place) -> None:
    """What setuptools unpacked beside the others in its old way has no RECORD."""
    place.writes("old-1.0-py3.12.egg/EGG-INFO/PKG-INFO", "Metadata-Version: 1.0\nName: old\nVersion: 1.0\n")
    egg = str(place.site / "old-1.0-py3.12.egg")
    environment = Environment(Inventory(AuditInput("environment", "env")), {}, {}, (egg, "/no/such/folder"), "/env")

    outcome = audited(environment, place.folder.parent)

    assert [gap.code for gap in outcome.unchecked] == ["unreadable-file"]


def test_names_that_are_no_text(place: Place) -> None:
    """A name may have any bytes but two: every format shows it, and none of it reaches a terminal."""
    for name in (b"\xff\x1b[31m.py", b"\xfe.pth"):
        with open(os.path.join(os.fsencode(place.site), name), "w") as file:
            file.write(RUNS)

    outcome = place.audited()

    assert [code for code, _, _ in told(outcome)] == ["startup-hook", "unrecorded-code"]
    assert all(file.encode("utf-8").isascii() for _, _, file in told(outcome))
    for format in FORMATS.values():
        shown = format.render(outcome, Look(now=NOW)).encode("utf-8")
        assert b"\x1b[31m" not in shown


@pytest.mark.parametrize("row", ["acme/\0.py,,", "../../../bin/\0,,", f"{'a/' * 5_000}b.py,,", "acme/__init__.py/x,,"])
def test_paths_that_cannot_be(place: Place, row: str) -> None:
    """RECORD comes from a package: whatever it lists, an audit ends with a verdict."""
    place.lists(row)

    assert place.audited().exit_code in (0, 3)


@pytest.mark.parametrize(
    "record",
    ['{"url": 1, "dir_info": {"editable": true}}', "[]", '{"url": "file:///%00", "dir_info": {"editable": 1}}'],
)
def test_records_of_editable_installs_that_make_no_sense(place: Place, record: str) -> None:
    """So does this record; it excuses nothing then."""
    place.has("other", files={"o.pth": RUNS}).writes("other-1.0.dist-info/direct_url.json", record)

    assert told(place.audited()) == [("startup-hook", "other", "o.pth")]


def test_record_leads_nowhere_else(place: Place, tmp_path: Path) -> None:
    """What RECORD names outside of the environment is not read, whatever it is."""
    (tmp_path / "secret.txt").write_text("secret")
    place.lists(f"{tmp_path}/secret.txt,sha256=abcd,4").lists("../../../../secret.txt,sha256=abcd,4")

    assert told(place.audited()) == []


def test_a_folder_by_itself(place: Place, tmp_path: Path) -> None:
    """``--path``: commands beside the packages are listed as if they lay elsewhere, and may do so."""
    place.writes("bin/acme.py").lists("../../bin/acme.py,sha256=abcd,4").writes("acme/extra.py")

    outcome = audited(read_path(str(place.site)), tmp_path)

    assert told(outcome) == [("unrecorded-code", "acme", "acme/extra.py")]
