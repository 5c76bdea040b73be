"""Which files count: a clone, a folder above it or the environment must not bring a policy in by the back door."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from policy.writing import Machine
from safe_pip.errors import UsageError
from safe_pip.model import Level
from safe_pip.policy import load, places_of
from safe_pip.policy.places import project_file
from safe_pip.request.options import OWN_VARIABLES

BLOCK = '[levels]\nyanked = "block"\n'
ALLOW = '[levels]\nyanked = "allow"\n'


def level(machine: Machine, **more: object) -> Level:
    """What a yanked file weighs in the project."""
    return machine.load(**more).settings.levels["yanked"].install


def test_the_order_of_files(machine: Machine) -> None:
    """Built in, then the system, then the user, then the project; the last one counts, and the others are told."""
    machine.write(system='[levels]\nyanked = "note"\narchived = "warn"\n')
    assert level(machine) is Level.NOTE
    machine.write(user='[levels]\nyanked = "allow"\n')
    assert level(machine) is Level.ALLOW
    machine.write(BLOCK)

    loaded = machine.load()

    assert loaded.settings.levels["yanked"].install is Level.BLOCK
    assert loaded.settings.levels["archived"].install is Level.WARN
    assert loaded.settings.files == (
        "../../etc/safe-pip/safe-pip.toml",
        "../.config/safe-pip/safe-pip.toml",
        "safe-pip.toml",
    )
    (line,) = [line for line in loaded.lines if line.key == "levels.yanked"]
    assert (line.value, str(line.line)) == ('"block"', 'levels.yanked = "block" (safe-pip.toml, line 2)')
    assert [text for text, _ in line.overruled] == ['"note"', '"allow"']


def test_found_upwards_to_the_top_of_the_repository(machine: Machine) -> None:
    """Whoever stands in a subfolder works on the same project; what lies above the repository is somebody else's."""
    machine.write(BLOCK)
    inner = machine.project / "src" / "deep"
    inner.mkdir(parents=True)
    assert level(machine, folder=inner) is Level.BLOCK

    (inner.parent / "safe-pip.toml").write_text('[levels]\narchived = "block"\n')
    assert level(machine, folder=inner) is Level.WARN, "the nearest one counts"

    (inner / ".git").write_text("gitdir: elsewhere\n")
    assert project_file(machine.places(folder=inner)) is None, "a repository of its own"


def test_nothing_above_a_folder_without_a_repository(machine: Machine) -> None:
    """Without a repository nobody can say where a project ends, and a policy above it may be anybody's."""
    machine.write(BLOCK)
    (machine.project / ".git").rmdir()
    inner = machine.project / "inner"
    inner.mkdir()

    assert level(machine, folder=inner) is Level.WARN
    assert level(machine) is Level.BLOCK


def test_a_home_folder_is_no_project(machine: Machine) -> None:
    """What lies in a home by chance is not the policy of all that is done there, but where it is a repository."""
    home = machine.root / "home"
    (home / "safe-pip.toml").write_text(BLOCK)
    assert level(machine, folder=home) is Level.WARN

    (home / ".git").mkdir()
    assert level(machine, folder=home) is Level.BLOCK


@pytest.mark.parametrize("sign", [".git", ".hg", ".svn"])
def test_every_version_control(machine: Machine, sign: str) -> None:
    """Not every repository is git's."""
    (machine.project / ".git").rmdir()
    (machine.project / sign).mkdir()
    (machine.project / "inner").mkdir()
    machine.write(BLOCK)

    assert level(machine, folder=machine.project / "inner") is Level.BLOCK


def test_two_in_one_folder(machine: Machine) -> None:
    """One of them would be passed over, and nobody would know which."""
    machine.write(BLOCK, pyproject="[tool.safe-pip.levels]\nyanked = 'note'\n")

    with pytest.raises(UsageError, match=r"^Both safe-pip\.toml and \[tool\.safe-pip\] in pyproject\.toml are there"):
        machine.load()

    (machine.project / "pyproject.toml").write_text("[project]\nname = 'safe-pip'\n")
    assert level(machine) is Level.BLOCK


@pytest.mark.parametrize("which", ["user", "system"])
def test_a_users_file_in_the_project_is_the_projects(machine: Machine, which: str) -> None:
    """A variable set by a project's tools may say that the user's folder is one that came with the clone."""
    planted = machine.project / "conf" / "safe-pip.toml"
    planted.parent.mkdir()
    planted.write_text(f'may-relax = ["levels"]\n{ALLOW}')
    place = {"user": planted} if which == "user" else {"system": (planted,)}

    settings = machine.load(**place).settings

    assert settings.levels["yanked"].install is Level.WARN
    assert settings.notes[0] == "conf/safe-pip.toml lies in the project, and counts as a file of the project's"
    assert settings.notes[1].startswith('conf/safe-pip.toml, line 3: levels.yanked = "allow" has no effect')
    assert (
        settings.notes[2] == "conf/safe-pip.toml, line 1: may-relax has no effect: a project cannot give itself leave"
    )


@pytest.mark.parametrize("sign", [".git", ".hg"])
def test_a_repository_within_the_clone_does_not_help(machine: Machine, sign: str) -> None:
    """A submodule, or a folder that only looks like a repository, is a part of the clone that it came with."""
    planted = machine.project / "conf" / "safe-pip.toml"
    planted.parent.mkdir()
    planted.write_text(ALLOW)
    inner = machine.project / "inner"
    (inner / sign).mkdir(parents=True)

    assert level(machine, folder=inner, user=planted) is Level.WARN


def test_a_link_out_of_the_project_does_not_help(machine: Machine) -> None:
    """A folder of the project may be a link, and the file is where the clone has put its name all the same."""
    outside = machine.root / "outside"
    outside.mkdir()
    (outside / "safe-pip.toml").write_text(ALLOW)
    (machine.project / "conf").symlink_to(outside)

    with pytest.raises(UsageError, match="is a link that leads out of the project"):
        machine.load(user=machine.project / "conf" / "safe-pip.toml")


def test_a_home_under_version_control(machine: Machine) -> None:
    """Many keep their home's dot files in git; their own policy is theirs all the same."""
    (machine.root / "home" / ".git").mkdir()
    (machine.project / ".git").rmdir()
    machine.write(user=ALLOW)
    assert level(machine) is Level.ALLOW

    planted = machine.project / "conf" / "safe-pip.toml"
    planted.parent.mkdir()
    planted.write_text(ALLOW)
    assert level(machine, user=planted) is Level.WARN, "what lies in the working directory may have come with it"


@pytest.mark.parametrize("which", ["user", "system"])
@pytest.mark.parametrize("what", ["file", "folder", "above"])
@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_what_others_can_write_is_not_followed(machine: Machine, which: str, what: str) -> None:
    """Whoever can write the user's policy decides what the user installs."""
    machine.write(**{which: ALLOW})
    file = machine.user if which == "user" else machine.system
    place = {"file": file, "folder": file.parent, "above": file.parent.parent}[what]
    place.chmod(0o777)

    with pytest.raises(UsageError, match="can be changed by other users") as caught:
        machine.load()

    assert "chmod go-w" in caught.value.hint
    if what != "file":
        place.chmod(0o1777)
        if what == "above":
            assert level(machine) is Level.ALLOW


def test_a_named_policy_is_the_only_one(machine: Machine) -> None:
    """--policy says it all: a run in CI depends on one file."""
    machine.write("broken", user="broken", system="broken", named=ALLOW)

    settings = machine.load(named="named.toml").settings

    assert (settings.levels["yanked"].install, settings.files, settings.notes) == (Level.ALLOW, ("named.toml",), ())


def test_a_policy_that_a_variable_names_is_told(machine: Machine) -> None:
    """A variable works as the option does, but nobody has typed it: it must not go unseen."""
    machine.write(named=ALLOW)
    more = {"named": "named.toml", "by_environment": frozenset({"policy"})}

    assert machine.load(**more).settings.notes == (
        "SAFE_PIP_POLICY names the policy: named.toml, and no other file is followed",
    )


@pytest.mark.parametrize("named", ["", " ", "missing.toml", ".", "~nobody-here/x"])
def test_a_policy_that_is_not_there(machine: Machine, named: str) -> None:
    """A run with another policy than the one that was named would be a hole."""
    with pytest.raises(UsageError) as caught:
        machine.load(named=named)

    assert caught.value.exit_code == 2


def test_variables_that_look_like_policy(machine: Machine) -> None:
    """What has no effect is told, and has none."""
    settings = machine.load(variables=("SAFE_PIP_ALLOW", "SAFE_PIP_LEVELS", *OWN_VARIABLES, "PATH")).settings

    assert settings.allows == ()
    assert settings.notes == (
        "SAFE_PIP_ALLOW has no effect: safe-pip has no such variable",
        "SAFE_PIP_LEVELS has no effect: safe-pip has no such variable",
    )


@pytest.mark.skipif(os.name == "nt", reason="a folder that is in use stays there")
def test_a_working_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that somebody has removed in another window is no defect of ours."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(UsageError, match="The working directory cannot be found"):
        places_of({})


@pytest.mark.skipif(os.name == "nt", reason="XDG")
def test_places_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders are the platform's; variables may add a system file, and cannot take the system's own away."""
    monkeypatch.chdir(tmp_path)
    environ = {"XDG_CONFIG_HOME": f"{tmp_path}/conf", "XDG_CONFIG_DIRS": f"{tmp_path}/a:{tmp_path}/b"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    places = places_of(environ)

    assert places.user == tmp_path / "conf" / "safe-pip" / "safe-pip.toml"
    assert [path.is_relative_to(tmp_path) for path in places.system] == [False, True, True]
    assert places.system[-1] == tmp_path / "a" / "safe-pip" / "safe-pip.toml"
    assert load(places._replace(system=places.system[1:])).settings.files == ()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_root_in_another_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """sudo leaves HOME as it was, and its owner does not decide what root installs."""
    import pwd

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert places_of({}).user == tmp_path / ".config" / "safe-pip" / "safe-pip.toml"

    os.chown(tmp_path, 12_345, 12_345)
    assert places_of({}).user == Path(pwd.getpwuid(0).pw_dir) / ".config" / "safe-pip" / "safe-pip.toml"


@pytest.mark.parametrize("name", ["safe_pip", "safepip", "Safe-Pip"])
def test_a_policy_under_a_name_that_is_nearly_right(machine: Machine, name: str) -> None:
    """Else a team would believe in a policy that nobody reads."""
    machine.write(pyproject=f"[project]\nname = 'x'\n\n[tool.{name}.levels]\nyanked = 'block'\n")

    with pytest.raises(UsageError, match=rf"^pyproject.toml, line 4, column \d+: there is no table tool\.{name}; did"):
        machine.load()
    machine.write(pyproject="[tool.mypy]\npackages = ['safe_pip']\n# tool.safe_pip\n")
    assert machine.load().settings.files == ()


@pytest.mark.parametrize(
    ("named", "said"), [("", "--policy names no file"), ("https://u:pw@a.example/p.toml", "--policy takes a file, and")]
)
def test_a_policy_by_a_name_that_cannot_be_a_file(machine: Machine, named: str, said: str) -> None:
    """A variable of a pipeline that is empty must not let the run go on without the policy; a login is not told."""
    with pytest.raises(UsageError, match=f"^{said}") as caught:
        machine.load(named=named)
    assert "pw" not in caught.value.message


def test_a_profile_that_is_empty_or_misspelt(machine: Machine) -> None:
    """The same for a profile: the run with less than was asked for would be a hole."""
    machine.write("[profiles.strict]\n[profiles.dev]\n")

    with pytest.raises(UsageError, match=r"^There is no profile 'stritc'\.") as caught:
        machine.load(profile="stritc")
    assert caught.value.hint == "Did you mean strict?"
    with pytest.raises(UsageError, match=r"^There is no profile ''\."):
        machine.load(profile="")
