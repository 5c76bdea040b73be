"""``safe-pip policy init``: a file to begin with, under which what is there today stands against nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from conftest import Ran, Venv
from fakes import FakeIndex, metadata_text, wheel
from safe_pip.cli import main
from safe_pip.codes import CODES
from safe_pip.policy.keys import KEYS
from safe_pip.policy.layers import document_of, valid
from safe_pip.policy.starting import starting_text

if sys.version_info >= (3, 11):
    import tomllib as toml
else:
    import tomli as toml

Run = Callable[..., Ran]
TODAY = datetime.now(timezone.utc).date()
TABLE = ("tool", "safe-pip")


@pytest.fixture
def guard(work: Path, environ: dict[str, str], advisories: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs safe-pip in this process, with the test's advisories."""

    def run(*arguments: str, **more: str) -> Ran:
        code = main([*arguments], {**environ, "SAFE_PIP_ADVISORIES": str(advisories), **more})
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


@pytest.fixture
def worn(venv: Venv) -> Venv:
    """An environment that has a vulnerability with a fix, one without, and something that is clean."""
    for name, version in (("weak", "1.0"), ("hopeless", "2.0"), ("fine", "1.0")):
        info = venv.site_packages / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_bytes(metadata_text(name, version))
    return venv


def _read(place: Path) -> Any:
    return toml.loads(place.read_text("utf-8"))


# --------------------------------------------------------------------------- day one


def test_day_one_is_green(guard: Run, work: Path, worn: Venv) -> None:
    """The promise of the command: an audit that found something finds nothing that stands, under the file it wrote."""
    assert guard("audit", "--python", worn.python).code == 1

    ran = guard("policy", "init", "--python", worn.python)

    assert ran.code == 0
    reason = f"found by `safe-pip policy init` on {TODAY}"
    until = TODAY + timedelta(days=90)
    assert sorted(_read(work / "safe-pip.toml")["exceptions"], key=lambda item: str(item["id"])) == [
        {"id": "PYSEC-2026-1", "package": "weak==1.0", "reason": reason, "expires": until},
        {"id": "PYSEC-2026-2", "package": "hopeless==2.0", "reason": reason, "until-fixed": True},
    ]
    assert "a project's own file can waive nothing by itself" in ran.said
    assert "`safe-pip audit --policy safe-pip.toml`" in ran.said
    assert guard("audit", "--python", worn.python, "--policy", "safe-pip.toml").code == 0


def test_the_same_for_an_install(guard: Run, work: Path, index: FakeIndex, worn: Venv) -> None:
    """What a requirements file brings in today can be installed under the file, and what is new cannot."""
    for name in ("weak", "evil"):
        index.add(wheel(work.parent / "files", name, "1.0"))
    (work / "requirements.txt").write_text(f"--index-url {index.url}\nweak==1.0\n", "utf-8")
    install = ("install", "--dry-run", "--python", worn.python, "-I", "-r", "requirements.txt")
    assert guard(*install).code == 1

    assert guard("policy", "init", "-r", "requirements.txt", "--python", worn.python).code == 0

    assert guard(*install, "--policy", "safe-pip.toml").code == 0
    assert guard(*install, "evil", "--policy", "safe-pip.toml").code == 1


def test_what_would_stand_against_an_install_of_the_same(
    guard: Run, work: Path, index: FakeIndex, make_venv: Any, tmp_path: Path
) -> None:
    """A hook that somebody has long had is accepted for that version, not for the next, and not for nobody's file."""
    hook = {"hooked.pth": "import os; os.getcwd()\n"}
    installed, fresh = make_venv("installed"), make_venv("fresh")
    for version in ("1.0", "1.1"):
        index.add(wheel(tmp_path / "files", "hooked", version, files=hook))
    done = installed.pip("install", "--index-url", index.url, "hooked==1.0")
    assert done.code == 0, done.err

    assert guard("policy", "init", "--python", installed.python).code == 0

    (written,) = _read(work / "safe-pip.toml")["exceptions"]
    assert (written["code"], written["package"]) == ("startup-hook", "hooked==1.0")
    install = ("install", "--dry-run", "--python", fresh.python, "-i", index.url, "--policy", "safe-pip.toml")
    assert guard(*install, "hooked==1.0").code == 0
    assert guard(*install, "hooked==1.1").code == 1

    (work / "r.txt").write_text(f"--index-url {index.url}\nhooked\n", "utf-8")
    assert guard("policy", "init", "--force", "--python", fresh.python, "-r", "r.txt").code == 0
    assert guard(*install, "-r", "r.txt").code == 0

    (installed.site_packages / "loose.pth").write_text("import os; os.getcwd()\n", "utf-8")
    ran = guard("policy", "init", "--force", "--python", installed.python)
    assert ran.code == 1
    assert "No exception: " in ran.said
    assert "loose.pth" in ran.said
    assert len(_read(work / "safe-pip.toml")["exceptions"]) == 1


def test_a_shorter_time_where_the_policy_has_one(guard: Run, work: Path, worn: Venv, tmp_path: Path) -> None:
    """An exception that runs longer than the policy lets it would not count, and so would one without an end."""
    user = tmp_path / "config" / "safe-pip"
    user.mkdir(parents=True)
    (user / "safe-pip.toml").write_text('longest-exception = "30d"\nmay-relax = ["exceptions"]\n', "utf-8")

    ran = guard("policy", "init", "--python", worn.python)

    until = TODAY + timedelta(days=30)
    assert ran.code == 0
    assert [item["expires"] for item in _read(work / "safe-pip.toml")["exceptions"]] == [until, until]
    assert "can waive nothing" not in ran.said
    assert guard("audit", "--python", worn.python).code == 0


def test_what_another_file_lets_through_is_excepted_as_well(guard: Run, work: Path, worn: Venv, tmp_path: Path) -> None:
    """Under ``--policy`` the user's own file does not count, so what that one accepts must not be left out."""
    user = tmp_path / "config" / "safe-pip"
    user.mkdir(parents=True)
    (user / "safe-pip.toml").write_text('[levels]\nvulnerability = "allow"\n', "utf-8")
    assert guard("audit", "--python", worn.python).code == 0

    assert guard("policy", "init", "--python", worn.python).code == 0

    assert len(_read(work / "safe-pip.toml")["exceptions"]) == 2
    assert guard("audit", "--python", worn.python, "--policy", "safe-pip.toml").code == 0


def test_a_version_that_is_none(guard: Run, work: Path, worn: Venv) -> None:
    """What is installed may have any version; the file that is written can be followed all the same."""
    info = worn.site_packages / "hopeless-2.0.dist-info"
    info.rename(info.with_name("hopeless-2004d_x.dist-info"))

    assert guard("policy", "init", "--python", worn.python).code == 0
    assert guard("policy", "check").code == 0


def test_malware_gets_no_exception(guard: Run, work: Path, worn: Venv) -> None:
    """What is malicious is not accepted by the way: it is told loudly, and the command does not end well."""
    info = worn.site_packages / "evil-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_bytes(metadata_text("evil", "1.0"))

    ran = guard("policy", "init", "--python", worn.python)

    assert ran.code == 1
    assert "Malware: evil 1.0 is malicious, and gets no exception" in ran.said
    assert {item["id"] for item in _read(work / "safe-pip.toml")["exceptions"]} == {"PYSEC-2026-1", "PYSEC-2026-2"}


def test_nothing_found(guard: Run, work: Path, venv: Venv) -> None:
    """Where nothing stands the file has no exception."""
    ran = guard("policy", "init", "--python", venv.python)

    assert ran.code == 0
    assert "exceptions" not in _read(work / "safe-pip.toml")
    assert "nothing was found that needs an exception" in ran.said


# --------------------------------------------------------------------------- where to


def test_what_is_there_is_not_overwritten(guard: Run, work: Path, venv: Venv) -> None:
    """A policy that somebody wrote is replaced only where that was asked for."""
    place = work / "safe-pip.toml"
    place.write_text("# ours\n", "utf-8")

    ran = guard("policy", "init", "--python", venv.python)

    assert ran.code == 2
    assert "safe-pip.toml is there already" in ran.said
    assert place.read_text("utf-8") == "# ours\n"
    assert guard("policy", "init", "--python", venv.python, "--force").code == 0
    assert "# ours" not in place.read_text("utf-8")
    assert guard("policy", "init", "--python", venv.python, "--output", "team.toml").code == 0
    assert (work / "team.toml").exists()


def test_one_folder_has_one_policy(guard: Run, work: Path, venv: Venv) -> None:
    """Beside a table in pyproject.toml a file of its own would end every later run."""
    (work / "pyproject.toml").write_text('[tool.safe-pip.levels]\nyanked = "block"\n', "utf-8")

    ran = guard("policy", "init", "--python", venv.python)

    assert (ran.code, (work / "safe-pip.toml").exists()) == (2, False)
    assert "pyproject.toml beside safe-pip.toml is the policy already" in ran.said


def test_one_folder_has_one_policy_in_a_pyproject_too(guard: Run, work: Path, venv: Venv) -> None:
    """The same the other way round."""
    (work / "safe-pip.toml").write_text('[levels]\nyanked = "block"\n', "utf-8")
    (work / "pyproject.toml").write_text("[project]\n", "utf-8")

    ran = guard("policy", "init", "--pyproject", "--python", venv.python)

    assert (ran.code, (work / "pyproject.toml").read_text("utf-8")) == (2, "[project]\n")
    assert "safe-pip.toml beside pyproject.toml is the policy already" in ran.said


def test_a_policy_of_a_folder_above_is_left_knowingly(
    guard: Run, work: Path, venv: Venv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A nearer file takes its place: whoever begins one in a subfolder must not lose the other in silence."""
    (work / "safe-pip.toml").write_text('[levels]\nyanked = "block"\n', "utf-8")
    (work / "sub").mkdir()
    monkeypatch.chdir(work / "sub")

    ran = guard("policy", "init", "--python", venv.python)

    assert ran.code == 0
    assert "Note: ../safe-pip.toml does not count from this folder on any more; to go on from it, write" in ran.said
    assert 'extends = ["../safe-pip.toml"]' in ran.said
    assert ran.said.rindex("Next: ") > ran.said.index("Note: ../safe-pip.toml")


@pytest.mark.parametrize("before", ["", "[project]\nname = 'x'\n", "[project]\r\nname = 'x'"])
def test_in_a_pyproject(guard: Run, work: Path, worn: Venv, before: str) -> None:
    """The table comes behind everything that is there, of which nothing changes; a second time is refused."""
    place = work / "pyproject.toml"
    place.write_bytes(before.encode())

    assert guard("policy", "init", "--pyproject", "--python", worn.python).code == 0

    content = place.read_bytes().decode()
    assert content.startswith(before)
    assert len(toml.loads(content)["tool"]["safe-pip"]["exceptions"]) == 2
    assert ("\r\n" in before) == ("\r\n" in content)
    assert guard("policy", "init", "--pyproject", "--force", "--python", worn.python).code == 2
    assert place.read_bytes().decode() == content


def test_what_could_not_be_looked_at_is_told(guard: Run, work: Path, worn: Venv, tmp_path: Path) -> None:
    """Nobody must take a file for complete that was made without advisories."""
    ran = guard("policy", "init", "--python", worn.python, "--advisories", str(tmp_path / "nowhere.zip"))

    assert ran.code == 3
    assert not (work / "safe-pip.toml").exists()


# --------------------------------------------------------------------------- the file itself


@pytest.mark.parametrize("prefix", [(), TABLE])
def test_every_key_is_there_with_its_default(prefix: tuple[str, ...]) -> None:
    """The file is a policy as it is, says nothing by itself, and stays one with every # before a key taken away."""
    text = starting_text([], "2026-11-20", prefix=prefix)

    held = toml.loads(text)
    for key in prefix:
        held = held[key]
    assert all(value == {} for value in held.values()), held
    assert all(len(line) <= 120 for line in text.splitlines() if not line.startswith("# extends"))
    opened = re.sub(r"^# (?=[\w-]+ = |\[)", "", text, flags=re.MULTILINE)
    document = document_of(opened, "opened", None, pyproject=bool(prefix))
    assert document is not None
    found = valid(document)
    assert set(found["levels"].raw) == set(CODES)
    for key in KEYS:
        above, _, name = key.name.partition(".")
        assert name in found[above].raw if name else above in found, key.name
        if key.default and name:
            assert found[above].raw[name] == toml.loads(f"x = {key.default}")["x"]


def test_day_one_is_green_where_an_index_is_asked(
    guard: Run, work: Path, worn: Venv, index: FakeIndex, tmp_path: Path
) -> None:
    """What the user's policy wants to know of an index is asked for here as well; else the first audit finds it."""
    (tmp_path / "config" / "safe-pip").mkdir(parents=True)
    (tmp_path / "config" / "safe-pip" / "safe-pip.toml").write_text(
        '[levels]\nyanked = "block"\nvulnerability = "note"\n', "utf-8"
    )
    for name, version in (("weak", "1.0"), ("hopeless", "2.0"), ("fine", "1.0")):
        index.add(wheel(tmp_path, name, version), yanked="broken" if name == "fine" else None)

    ran = guard("policy", "init", "--python", worn.python, PIP_INDEX_URL=index.url)

    assert ran.code == 0, ran.err
    written = _read(work / "safe-pip.toml")["exceptions"]
    assert [item["package"] for item in written if item.get("code") == "yanked"] == ["fine==1.0"]
