"""Promise 2: the bytes that were hashed, inspected and approved are the bytes that pip installs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from attacks.hostile.zips import Part, wheel_of, written
from conftest import Guard, Venv
from fakes import Answer, Asked, FakeIndex, ranged, sha256, wheel

MakeVenv = Callable[..., Venv]


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two wheels of one name: what is offered, and what an attacker would rather serve."""
    good = wheel(tmp_path / "good", "demo", "1.0", padding=200_000)
    bad = wheel(tmp_path / "bad", "demo", "1.0", files={"demo/evil.py": "evil\n"}, padding=200_000)
    return good, bad


def test_a_file_that_changes_between_page_and_download(
    guard: Guard, index: FakeIndex, venv: Venv, two: tuple[Path, Path]
) -> None:
    """The page's hash is what counts; a file that does not have it is deleted, and nothing is installed."""
    good, bad = two
    index.add(good)
    index.override(index.file(good), lambda asked: ranged(bad.read_bytes(), asked))
    before = venv.snapshot()

    ran = guard.install("--format", "json", "demo", target=venv)

    assert ran.code == 1, ran.err
    assert [finding["code"] for finding in ran.json["findings"]] == ["hash-mismatch"]
    assert venv.snapshot() == before


def test_a_file_that_changes_between_the_range_read_and_the_download(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path
) -> None:
    """Metadata is read from a part of the file; the whole that comes later must say the same, hash or no hash."""
    good = wheel(tmp_path / "good", "demo", "1.0", padding=200_000)
    bad = wheel(tmp_path / "bad", "demo", "1.0", requires=["surprise"], padding=200_000)
    index.add(good, hashes={})
    index.add(wheel(tmp_path / "bad", "surprise", "1.0"))

    def answer(asked: Asked) -> Answer:
        body = good if "range" in asked.headers else bad
        return ranged(body.read_bytes(), asked)

    index.override(index.file(good), answer)
    before = venv.snapshot()

    ran = guard.install("--format", "json", "demo", target=venv)

    assert ran.code == 1, ran.err
    (finding,) = ran.json["findings"]
    assert finding["code"] == "metadata-mismatch"
    assert "Requires-Dist" in finding["message"] and "surprise" in finding["message"]
    assert venv.snapshot() == before


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_changes_on_the_second_request(
    guard: Guard, index: FakeIndex, venv: Venv, two: tuple[Path, Path], ranges: bool
) -> None:
    """Whatever is served later, what is installed has the hash that was checked; there may be no second request."""
    good, bad = two
    index.ranges = ranges
    index.add(good)
    served: list[str] = []

    def answer(asked: Asked) -> Answer:
        served.append(asked.headers.get("range", "whole"))
        return ranged((good if len(served) == 1 else bad).read_bytes(), asked, ranges=ranges)

    index.override(index.file(good), answer)
    before = venv.snapshot()

    ran = guard.install("demo", target=venv)

    if ranges:
        assert ran.code == 1, ran.err
        assert venv.snapshot() == before
    else:
        # The first request brought the whole file, so there is no second one that could bring another.
        assert ran.code == 0, ran.err
        assert served == ["bytes=-65536"]
        assert not (venv.site_packages / "demo" / "evil.py").exists()


@pytest.mark.parametrize("options", [["--no-cache-dir"], []], ids=["no cache", "cache"])
def test_a_file_that_changes_between_dry_run_and_install(
    guard: Guard, index: FakeIndex, venv: Venv, two: tuple[Path, Path], options: list[str]
) -> None:
    """A dry run that went well says nothing about bytes that are served afterwards; those it kept are still good."""
    good, bad = two
    index.add(good)
    assert guard.install("--dry-run", "demo", *options, target=venv).code == 0
    index.override(index.file(good), lambda asked: ranged(bad.read_bytes(), asked))

    assert guard.install("demo", *options, target=venv).code == bool(options)
    assert (venv.site_packages / "demo").exists() != bool(options)
    assert not (venv.site_packages / "demo" / "evil.py").exists()


def test_a_hash_of_the_user_that_does_not_match(
    guard: Guard, index: FakeIndex, venv: Venv, two: tuple[Path, Path]
) -> None:
    """--hash in a requirements file is a promise to refuse anything else."""
    index.add(two[0])
    (guard.cwd / "requirements.txt").write_text(f"demo==1.0 --hash=sha256:{'1' * 64}\n")

    ran = guard.install("-r", "requirements.txt", target=venv)

    assert ran.code == 1, ran.err
    assert "hash-mismatch" in ran.err
    assert "--hash is " + "1" * 64 in ran.said


def test_a_sidecar_that_lies(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """A metadata file beside a wheel can hide a dependency from the resolver; the wheel's METADATA is compared."""
    index.sidecars = True
    honest = wheel(tmp_path / "honest", "demo", "1.0")
    lying = wheel(tmp_path / "files", "demo", "1.0", requires=["hidden"])
    from fakes import own_metadata

    index.add(lying, sidecar=own_metadata(honest))
    index.add(wheel(tmp_path / "files", "hidden", "1.0"))

    ran = guard.install("--format", "json", "demo", target=venv)

    assert ran.code == 1, ran.err
    assert [finding["code"] for finding in ran.json["findings"]] == ["metadata-mismatch"]


def test_a_sidecar_with_another_hash(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """The page says what the metadata file hashes to; one that does not is told, even if the wheel is sound."""
    index.sidecars = True
    index.add(wheel(tmp_path, "demo", "1.0"), sidecar_hash="0" * 64)

    ran = guard.install("--format", "json", "demo", target=venv)

    assert ran.code == 1, ran.err
    (finding,) = ran.json["findings"]
    assert finding["code"] == "hash-mismatch"
    assert "demo-1.0-py3-none-any.whl.metadata" in finding["message"]


@pytest.mark.parametrize("what", ["name", "version"])
def test_a_wheel_that_is_another(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, what: str) -> None:
    """A file name that says one thing and METADATA that says another: refused where nothing else is left."""
    other = {"name": {"metadata_name": "other"}, "version": {"metadata_version": "6.6.6"}}[what]
    index.add(wheel(tmp_path, "demo", "1.0", **other))  # type: ignore[arg-type]

    ran = guard.install("--format", "json", "demo", target=venv)

    assert ran.code == 1, ran.err
    assert [finding["code"] for finding in ran.json["findings"]] == ["metadata-mismatch"]


def test_a_wheel_that_is_another_by_url(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """A direct URL has no index to vouch for its name."""
    path = index.add(wheel(tmp_path, "demo", "1.0", metadata_version="6.6.6"))

    ran = guard.install("--format", "json", index.file_url(path), target=venv)

    assert ran.code == 1, ran.err
    assert "6.6.6" in ran.json["findings"][0]["message"]


def test_a_local_file_that_changes_after_it_was_read(
    guard: Guard, index: FakeIndex, venv: Venv, two: tuple[Path, Path]
) -> None:
    """A file on this machine is copied once; what happens to the original afterwards does not matter."""
    good, bad = two
    (guard.cwd / good.name).write_bytes(good.read_bytes())

    def swap(_: Asked) -> Answer | None:
        (guard.cwd / good.name).write_bytes(bad.read_bytes())
        return None

    index.add(wheel(good.parent, "late", "1.0"))
    index.override("/files/late-1.0-py3-none-any.whl", swap)

    ran = guard.install(f"./{good.name}", "late", target=venv)

    assert ran.code == 0, ran.err
    assert not (venv.site_packages / "demo" / "evil.py").exists()


_PATH_NEEDED = ("{path}", "dependency")
FILE_URLS = [
    "{path}",
    "file://{path}",
    "file:{path}",
    "file://localhost{path}",
    "file:///{path}",
    "file://{path}?",
    "file://{path}#",
    "file://{path}#subdirectory=a%20b",
    "file://{path}#sha256={sha256}",
    "file://{path}#egg=demo&sha256={sha256}",
    "demo @ file://{path}",
    "demo @ file:{path}",
    "demo @ file://{path}?",
    "demo @ file://{path}#subdirectory=a%20b",
    "demo @ file://{path}#sha256={sha256}",
]


@pytest.mark.parametrize(
    ("url", "asked_by"),
    # A path cannot be a dependency.
    [(url, asked_by) for url in FILE_URLS for asked_by in ("user", "dependency") if (url, asked_by) != _PATH_NEEDED],
)
def test_pip_never_reads_the_file_that_a_url_names(
    guard: Guard, index: FakeIndex, venv: Venv, two: tuple[Path, Path], tmp_path: Path, url: str, asked_by: str
) -> None:
    """Without a network a file: URL still leads somewhere: to a file that may have been changed since it was checked.

    The target's own .pth file, which runs when pip starts, puts the bad file in the good one's place.
    """
    good, bad = two
    asked = url.format(path=good, sha256=sha256(good).upper())
    if asked_by == "dependency":
        index.add(wheel(tmp_path / "files", "app", "1.0", requires=[f"demo @ {asked.removeprefix('demo @ ')}"]))
    swap = f"import os, shutil; shutil.copyfile({str(bad)!r}, {str(good)!r})\n"
    (venv.site_packages / "swap.pth").write_text(swap)

    ran = guard.install(asked if asked_by == "user" else "app", target=venv)

    assert not (venv.site_packages / "demo" / "evil.py").exists()
    assert ran.code == 0, ran.err
    assert (venv.site_packages / "demo" / "__init__.py").exists()
    assert good.read_bytes() == bad.read_bytes(), "nothing was swapped, so nothing was tried"


def test_a_variable_in_a_url_is_not_expanded_by_pip(guard: Guard, venv: Venv, tmp_path: Path) -> None:
    """pip expands variables in requirements files, but not on the command line, where this was written."""
    wheel(tmp_path / "other", "demo", "1.0", files={"demo/evil.py": "evil\n"})
    good = wheel(tmp_path / "${WHICH}", "demo", "1.0")

    ran = guard.install(f"demo @ file://{good}", target=venv, WHICH="other")

    assert ran.code == 0, ran.err
    assert not (venv.site_packages / "demo" / "evil.py").exists()


def test_a_url_that_pip_reads_otherwise(guard: Guard, venv: Venv, tmp_path: Path) -> None:
    """What pip would take for a marker cannot be told to it: nothing is installed rather than something else."""
    good = wheel(tmp_path / "a;b", "demo", "1.0")

    ran = guard.install(good.as_uri().replace("%3B", ";"), target=venv)

    assert ran.code == 3
    assert "pip would read the URL of demo in another way than it was checked" in ran.said
    assert venv.freeze() == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"demo-1.0.data/purelib/evil-6.6.dist-info/METADATA": "Name: evil\nVersion: 6.6\n"}, "of another package"),
        ({"evil-6.6.egg-info/PKG-INFO": "Name: evil\nVersion: 6.6\n"}, "of another package"),
        ({"Evil-6.6.DIST-INFO/METADATA": "Name: evil\nVersion: 6.6\n"}, "of another package"),
        ({"demo-1.0.dist-info/WHEEL": "Wheel-Version: 9.0\n"}, "its format is of version 9.0"),
        ({"demo-1.0.dist-info/WHEEL": ""}, "its format is of version unknown"),
        ({"../outside.py": ""}, "leads out of its folder"),
    ],
    ids=["in-data", "egg-info", "capitals", "later-format", "no-format", "outside"],
)
def test_a_wheel_that_would_install_something_else(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, files: dict[str, str], said: str
) -> None:
    """What pip would count as a package that nobody looked up, or would stop at half-way, is found before."""
    index.add(wheel(tmp_path / "files", "demo", "1.0", files=files))
    before = venv.snapshot()

    ran = guard.install("demo", target=venv)

    assert ran.code == 3, ran.err
    assert said in ran.said
    assert venv.snapshot() == before


def test_a_wheel_whose_folder_is_of_another_version(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """The folder's name is what an installed version is known by: METADATA would say one thing and pip another."""
    made = wheel(tmp_path / "files", "demo", "9.9", metadata_version="1.0")
    index.add(made.rename(made.with_name("demo-1.0-py3-none-any.whl")))

    ran = guard.install("demo", target=venv)

    assert ran.code == 3, ran.err
    assert "is not that of version 1.0" in ran.said
    assert venv.freeze() == []


def test_versions_spelled_otherwise_are_the_same(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """A file may say 1.0 and its METADATA 1.0.0; that is no reason to call the install a failure."""
    made = wheel(tmp_path / "files", "demo", "1.0.0")
    index.add(made.rename(made.with_name("demo-1.0-py3-none-any.whl")))

    ran = guard.install("demo", target=venv)

    assert ran.code == 0, ran.err
    assert venv.freeze() == ["demo==1.0.0"]


@pytest.mark.parametrize(
    "filename",
    [
        f"demo-{'9' * 5000}-py3-none-any.whl",
        f"demo-1.0-{'9' * 5000}-py3-none-any.whl",
        f"demo-{'9' * 5000}!1.0-py3-none-any.whl",
        f"demo-{'9' * 5000}.tar.gz",
        f"demo-2.0-{'.'.join(f'a{n}' for n in range(300))}-{'.'.join(f'b{n}' for n in range(300))}-any.whl",
    ],
    ids=["version", "build", "epoch", "sdist", "tags"],
)
def test_one_odd_link_does_not_stop_the_others(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, filename: str
) -> None:
    """Numbers of thousands of digits make the parsers of versions give up, and tags multiply."""
    index.add(wheel(tmp_path / "files", "demo", "1.0"))
    page = index.html_page("demo").replace("<body>", f'<body><a href="../../files/{filename}">x</a>')
    index.override(index.page("demo"), Answer(page.encode(), 200, {"Content-Type": "text/html"}))

    ran = guard.install("demo", target=venv)

    assert ran.code == 0, ran.err
    assert venv.freeze() == ["demo==1.0"]


@pytest.mark.parametrize(
    "requirement",
    [
        f"lib>={'9' * 5000}",
        f"lib=={'9' * 5000}.*",
        'lib; os_name ~= "x"',
        f'lib; python_version > "{"9" * 5000}"',
        '"x" in extras',
        "lib @ http://[::1/x.whl",
    ],
)
def test_metadata_that_cannot_be_evaluated_is_passed_over(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, requirement: str
) -> None:
    """The older version that can be read is chosen, and the other one is told as passed over."""
    index.add(wheel(tmp_path / "files", "demo", "1.0"))
    index.add(wheel(tmp_path / "files", "demo", "2.0", requires=[requirement]))

    ran = guard.install("demo", target=venv)

    assert "unexpected" not in ran.said
    assert ran.code == 0, ran.err
    assert venv.freeze() == ["demo==1.0"]
    assert "demo 2.0: demo-2.0-py3-none-any.whl has invalid metadata" in ran.said


def test_a_hook_that_is_listed_in_record(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """A taken-over release with a .pth file, sound in every other way (as litellm 1.82.8): nothing is installed."""
    hook = "import os; os.environ.setdefault('SEEN', '1')\n"
    index.add(wheel(tmp_path, "demo", "1.0", files={"demo_init.pth": hook}))
    before = venv.snapshot()

    ran = guard.install("--format", "json", "demo", target=venv)

    assert ran.code == 1, ran.err
    [finding] = ran.json["findings"]
    assert finding["code"] == "startup-hook"
    assert "demo_init.pth, line 1" in finding["message"]
    assert venv.snapshot() == before


def test_an_archive_that_reads_differently_in_two_readers(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path
) -> None:
    """A file between the files, which only a reader that goes from header to header sees: nothing is installed."""
    hidden = written([Part("foo/hidden.py", b"evil = 1\n")])[:54]
    path = tmp_path / "foo-1.0-py3-none-any.whl"
    path.write_bytes(written(wheel_of(Part("foo/a.py", b"a = 1\n", before=hidden))))
    index.add(path)
    before = venv.snapshot()

    ran = guard.install("--format", "json", "foo", "--allow", "unsafe-archive", target=venv)

    assert ran.code == 3, ran.err
    assert [finding["code"] for finding in ran.json["findings"]] == ["unsafe-archive"]
    assert venv.snapshot() == before
