"""Everything that a request may be read from beside names and requirements files, against plain pip, file by file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Guard, Venv, run
from e2e.beside_pip import MakeVenv, assert_same, both
from fakes import Answer, FakeIndex, sdist, sha256, wheel


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """An index with an application that has an extra, its dependencies in two versions, and a tool."""
    files = tmp_path / "files"
    requires = ["lib>=1", 'extra-dep; extra == "more"']
    index.add(wheel(files, "app", "1.0", requires=requires, extras=["more"], scripts={"app": "app:main"}))
    index.add(wheel(files, "lib", "1.0"))
    index.add(wheel(files, "lib", "2.0", requires=["deep"]))
    index.add(wheel(files, "deep", "1.0"))
    index.add(wheel(files, "extra-dep", "2.0"))
    index.add(wheel(files, "tool", "1.0"))
    index.add(wheel(files, "grown", "1.0", requires=["lib<2"]))
    index.add(wheel(files, "grown", "2.0", requires=["lib>=2"]))
    return index


def offered(index: FakeIndex, name: str, version: str) -> Path:
    """The wheel of a version on the test's index."""
    return next(item.path for item in index.projects[name] if f"-{version}-" in item.path.name)


# --------------------------------------------------------------------------- groups and scripts

PROJECT = """
[dependency-groups]
Test_Tools = ["tool", {include-group = "lib.pin"}]
lib-pin = ["lib<2"]
all = ["app[more]==1.0; python_version > '3'", "nothing; python_version < '3'", {include-group = "TEST-tools"}]
"""


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--group", "all"], id="of this folder"),
        pytest.param(["--group=test.tools"], id="name in another spelling"),
        pytest.param(["--group", "sub/pyproject.toml:lib-pin", "--group", "all"], id="of two files"),
        pytest.param(["--group", "lib-pin", "app"], id="beside a name"),
    ],
)
def test_groups(guard: Guard, world: FakeIndex, make_venv: MakeVenv, options: list[str]) -> None:
    """PEP 735: what stands in the groups, also through includes, counts as asked for."""
    (guard.cwd / "sub").mkdir()
    for folder in (guard.cwd, guard.cwd / "sub"):
        (folder / "pyproject.toml").write_text(PROJECT)

    _, guarded, plain = both(guard, make_venv, options)

    assert_same(guarded, plain)
    assert "lib==1.0" in guarded.freeze()


def test_a_failure_says_which_group_asked(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """With several groups and files in play, whoever has to mend one must learn which."""
    (guard.cwd / "pyproject.toml").write_text("[dependency-groups]\ndev = ['lib>=9']\n")

    ran = guard.install("--group", "dev", target=venv)

    assert ran.code == 4
    assert "in pyproject.toml, group dev" in ran.said


def test_a_script(guard: Guard, world: FakeIndex, make_venv: MakeVenv) -> None:
    """PEP 723: a script states what it needs in a comment."""
    (guard.cwd / "script.py").write_bytes(
        b"#!/usr/bin/env python\r\n# /// other\r\n# x = 1\r\n# ///\r\n\r\n"
        b"# /// script\r\n# requires-python = '>=3.8'\r\n# dependencies = [\r\n#   'app[more]',\r\n"
        b"#\r\n#   'lib<2',\r\n# ]\r\n# ///\r\nraise SystemExit('not to be run')\r\n"
    )

    _, guarded, plain = both(guard, make_venv, ["--requirements-from-script", "script.py"])

    assert_same(guarded, plain)
    assert "extra-dep==2.0" in guarded.freeze()


# --------------------------------------------------------------------------- --only-deps


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([["--only-deps", "app"]], id="a name"),
        pytest.param([["--only-dependencies", "app[more]==1.0"]], id="an extra"),
        pytest.param([["--only-deps", "app", "lib"]], id="a dependency that is named as well"),
        pytest.param([["--only-deps", "app", "lib<2"]], id="a dependency that is named and held back"),
        pytest.param([["--only-deps", "tool"]], id="no dependency"),
        pytest.param([["--no-deps", "app"], ["--only-deps", "app[more]"]], id="what is there already"),
        pytest.param([["app", "lib<2"], ["--only-deps", "-U", "--upgrade-strategy=eager", "app"]], id="upgraded"),
        pytest.param([["app"], ["--only-deps", "--force-reinstall", "app"]], id="--force-reinstall"),
        pytest.param([["grown<2"], ["--only-deps", "-U", "grown"]], id="of a newer version than what is there"),
        pytest.param([["--only-deps", "app @ {app}"]], id="a URL"),
        pytest.param([["--only-deps", "{app}#egg=app"]], id="a bare URL"),
    ],
)
def test_only_dependencies(guard: Guard, world: FakeIndex, make_venv: MakeVenv, steps: list[list[str]]) -> None:
    """What is named is resolved and left out, and its dependencies count as dependencies, as with pip."""
    url = world.file_url(offered(world, "app", "1.0"))

    _, guarded, plain = both(guard, make_venv, *([word.replace("{app}", url) for word in step] for step in steps))

    assert_same(guarded, plain)


def test_only_dependencies_never_brings_in_what_was_named(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """The report says what was left out, and its file is not fetched whole: nobody is to check or install it."""
    ran = guard.install("--only-deps", "--format", "json", "app", target=venv)

    assert ran.code == 0, ran.err
    assert [item["name"] for item in ran.json["plan"]["install"]] == ["deep", "lib"]
    assert ran.json["plan"]["left_out"] == [{"name": "app", "version": "1.0"}]
    assert not (venv.site_packages / "app").exists()


def test_dependencies_that_only_a_build_would_tell(guard: Guard, index: FakeIndex, tmp_path: Path, venv: Venv) -> None:
    """Promise 6: nothing stands against an empty plan, but what should be in it is not known."""
    mark = tmp_path / "mark"
    index.add(sdist(tmp_path / "files", "source", "1.0", requires=["lib"], mark=mark))

    ran = guard.install("--only-deps", "--format", "json", "source", target=venv)

    assert ran.code == 3
    assert [item["code"] for item in ran.json["unchecked"]] == ["unknown-dependencies"]
    assert not mark.exists()


# --------------------------------------------------------------------------- lock files


def locked(index: FakeIndex, name: str, version: str, **more: Any) -> dict[str, Any]:
    """An entry of a lock file for a wheel of the test's index."""
    path = offered(index, name, version)
    file = {"name": path.name, "url": index.file_url(path), "hashes": {"sha256": sha256(path)}}
    return {"name": name, "version": version, "wheels": [file], **more}


def lock_text(*packages: dict[str, Any], **more: Any) -> str:
    """A lock file, in the part of TOML that is JSON with other separators."""

    def value(item: Any) -> str:
        if isinstance(item, dict):
            return f"{{{', '.join(f'{key} = {value(inner)}' for key, inner in item.items())}}}"
        if isinstance(item, list):
            return f"[{', '.join(map(value, item))}]"
        return json.dumps(item)

    head = {"lock-version": "1.0", "created-by": "tests", **more}
    lines = [f"{key} = {value(item)}" for key, item in head.items()]
    return "\n".join([*lines, f"packages = {value(list(packages))}"]) + "\n"


def test_a_lock_file(guard: Guard, world: FakeIndex, make_venv: MakeVenv) -> None:
    """PEP 751: the files that are locked are installed, whatever newer ones the index has, and all count as asked."""
    (guard.cwd / "pylock.toml").write_text(
        lock_text(
            locked(world, "app", "1.0"),
            locked(world, "lib", "1.0"),
            locked(world, "extra-dep", "2.0", marker="'more' in extras"),
            locked(world, "tool", "1.0", marker="'dev' in dependency_groups"),
            locked(world, "deep", "1.0", marker="python_version < '3'"),
            extras=["more"],
            **{"dependency-groups": ["dev"], "default-groups": ["dev"]},
        )
    )

    ran, guarded, plain = both(guard, make_venv, ["-r", "pylock.toml"])

    assert_same(guarded, plain)
    assert ran.out == "Successfully installed app-1.0 lib-1.0 tool-1.0\n"
    assert not any(path.startswith("/simple/") for path in world.paths()), "a locked package was looked for elsewhere"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-r", "pylock.dev.toml[More]"], ["app==1.0", "extra-dep==2.0", "lib==1.0"]),
        (["--group", "pylock.dev.toml:dev"], ["app==1.0", "lib==1.0", "tool==1.0"]),
        (
            ["-r", "./pylock.dev.toml[more]", "--group", "./pylock.dev.toml:dev"],
            ["app==1.0", "extra-dep==2.0", "lib==1.0", "tool==1.0"],
        ),
        (["-r", "{url}"], ["app==1.0", "lib==1.0"]),
        (["-r", "{file}"], ["app==1.0", "lib==1.0"]),
    ],
    ids=str,
)
def test_parts_and_places_of_a_lock_file(
    guard: Guard, world: FakeIndex, make_venv: MakeVenv, options: list[str], expected: list[str]
) -> None:
    """Extras and groups are chosen beside the file's name, which may be a path, a file URL or lie on a server."""
    text = lock_text(
        locked(world, "app", "1.0"),
        locked(world, "lib", "1.0"),
        locked(world, "extra-dep", "2.0", marker="'more' in extras"),
        locked(world, "tool", "1.0", marker="'dev' in dependency_groups"),
        extras=["more"],
        **{"dependency-groups": ["dev"]},
    )
    (guard.cwd / "pylock.dev.toml").write_text(text)
    world.override("/lock/pylock.dev.toml", Answer(text.encode(), 200, {"Content-Type": "text/plain; charset=utf-8"}))
    places = {"{url}": f"{world.base}/lock/pylock.dev.toml", "{file}": (guard.cwd / "pylock.dev.toml").as_uri()}

    _, guarded, plain = both(guard, make_venv, [places.get(word, word) for word in options])

    assert_same(guarded, plain)
    assert guarded.freeze() == expected


def test_paths_in_a_lock_file(guard: Guard, world: FakeIndex, make_venv: MakeVenv) -> None:
    """A path starts from where the lock file lies, not from where the program runs."""
    (guard.cwd / "sub" / "files").mkdir(parents=True)
    path = wheel(guard.cwd / "sub" / "files", "lone", "1.0")
    entry = {"path": f"files/{path.name}", "hashes": {"sha256": sha256(path)}}
    (guard.cwd / "sub" / "pylock.toml").write_text(lock_text({"name": "lone", "wheels": [entry]}))

    _, guarded, plain = both(guard, make_venv, ["-r", "sub/pylock.toml"])

    assert_same(guarded, plain)
    assert guarded.freeze() == ["lone==1.0"]


def test_an_archive_in_a_lock_file_is_a_direct_reference(guard: Guard, world: FakeIndex, make_venv: MakeVenv) -> None:
    """Its URL is recorded (PEP 610), as if it had been named by its URL; that of a locked wheel is not."""
    path = offered(world, "tool", "1.0")
    archive = {"url": world.file_url(path), "hashes": {"sha256": sha256(path)}}
    text = lock_text({"name": "tool", "archive": archive}, locked(world, "deep", "1.0"))
    (guard.cwd / "pylock.toml").write_text(text)

    _, guarded, plain = both(guard, make_venv, ["-r", "pylock.toml"])

    assert_same(guarded, plain)
    assert guarded.inspect()["tool"]["direct_url"]["url"] == world.file_url(path)
    assert guarded.inspect()["deep"]["direct_url"] is None


def test_what_pip_locks(guard: Guard, world: FakeIndex, make_venv: MakeVenv) -> None:
    """A lock file that pip itself wrote, taken into an environment where something is installed already."""
    lock = make_venv("locker").pip(
        "lock", "--index-url", world.url, "-o", str(guard.cwd / "pylock.toml"), "app[more]", "lib<2", cwd=guard.cwd
    )
    assert lock.code == 0, lock.err

    _, guarded, plain = both(guard, make_venv, ["lib==2.0"], ["-r", "pylock.toml"], ["-r", "pylock.toml"])

    assert_same(guarded, plain)
    assert guarded.freeze() == ["app==1.0", "deep==1.0", "extra-dep==2.0", "lib==1.0"]


def test_a_locked_file_behind_a_login(guard: Guard, make_venv: MakeVenv, tmp_path: Path) -> None:
    """A lock file may carry a password in its URLs: it is used, and said nowhere."""
    path = wheel(tmp_path / "files", "lone", "1.0")
    with FakeIndex(login=("user", "se@cret")) as private:
        private.add(path)
        url = private.file_url(path).replace("://", "://user:se%40cret@")
        entry = {"url": url, "hashes": {"sha256": sha256(path)}}
        (guard.cwd / "pylock.toml").write_text(lock_text({"name": "lone", "version": "1.0", "wheels": [entry]}))

        ran, guarded, plain = both(guard, make_venv, ["-r", "pylock.toml"])
        shown = guard.install("-I", "-r", "pylock.toml", "--format", "json", target=guarded)

    assert_same(guarded, plain)
    assert shown.code == 0
    for text in (ran.out, ran.err, shown.out, shown.err):
        assert "cret" not in text


def test_a_locked_source_archive_would_have_to_be_built(guard: Guard, tmp_path: Path, venv: Venv) -> None:
    """Promise 1 holds for what a lock file names as well: nothing is built, and that is said."""
    mark = tmp_path / "mark"
    path = sdist(guard.cwd, "lone", "1.0", mark=mark)
    entry = {"path": path.name, "hashes": {"sha256": sha256(path)}}
    (guard.cwd / "pylock.toml").write_text(lock_text({"name": "lone", "version": "1.0", "sdist": entry}))

    ran = guard.install("-r", "pylock.toml", "--format", "json", target=venv)

    assert ran.code == 1
    assert [item["code"] for item in ran.json["findings"]] == ["build-required"]
    assert not mark.exists()


@pytest.mark.parametrize("hashes", [{"sha256": "0" * 64}, {"sha512": "0" * 128}], ids=str)
def test_a_locked_file_must_have_its_hashes(guard: Guard, world: FakeIndex, venv: Venv, hashes: dict[str, str]) -> None:
    """The whole point of a lock file: other bytes than those that were locked are refused, with nothing installed; one
    hash that agrees does not outweigh another that does not."""
    entry = locked(world, "tool", "1.0")
    entry["wheels"][0]["hashes"] |= hashes
    (guard.cwd / "pylock.toml").write_text(lock_text(entry))

    ran = guard.install("-r", "pylock.toml", "--format", "json", target=venv)

    assert ran.code == 1, ran.err
    assert {item["code"] for item in ran.json["findings"]} == {"hash-mismatch"}
    assert venv.freeze() == []


def test_a_dependency_that_is_not_locked_is_refused(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """A lock file puts the run into hash mode: what it does not name has no hash, for pip as for us."""
    (guard.cwd / "pylock.toml").write_text(lock_text(locked(world, "app", "1.0")))

    ran = guard.install("-r", "pylock.toml", target=venv)
    plain = venv.pip("install", "--index-url", world.url, "-r", "pylock.toml", cwd=guard.cwd)

    assert ran.code == 2
    assert "has no hash, and hashes are required of everything" in ran.said
    assert plain.code == 1


# --------------------------------------------------------------------------- --uploaded-prior-to


@pytest.fixture
def dated(guard: Guard, tmp_path: Path) -> FakeIndex:
    """The test's index, with upload times, of which the last lies far in the future."""
    index = guard.index
    assert index is not None
    index.json = True
    for version, time in (
        ("1.0", "2020-01-01T00:00:00Z"),
        ("2.0", "2024-05-01T12:00:00.500000Z"),
        ("3.0", "2999-01-01T00:00:00Z"),
    ):
        index.add(wheel(tmp_path / "files", "dated", version), upload_time=time)
    return index


@pytest.mark.parametrize(
    ("cutoff", "version"),
    [
        ("2024-05-01T12:00:00.500000Z", "1.0"),
        ("2024-05-01T12:00:00.500001Z", "2.0"),
        ("2024-05-01T14:00:00+02:00", "1.0"),
        ("2023-01-01", "1.0"),
        ("P0D", "2.0"),
        ("P1D", "2.0"),
    ],
)
def test_only_older_uploads(guard: Guard, dated: FakeIndex, make_venv: MakeVenv, cutoff: str, version: str) -> None:
    """The usual guard against packages that were put up an hour ago; the cutoff itself is too late."""
    _, guarded, plain = both(guard, make_venv, ["--uploaded-prior-to", cutoff, "dated"])

    assert_same(guarded, plain)
    assert guarded.freeze() == [f"dated=={version}"]


def test_no_version_is_old_enough(guard: Guard, dated: FakeIndex, venv: Venv) -> None:
    """Whoever reads the error learns that there are versions, and why they were not taken."""
    ran = guard.install("--uploaded-prior-to", "2019-01-01", "dated", target=venv)

    assert ran.code == 4
    assert "dated 3.0, 2.0, 1.0: uploaded too late for --uploaded-prior-to" in ran.said
    assert "Without --uploaded-prior-to" in ran.said


def test_an_index_without_upload_times_cannot_be_checked(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """Promise 6: a file of unknown age is not an old one; pip stops here as well."""
    ran = guard.install("--uploaded-prior-to", "P3D", "app", target=venv)
    plain = venv.pip("install", "--index-url", world.url, "--uploaded-prior-to", "P3D", "app")

    assert ran.code == 3
    assert "does not say when app-1.0-py3-none-any.whl was uploaded" in ran.said
    assert plain.code == 1
    assert "does not provide upload-time metadata" in plain.err


# --------------------------------------------------------------------------- another Python


@pytest.fixture
def foreign(guard: Guard, tmp_path: Path) -> FakeIndex:
    """The test's index, with wheels for several Pythons and platforms."""
    index = guard.index
    assert index is not None
    files = tmp_path / "files"
    tags = [
        "cp39-cp39-win_amd64",
        "cp39-cp39-manylinux1_x86_64",
        "pp39-none-any",
        "py39-none-any",
        "cp39-abi3-macosx_10_9_universal2",
    ]
    for number, tag in enumerate(tags):
        index.add(wheel(files, "native", f"1.{number}", tag=tag, requires=["pure; python_version >= '3.10'"]))
    index.add(wheel(files, "pure", "1.0", requires_python="<3.10"))
    index.add(wheel(files, "pure", "2.0", requires_python=">=3.10"))
    return index


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--platform", "win_amd64", "--python-version", "3.9"], ["native 1.3", "pure 1.0"]),
        (
            ["--platform", "win_amd64", "--python-version", "39", "--implementation", "cp", "--abi", "cp39"],
            ["native 1.3", "pure 1.0"],
        ),
        (["--platform=manylinux2014_x86_64", "--python-version=3.9.7", "native<1.3"], ["native 1.1", "pure 1.0"]),
        (["--platform=macosx_11_0_arm64", "--python-version=3.12"], ["native 1.4", "pure 2.0"]),
        (["--implementation", "pp", "--python-version", "3.9", "native!=1.3"], ["native 1.2", "pure 1.0"]),
    ],
    ids=lambda item: " ".join(item),
)
def test_another_python(
    guard: Guard, foreign: FakeIndex, make_venv: MakeVenv, options: list[str], names: list[str]
) -> None:
    """A folder for another machine: its wheels and its Requires-Python, and the markers of this one, as pip has it."""
    guarded, plain = make_venv("guarded"), make_venv("plain")
    arguments = ["--only-binary=:all:", "--target", "there", *options, "native"]

    ran = guard.install(*arguments, target=guarded)
    there = {path.name for path in (guard.cwd / "there").iterdir()}
    (guard.cwd / "there").rename(guard.cwd / "guarded-there")
    done = plain.pip("install", "--index-url", foreign.url, *arguments, cwd=guard.cwd)

    assert ran.code == 0, ran.err
    assert done.code == 0, done.err
    assert there == {path.name for path in (guard.cwd / "there").iterdir()}
    assert there >= {f"{name.replace(' ', '-')}.dist-info" for name in names}


# --------------------------------------------------------------------------- constraints with hashes


def test_constraints_with_hashes(guard: Guard, world: FakeIndex, make_venv: MakeVenv) -> None:
    """A file of constraints may carry the hashes for what is asked for by name only."""
    lines = [
        f"{name}=={version} --hash=sha256:{sha256(offered(world, name, version))}\n"
        for name, version in (("app", "1.0"), ("lib", "1.0"))
    ]
    (guard.cwd / "c.txt").write_text("".join(lines))

    _, guarded, plain = both(guard, make_venv, ["-c", "c.txt", "app"])

    assert_same(guarded, plain)
    assert guarded.freeze() == ["app==1.0", "lib==1.0"]


# --------------------------------------------------------------------------- pipes


@pytest.mark.parametrize(
    "line",
    [
        "printf 'lib\\ntool==1.0' | {install} -r /dev/stdin -c <(echo 'lib<2')",
        "printf 'lib<2' | {install} -r - tool -r /dev/stdin",
        "{install} -r <(printf 'lib \\\\\\n  <2 # older\\n') tool",
        "{install} tool --requirements-from-script <(printf '# /// script\\n# dependencies = [\"lib<2\"]\\n# ///\\n')",
    ],
)
def test_pipes(guard: Guard, world: FakeIndex, venv: Venv, line: str) -> None:
    """Files that are pipes can be read once, and no program that is started may read them first."""
    (guard.cwd / "-").write_text("# a file of this name: pip has no sign for its input\n")
    command = f"{sys.executable} -m safe_pip install --dry-run --format json --index-url {world.url}"
    command += f" --advisories {guard.advisories}"
    environ = {**guard.environ, "VIRTUAL_ENV": str(venv.path)}

    ran = run(["bash", "-c", line.replace("{install}", command)], environ, guard.cwd)

    assert ran.code == 0, ran.err
    found = {(item["name"], item["version"]) for item in ran.json["plan"]["install"]}
    assert found == {("lib", "1.0"), ("tool", "1.0")}


# --------------------------------------------------------------------------- paths that cannot even be looked at

# A name that no file system takes stands for a folder that this user may not enter, which root always may.
NOWHERE = "/" + "x" * 300


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--report", f"{NOWHERE}/report.json", "tool"), 2),
        (("--output", f"{NOWHERE}/report.json", "tool"), 2),
        (("--target", NOWHERE, "--dry-run", "tool"), 0),
        ((f"tool @ file://{NOWHERE}/tool-1.0-py3-none-any.whl",), 3),
        ((f"file://{NOWHERE}/tool-1.0-py3-none-any.whl",), 3),
        (("-r", NOWHERE), 2),
        (("--advisories", NOWHERE, "tool"), 3),
    ],
    ids=["report", "output", "target", "reference", "url", "requirements", "advisories"],
)
def test_a_path_that_cannot_be_looked_at(
    guard: Guard, venv: Venv, world: FakeIndex, arguments: tuple[str, ...], code: int
) -> None:
    """It is told as what it is, and not as a defect of safe-pip."""
    ran = guard.install(*arguments, target=venv)
    assert ran.code == code, ran.err
    assert "unexpected" not in ran.err


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "PIP_CONFIG_FILE"])
def test_a_configuration_that_cannot_be_looked_at(guard: Guard, venv: Venv, world: FakeIndex, variable: str) -> None:
    """pip takes it for one that is not there; a user whose HOME is somebody else's, as in a container, has it so."""
    guard.environ.pop("PIP_CONFIG_FILE", None)
    ran = guard.install("--dry-run", "tool", target=venv, **{variable: NOWHERE})
    assert ran.code == 0, ran.err
