"""``download`` and ``wheel``, from the command line to the files in the folder, against plain pip."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from cli.terminal import on_terminal
from conftest import Guard, Ran, Venv
from fakes import FakeIndex, metadata_text, sdist, sha256, wheel

MakeVenv = Callable[..., Venv]


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """An index with wheels, and source archives of which one states its metadata for good."""
    files = tmp_path / "files"
    index.add(wheel(files, "App", "1.0", requires=["lib>=1", 'extra-dep; extra == "more"'], extras=["more"]))
    index.add(wheel(files, "lib", "1.0"))
    index.add(wheel(files, "lib", "1.2"))
    index.add(wheel(files, "lib", "2.0rc1"))
    index.add(wheel(files, "extra-dep", "2.0"))
    index.add(wheel(files, "weak", "1.0"))
    mark = tmp_path / "mark"
    static = metadata_text("static", "1.0", ["lib<1.2"], metadata_version="2.2")
    index.add(sdist(files, "static", "1.0", pkg_info=static, mark=mark))
    index.add(sdist(files, "dynamic", "1.0", mark=mark))
    return index


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def both(guard: Guard, venv: Venv, tmp_path: Path, command: str, *arguments: str, **environ: str) -> tuple[Ran, Ran]:
    """The same command guarded and with plain pip, each in a folder of its own: the same files, the same exit code."""
    assert guard.index is not None
    work, theirs = guard.cwd, tmp_path / "theirs"
    theirs.mkdir()
    for path in work.iterdir():
        shutil.copy(path, theirs)
    ran = guard.fetch(command, *arguments, target=venv, **environ)
    venv.environ = {**venv.environ, **environ}
    plain = venv.pip(command, "-i", guard.index.url, *arguments, cwd=theirs)
    assert (ran.code, plain.code) == (0, 0), (ran.err, plain.err)
    assert contents(work) == contents(theirs)
    return ran, plain


@pytest.mark.parametrize("command", ["download", "wheel"])
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["App[more]==1.0"], id="with dependencies"),
        pytest.param(["--no-deps", "app"], id="--no-deps"),
        pytest.param(["--pre", "lib"], id="--pre"),
        pytest.param(["-r", "requirements.txt", "-c", "constraints.txt"], id="files"),
        pytest.param(["--no-clean", "--exists-action", "w", "--prefer-binary", "lib"], id="further options"),
        pytest.param(["lib; python_version < '3'"], id="nothing applies"),
    ],
)
def test_the_files_that_pip_would_put_there(
    guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, command: str, arguments: list[str]
) -> None:
    """The same files, byte by byte, under the same names, in the working directory, and nothing else."""
    lib = world.projects["lib"][0].path
    (guard.cwd / "requirements.txt").write_text(f"app\nlib==1.0 --hash=sha256:{sha256(lib)}\n--no-require-hashes\n")
    (guard.cwd / "constraints.txt").write_text("extra-dep<2\n")

    both(guard, venv, tmp_path, command, *arguments)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("download", ["-d", "{dest}"]),
        ("download", ["--dest={dest}"]),
        ("download", ["--destination-dir", "{dest}"]),
        ("download", ["--destination-directory", "{dest}"]),
        ("wheel", ["-w", "{dest}"]),
        ("wheel", ["--wheel-dir={dest}"]),
        ("wheel", ["--no-verify", "-w{dest}"]),
    ],
)
@pytest.mark.parametrize("dest", ["deep/er", "~/at home"])
def test_another_folder(
    guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, command: str, words: list[str], dest: str
) -> None:
    """It is made where it is not there; a tilde is the home folder."""
    ran = guard.fetch(command, *(word.format(dest=dest) for word in words), "lib", target=venv)

    assert ran.code == 0, ran.err
    place = guard.cwd / dest if dest == "deep/er" else Path(guard.environ["HOME"]) / "at home"
    assert list(contents(place)) == ["lib-1.2-py3-none-any.whl"]
    assert f"Saved {'./deep/er' if dest == 'deep/er' else place}/lib-1.2-py3-none-any.whl\n" in ran.out


def test_what_is_said_on_stdout(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """Programs read these lines of pip's; all other words are for people and go to stderr."""
    ran, plain = both(guard, venv, tmp_path, "download", "app")
    lines = [line.strip() for line in plain.out.splitlines()]

    assert sorted(ran.out.splitlines()) == sorted(line for line in lines if line.startswith(("Saved", "Successfully")))
    assert ran.err.splitlines()[-1] == "Done: 2 files saved in the working directory."
    assert "Approved: nothing stands against these 2 packages." in ran.said

    again = guard.fetch("download", "app", target=venv)
    plain = venv.pip("download", "-i", world.url, "app", cwd=guard.cwd)
    kept = {line.strip() for line in plain.out.splitlines() if "already downloaded" in line}
    assert kept and kept == {line for line in again.out.splitlines() if "already downloaded" in line}
    assert again.out.splitlines()[-1] == "Successfully downloaded app lib"
    assert again.err.splitlines()[-1] == "Done: 2 files were there already in the working directory."


def test_wheel_says_no_closing_line(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """Neither does pip."""
    assert guard.fetch("wheel", "lib", target=venv).out == "Saved ./lib-1.2-py3-none-any.whl\n"


@pytest.mark.parametrize("command", ["download", "wheel"])
def test_what_is_installed_does_not_count(
    guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, command: str
) -> None:
    """The folder is to hold everything; and the environment is left as it is."""
    assert venv.pip("install", "-i", world.url, "lib==1.0").code == 0
    before = venv.snapshot()

    both(guard, venv, tmp_path, command, "app")

    assert sorted(contents(guard.cwd)) == ["App-1.0-py3-none-any.whl", "lib-1.2-py3-none-any.whl"]
    assert venv.snapshot() == before


def test_a_file_of_that_name_with_other_bytes(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """pip replaces it where the index gives the hash, and so does safe-pip, which says so."""
    (guard.cwd / "lib-1.2-py3-none-any.whl").write_bytes(b"something else")

    ran, _ = both(guard, venv, tmp_path, "download", "app")

    assert "lib-1.2-py3-none-any.whl was there with other content, and was replaced." in ran.said
    assert "already downloaded" not in ran.out


@pytest.mark.parametrize("form", ["{url}", "app @ {url}", "{path}", "./{name}", "{url}#sha256={digest}"])
@pytest.mark.parametrize("command", ["download", "wheel"])
def test_direct_references(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, command: str, form: str) -> None:
    """A URL or path is put beside the rest; one that lies there already stays."""
    path = world.projects["app"][0].path
    shutil.copy(path, guard.cwd)
    text = form.format(url=world.file_url(path), path=path, name=path.name, digest=sha256(path))

    both(guard, venv, tmp_path, command, text)


def test_what_was_downloaded_can_be_installed_without_a_network(
    guard: Guard, world: FakeIndex, make_venv: MakeVenv
) -> None:
    """The point of it all: a folder that is carried over a gap, and installed from on the other side."""
    venv = make_venv("inside")
    assert guard.fetch("download", "-d", "wheels", "app[more]", target=venv).code == 0
    world.stop()
    guard.index = None

    ran = guard.install("--no-index", "-f", "wheels", "app[more]", target=venv)

    assert ran.code == 0, ran.err
    assert venv.freeze() == ["App==1.0", "extra-dep==2.0", "lib==1.2"]


@pytest.mark.parametrize("command", ["download", "wheel"])
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--only-deps", "app"], id="--only-deps"),
        pytest.param(["--group", "dev"], id="--group"),
        pytest.param(["--requirements-from-script", "script.py"], id="--requirements-from-script"),
    ],
)
def test_other_inputs(
    guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, command: str, arguments: list[str]
) -> None:
    """Whatever can be asked of an install can be asked of these."""
    (guard.cwd / "pyproject.toml").write_text('[dependency-groups]\ndev = ["lib<1.2"]\n')
    (guard.cwd / "script.py").write_text('# /// script\n# dependencies = ["lib"]\n# ///\n')

    both(guard, venv, tmp_path, command, *arguments)

    assert len([path for path in guard.cwd.iterdir() if path.suffix == ".whl"]) == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--platform", "win_amd64", "--python-version", "3.11"],
        ["--platform", "win_amd64", "--python-version", "311", "--implementation", "cp", "--abi", "abi3"],
    ],
)
def test_for_another_python(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, options: list[str]) -> None:
    """A folder for another machine: the files that pip chooses for it, without --target or --dry-run."""
    for tag in ("cp311-cp311-win_amd64", "cp311-abi3-win_amd64", "cp312-cp312-any", "py3-none-any"):
        world.add(wheel(tmp_path / "files", "built", "1.0", tag=tag))

    both(guard, venv, tmp_path, "download", "--only-binary=:all:", *options, "built", "lib")

    assert len(contents(guard.cwd)) == 2
    assert "built-1.0-py3-none-any.whl" not in contents(guard.cwd)
    ran = guard.fetch("download", *options, "built", target=venv)
    assert ran.code == 2
    assert "--only-binary=:all:" in ran.said


@pytest.mark.parametrize("name", ["download", "wheel"])
def test_a_managed_python_may_be_downloaded_for(name: str, venv: Venv) -> None:
    """PEP 668 guards what is installed; a folder of files is no part of that."""
    from dataclasses import replace

    from request.asking import no_fetch
    from safe_pip.request.command_line import parse
    from safe_pip.request.commands import COMMANDS
    from safe_pip.request.default_index import default_index
    from safe_pip.request.reading import read_request
    from safe_pip.target import probe

    target = replace(probe(venv.python), externally_managed="Leave it alone.")
    values = parse(["lib", "-v"], (), {}, COMMANDS[name])
    values.given["folder"] = "wheels"

    request = read_request(
        values, target, environ={}, fetch=no_fetch, default_index=default_index, now=datetime.now(timezone.utc)
    )

    assert request.destination.folder == Path("wheels").absolute()
    assert request.selection.ignore_installed
    assert request.selection.source_archives == (name == "download")


# --------------------------------------------------------------------------- source archives


def test_a_source_archive_that_states_its_metadata_is_downloaded(
    guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path
) -> None:
    """Nothing of it is built to be downloaded; its dependencies come along, and nothing of it has run."""
    ran = guard.fetch("download", "static", target=venv)

    assert ran.code == 0, ran.err
    assert sorted(contents(guard.cwd)) == ["lib-1.0-py3-none-any.whl", "static-1.0.tar.gz"]
    assert (guard.cwd / "static-1.0.tar.gz").read_bytes() == world.projects["static"][0].path.read_bytes()
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(("command", "name"), [("download", "dynamic"), ("wheel", "dynamic"), ("wheel", "static")])
@pytest.mark.parametrize("more", [[], ["--allow", "build-required"]])
def test_what_needs_a_build_is_refused(
    guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, command: str, name: str, more: list[str]
) -> None:
    """For its metadata, or for its wheel; also where the finding is waived, since nothing can be built."""
    ran = guard.fetch(command, *more, name, target=venv)

    assert ran.code == (3 if more else 1), ran.err
    assert f"{name} has to be built: it is a source archive" in ran.said
    assert contents(guard.cwd) == {}
    assert not (tmp_path / "mark").exists()


def test_a_source_archive_from_elsewhere(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """By URL as well as by path."""
    path = world.projects["static"][0].path

    for text in (world.file_url(path), str(path)):
        assert guard.fetch("download", "-d", "there", text, target=venv).code == 0
        assert "static-1.0.tar.gz" in contents(guard.cwd / "there")
        shutil.rmtree(guard.cwd / "there")


def test_a_project_folder_is_refused(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """There is no file of it to put anywhere."""
    (guard.cwd / "project").mkdir()
    (guard.cwd / "project" / "pyproject.toml").write_text('[project]\nname = "project"\nversion = "1.0"\n')

    ran = guard.fetch("download", "-d", "there", "./project", target=venv)

    assert ran.code == 1
    assert "project has to be built: it is the project folder" in ran.said
    assert not (guard.cwd / "there").exists()


# --------------------------------------------------------------------------- what stands against it


@pytest.mark.parametrize("command", ["download", "wheel"])
def test_nothing_is_put_there_that_was_refused(guard: Guard, world: FakeIndex, venv: Venv, command: str) -> None:
    """The exit codes of install, words of its own, and not even the folder is made."""
    option = {"download": "--dest", "wheel": "--wheel-dir"}[command]

    ran = guard.fetch(command, option, "there", "weak==1.0", "app", target=venv)

    noun = {"download": "this download. Nothing was downloaded.", "wheel": "these wheels. Nothing was saved."}
    assert (ran.code, ran.out) == (1, "")
    assert f"Refused: 1 finding stands against {noun[command]}" in ran.said
    assert "install" not in ran.err.lower()
    assert list(guard.cwd.iterdir()) == []

    ran = guard.fetch(command, option, "there", "--allow", "PYSEC-2026-1:weak", "weak==1.0", target=venv)
    assert ran.code == 0, ran.err
    assert "weak-1.0-py3-none-any.whl" in contents(guard.cwd / "there")


@pytest.mark.parametrize("command", ["download", "wheel"])
def test_a_dry_run_writes_nothing(guard: Guard, world: FakeIndex, venv: Venv, command: str) -> None:
    """safe-pip's own option, since pip has none here: the verdict and its exit code, and no file."""
    for words in ([command, "--dry-run"], ["--dry-run", command]):
        ran = guard(*words, "-i", world.url, "--advisories", str(guard.advisories), "app", target=venv)

        assert (ran.code, ran.out) == (0, ""), ran.err
        assert "This was a dry run; nothing was " in ran.said
        assert list(guard.cwd.iterdir()) == []
    assert guard.fetch(command, "--dry-run", "weak==1.0", target=venv).code == 1


def test_pips_variables_for_install_do_not_count(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """pip passes over PIP_DRY_RUN, PIP_TARGET and PIP_UPGRADE for download; to obey them would leave files out."""
    both(
        guard, venv, tmp_path, "download", "lib",
        PIP_DRY_RUN="1", PIP_TARGET="target", PIP_UPGRADE="1", PIP_REPORT="r.json", PIP_USER="1",
    )  # fmt: skip


def test_sections_of_pips_configuration(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """Each command has a section of its own beside [global]; that of install is not for it."""
    (guard.cwd / "pip.conf").write_text("[install]\nno-deps = yes\n[download]\npre = yes\n[wheel]\nonly-binary = x\n")

    both(guard, venv, tmp_path, "download", "app", PIP_CONFIG_FILE=str(guard.cwd / "pip.conf"))

    assert "lib-2.0rc1-py3-none-any.whl" in contents(guard.cwd)


@pytest.mark.parametrize("quiet", ["-q", "-qq"])
def test_quiet(guard: Guard, world: FakeIndex, venv: Venv, quiet: str) -> None:
    """Where nothing is wrong nothing is said."""
    ran = guard.fetch("download", quiet, "app", target=venv)

    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert len(contents(guard.cwd)) == 2


@pytest.mark.parametrize("command", ["download", "wheel"])
def test_json_report(guard: Guard, world: FakeIndex, venv: Venv, command: str) -> None:
    """The same report, which says what command it is about; stdout holds it and nothing else."""
    told = guard.fetch(command, "--format", "json", "app", target=venv).json

    assert (told["command"], told["verdict"], told["exit_code"]) == (command, "approved", 0)
    assert [item["filename"] for item in told["plan"]["install"]] == sorted(contents(guard.cwd))
    assert {item["sha256"] for item in told["plan"]["install"]} == {sha256(path) for path in guard.cwd.iterdir()}
    failed = guard.fetch(command, "--format", "json", "nobody", target=venv)
    assert (failed.code, failed.json["command"], failed.json["exit_code"]) == (4, command, 4)

    ran = guard.fetch(command, "--format", "json", "--output", "r.json", "-q", "lib", target=venv)
    assert ran.out == ""
    assert json.loads((guard.cwd / "r.json").read_text())["command"] == command


# --------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize("command", ["download", "wheel"])
@pytest.mark.parametrize(
    "words",
    [
        *(["-U"], ["--upgrade"], ["--upgrade-strategy", "eager"], ["--target", "x"], ["-t", "x"], ["--user"]),
        *(["--root", "x"], ["--prefix", "x"], ["-I"], ["--force-reinstall"], ["--compile"], ["--no-compile"]),
        *(["--break-system-packages"], ["--no-warn-conflicts"], ["--no-warn-script-location"], ["--report", "-"]),
        ["--root-user-action", "ignore"],
    ],
)
def test_options_that_only_install_has(
    guard: Guard, world: FakeIndex, venv: Venv, command: str, words: list[str]
) -> None:
    """pip does not know them here; to pass over one would be to do something else than was asked."""
    ran = guard.fetch(command, *words, "lib", target=venv)

    assert (ran.code, ran.out) == (2, "")
    assert f"Error: No such option: {words[0]}." in ran.said
    assert f"`safe-pip {command} --help` lists the options." in ran.said
    assert world.asked == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("download", ["--wheel-dir", "x"]),
        ("download", ["-w", "x"]),
        ("download", ["--no-verify"]),
        ("download", ["-e", "x"]),
        ("download", ["--config-settings", "x"]),
        ("wheel", ["--dest", "x"]),
        ("wheel", ["-d", "x"]),
        ("wheel", ["--platform", "any"]),
    ],
)
def test_options_of_the_other_command(guard: Guard, venv: Venv, command: str, words: list[str]) -> None:
    """Each has those that pip's has, and not the other's."""
    ran = guard.fetch(command, *words, "lib", target=venv)

    assert ran.code == 2
    assert f"No such option: {words[0]}" in ran.said


@pytest.mark.parametrize("command", ["download", "wheel"])
def test_every_option_of_pip_is_known(environ: dict[str, str], venv: Venv, command: str) -> None:
    """What a person reads in pip's help can be typed after safe-pip as well; what is not in it cannot."""
    import re

    from safe_pip.request.commands import COMMANDS

    shown = Venv(venv.path, {**environ, "COLUMNS": "250"}).pip(command, "--help").out
    named = {
        flag
        for flags in re.findall(r"^ {1,2}(-.*?)(?:  |$)", shown, re.MULTILINE)
        for flag in re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", flags)
    }
    known = {option.flags: option for option in COMMANDS[command].pip_options()}
    flags = {flag for flags in known for flag in flags}

    assert len(named) > 60, shown
    assert named <= flags | {"--version", "-V"}
    # pip shows only the first long spelling of an option, and not those it would rather forget.
    surplus = {flags for flags, option in known.items() if not named & set(flags) and not option.hidden}
    assert surplus == set()


@pytest.mark.parametrize(
    ("place", "said"),
    [("a-file", "a-file is no folder"), ("a-file/below", "a-file is no folder")],
)
def test_a_place_that_is_no_folder(guard: Guard, world: FakeIndex, venv: Venv, place: str, said: str) -> None:
    """It is found before anything is asked."""
    (guard.cwd / "a-file").write_text("")

    ran = guard.fetch("download", "--dest", place, "lib", target=venv)

    assert ran.code == 2
    assert f"--dest {place}:" in ran.said
    assert said in ran.said
    assert world.asked == []


def test_nothing_is_asked_for(guard: Guard, venv: Venv) -> None:
    """A sentence, not an empty folder."""
    ran = guard.fetch("download", target=venv)

    assert ran.code == 2
    assert "There is nothing to fetch." in ran.said


def test_log_is_refused_by_name(guard: Guard, venv: Venv) -> None:
    """pip writes it, and pip is not run."""
    for ran in (guard.fetch("download", "--log", "x", "lib", target=venv), guard.fetch("wheel", "lib", PIP_LOG="x")):
        assert ran.code == 2
        assert "is not supported by safe-pip: it is pip's own log, and pip itself is not run here." in ran.said


# --------------------------------------------------------------------------- what it looks like


@pytest.mark.parametrize("columns", [48, 120])
def test_on_a_terminal(guard: Guard, world: FakeIndex, venv: Venv, columns: int) -> None:
    """Narrow or wide, no line is broken by the terminal, and it speaks of downloading."""
    command = [str(Path(guard_python()).with_name("safe-pip"))]
    words = ["download", "-i", world.url, "--advisories", str(guard.advisories), "-d", "wheels", "app[more]"]

    code, shown = on_terminal(
        [*command, *words], {**guard.environ, "VIRTUAL_ENV": str(venv.path)}, guard.cwd, columns=columns
    )

    plain = without_escapes(shown)
    assert code == 0, shown
    assert "Downloading 3 packages" in plain
    assert "Done: 3 files saved in wheels." in plain
    for line in plain.splitlines():
        assert len(line) <= columns or " " not in line.strip() or line.startswith(("Saved", "Successfully")), line


def guard_python() -> str:
    """The interpreter that runs the tests."""
    import sys

    return sys.executable


def without_escapes(text: str) -> str:
    """What stays on the screen, roughly: escape sequences and what a carriage return takes back are left out."""
    import re

    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return "\n".join(line.rpartition("\r")[2] for line in text.splitlines())
