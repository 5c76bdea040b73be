"""Requirements files: resolved without running anything, or taken as they are pinned."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from auditing.conftest import Audit, found, skipped
from fakes import FakeIndex, sdist, sha256, wheel
from osv_server import OsvServer
from safe_pip.cli import main


@pytest.fixture
def packages(index: FakeIndex, tmp_path: Path) -> dict[str, Path]:
    """What the index of the test has: an application that needs something weak, and what is needed around it."""
    made = {
        "app": wheel(tmp_path, "app", "1.0", requires=["weak<1.1"]),
        "weak": wheel(tmp_path, "weak", "1.0"),
        "strong": wheel(tmp_path, "weak", "1.1"),
        "good": wheel(tmp_path, "good", "1.0"),
        "setuptools": wheel(tmp_path, "setuptools", "65.0"),
    }
    for path in made.values():
        index.add(path)
    return made


# --------------------------------------------------------------------------- resolved


def test_what_a_file_brings_in_is_audited(audit: Audit, here: Path, packages: dict[str, Path]) -> None:
    """The dependencies of what it names are as vulnerable as what it names."""
    (here / "requirements.txt").write_text("# a comment\n\napp==1.0\ngood\n")

    ran = audit.resolving("-r", "requirements.txt")

    assert (ran.code, found(ran)) == (1, {"app 1.0": [], "good 1.0": [], "weak 1.0": ["PYSEC-2026-1"]})
    own = audit.resolving("-r", "requirements.txt", format="safe-pip-json").json
    (finding,) = own["findings"]
    assert finding["chain"] == ["app", "weak"]


def test_findings_point_at_the_line_that_is_to_be_changed(audit: Audit, here: Path, packages: dict[str, Path]) -> None:
    """Of what comes in through something else that is the line of the other."""
    (here / "base.txt").write_text("good\napp\n")
    (here / "requirements.txt").write_text("-r base.txt\nweak==1.0\n")

    ran = audit.resolving("-r", "requirements.txt")

    places = {item["name"]: item["inputs"] for item in ran.json["dependencies"]}
    assert places["weak"] == [{"name": "requirements.txt", "line": 2}, {"name": "base.txt", "line": 2}]
    assert places["good"] == [{"name": "base.txt", "line": 1}]


def test_several_files_are_resolved_together(audit: Audit, here: Path, packages: dict[str, Path]) -> None:
    """As pip takes them: what one file pins holds for the others."""
    (here / "a.txt").write_text("weak\n")
    (here / "b.txt").write_text("weak<1.1\n")

    ran = audit.resolving("-r", "a.txt", "-rb.txt")

    assert found(ran) == {"weak 1.0": ["PYSEC-2026-1"]}


def test_setuptools_is_audited_where_it_is_named(audit: Audit, here: Path, packages: dict[str, Path]) -> None:
    """pip-audit leaves out what its own environment brings along."""
    (here / "requirements.txt").write_text("setuptools\n")

    assert found(audit.resolving("-r", "requirements.txt")) == {"setuptools 65.0": []}


def test_a_pipe_is_read_once(audit: Audit, here: Path, packages: dict[str, Path]) -> None:
    """``-r <(grep ...)`` of a shell: what is read from it is gone."""
    os.mkfifo(here / "pipe")
    writer = threading.Thread(target=lambda: (here / "pipe").write_text("weak==1.0\n"), daemon=True)
    writer.start()

    assert found(audit.resolving("-r", "pipe")) == {"weak 1.0": ["PYSEC-2026-1"]}


def test_nothing_of_a_source_archive_runs(
    audit: Audit, here: Path, index: FakeIndex, tmp_path: Path, packages: dict[str, Path]
) -> None:
    """pip-audit runs setup.py. Its own version is looked up, and that the rest is not known makes it incomplete."""
    mark = tmp_path / "ran"
    index.add(sdist(tmp_path, "old", "1.0", mark=mark))
    (here / "requirements.txt").write_text("old\nweak==1.0\n")

    ran = audit.resolving("-r", "requirements.txt")

    assert (ran.code, found(ran)) == (1, {"old 1.0": [], "weak 1.0": ["PYSEC-2026-1"]})
    assert "what old depends on is not known" in ran.said
    (here / "requirements.txt").write_text("old\n")
    assert audit.resolving("-r", "requirements.txt").code == 3
    assert not mark.exists()


def test_checkouts_and_editables_are_skipped_or_read(audit: Audit, here: Path, packages: dict[str, Path]) -> None:
    """A checkout is skipped with its reason; an editable project is read, unless it is to be skipped."""
    (here / "project").mkdir()
    (here / "project" / "pyproject.toml").write_text(
        '[project]\nname = "own"\nversion = "1.0"\ndependencies = ["weak<1.1"]\n'
    )
    (here / "requirements.txt").write_text(
        "git+https://127.0.0.1/far.git#egg=far\n-e git+https://someone:s3cr3t@127.0.0.1/x.git\n-e ./project\ngood\n"
    )

    ran = audit.resolving("-r", "requirements.txt")

    assert found(ran) == {"good 1.0": [], "own 1.0": [], "weak 1.0": ["PYSEC-2026-1"]}
    assert len(skipped(ran)) == 2
    assert "checkout" in skipped(ran)["far"]
    assert "s3cr3t" not in ran.out + ran.err
    ran = audit.resolving("-r", "requirements.txt", "--skip-editable")
    assert (ran.code, found(ran)) == (0, {"good 1.0": []})
    assert len(skipped(ran)) == 3


def test_a_direct_url_is_read_and_audited(audit: Audit, here: Path, packages: dict[str, Path]) -> None:
    """A wheel says by itself what it is."""
    (here / "requirements.txt").write_text(f"weak @ {packages['weak'].as_uri()}\n")

    assert found(audit.resolving("-r", "requirements.txt")) == {"weak 1.0": ["PYSEC-2026-1"]}


def test_what_cannot_be_resolved_is_not_clean(audit: Audit, here: Path, packages: dict[str, Path]) -> None:
    """Exit code 4, which no CI takes for a finding; and JSON that says why."""
    (here / "requirements.txt").write_text("app\nweak==1.1\n")

    ran = audit.resolving("-r", "requirements.txt")

    assert ran.code == 4
    assert (ran.json["dependencies"], ran.json["exit_code"]) == ([], 4)
    assert "weak" in ran.json["error"]["message"]


def test_one_input_that_cannot_be_resolved_leaves_the_others(
    audit: Audit, here: Path, packages: dict[str, Path]
) -> None:
    """Findings are told, and the audit is incomplete without them."""
    (here / "requirements.txt").write_text("app\nweak==1.1\n")
    (here / "pyproject.toml").write_text('[project]\nname = "own"\ndependencies = ["good"]\n')

    ran = audit.resolving("-r", "requirements.txt", ".")

    assert (ran.code, found(ran)) == (3, {"good 1.0": []})
    assert "requirements.txt cannot be resolved" in ran.said


def test_a_page_that_cannot_be_read_is_incomplete(audit: Audit, here: Path, index: FakeIndex) -> None:
    """An index that is down must not look like one that has nothing, nor like a finding."""
    index.stop()
    (here / "requirements.txt").write_text("good\n")

    ran = audit.resolving("-r", "requirements.txt", "--retries", "0")

    assert ran.code == 3


def test_a_hash_that_is_wanted_is_checked(audit: Audit, here: Path, packages: dict[str, Path]) -> None:
    """``--require-hashes`` as pip has it: one that is missing is an error that names the line."""
    (here / "requirements.txt").write_text(f"good==1.0 --hash=sha256:{sha256(packages['good'])}\nweak==1.0\n")

    ran = audit.resolving("-r", "requirements.txt", "--require-hashes")

    assert ran.code == 2
    assert "requirements.txt, line 2" in ran.said


# --------------------------------------------------------------------------- as they are pinned

HASH = "--hash=sha256:" + "0" * 64


def test_pinned_requirements_need_no_index(audit: Audit, here: Path, index: FakeIndex) -> None:
    """``--no-deps``, with or without ``--disable-pip``: nobody is asked, and nested files count (not in pip-audit)."""
    (here / "base.txt").write_text("evil==1.0\n")
    (here / "requirements.txt").write_text(
        "-r base.txt\nweak==1.0\nweak == 1.0\nabsent==1 ; python_version < '3'\nstrange===1.0\n"
    )

    for more in ([], ["--disable-pip"]):
        ran = audit.resolving("-r", "requirements.txt", "--no-deps", *more)
        assert found(ran) == {"weak 1.0": ["PYSEC-2026-1"], "evil 1.0": ["MAL-2026-3"], "strange 1.0": []}
    assert index.asked == []


def test_hashed_requirements_need_no_index(audit: Audit, here: Path) -> None:
    """``--disable-pip`` alone, where everything has a hash."""
    (here / "requirements.txt").write_text(f"weak==1.0 \\\n  {HASH}\ngood==1.0 {HASH}\n")

    ran = audit("-r", "requirements.txt", "--disable-pip")

    assert found(ran) == {"weak 1.0": ["PYSEC-2026-1"], "good 1.0": []}


@pytest.mark.parametrize(
    ("lines", "options", "said"),
    [
        ("weak==1.0\n", ["--disable-pip"], "--disable-pip needs hashes"),
        (f"good==1.0 {HASH}\nweak==1.0\n", ["--disable-pip"], "requirements.txt, line 2: 'weak==1.0' has no hash"),
        (f"good==1.0 {HASH}\nweak==1.0\n", ["--no-deps"], "requirements.txt, line 2: 'weak==1.0' has no hash"),
        ("good==1.0\n", ["--no-deps", "--require-hashes"], "line 1: 'good==1.0' has no hash"),
        ("good==1.0\nweak\n", ["--no-deps"], "requirements.txt, line 2: 'weak' is not pinned"),
        ("weak>=1.0\n", ["--no-deps"], "'weak>=1.0' is not pinned"),
        ("weak==1.*\n", ["--no-deps"], "'weak==1.*' is not pinned"),
        ("weak==1.0,!=2\n", ["--no-deps"], "is not pinned"),
        ("weak==1.0\nWeak==1.1\n", ["--no-deps"], "line 2: 'Weak==1.1' does not agree with 'weak==1.0'"),
        ("weak==\n", ["--no-deps"], "line 1"),
        ("weak==1.0 ; bad_marker\n", ["--no-deps"], "line 1"),
    ],
)
def test_what_is_not_pinned_is_refused(audit: Audit, here: Path, lines: str, options: list[str], said: str) -> None:
    """By its line, with exit code 2; pip-audit ends with 1, the code for "vulnerable", or with a traceback."""
    (here / "requirements.txt").write_text(lines)

    ran = audit("-r", "requirements.txt", *options)

    assert (ran.code, ran.json["exit_code"]) == (2, 2)
    assert said in ran.said


def test_urls_that_are_not_read_are_skipped(audit: Audit, here: Path, packages: dict[str, Path]) -> None:
    """What only the file itself would tell is not known where nothing is fetched."""
    (here / "requirements.txt").write_text(
        f"far @ https://127.0.0.1/far-1.0.zip\n{packages['weak']}\ngit+https://127.0.0.1/x.git\ngood==1.0\n"
    )

    ran = audit("-r", "requirements.txt", "--no-deps")

    assert (ran.code, found(ran)) == (0, {"good 1.0": []})
    assert len(skipped(ran)) == 3
    assert "a URL" in skipped(ran)["far"]
    assert "of this machine" in skipped(ran)["weak"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("requirements.txt", "good ==\n", "requirements.txt, line 1"),
        ("requirements.txt", "-r gone.txt\n", "requirements.txt, line 1: the requirements file"),
        ("requirements.txt", "-r requirements.txt\n", "includes itself"),
        ("requirements.txt", "--no-such-option\n", "requirements.txt, line 1"),
        ("other.txt", "", "requirements.txt cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read(audit: Audit, here: Path, name: str, content: str, said: str) -> None:
    """Never a traceback and never exit code 1."""
    (here / name).write_text(content)

    ran = audit.resolving("-r", "requirements.txt")

    assert ran.code == 2
    assert said in ran.said


# --------------------------------------------------------------------------- whose name may be told


def test_names_of_other_indexes_are_private(audit: Audit, here: Path, tmp_path: Path, index: FakeIndex) -> None:
    """What only a further index, a folder or a URL has is not told to a service; what the first one has, it may be."""
    with FakeIndex() as internal, OsvServer() as server:
        index.add(wheel(tmp_path, "good", "1.0"))
        internal.add(wheel(tmp_path, "good", "1.1"))
        internal.add(wheel(tmp_path, "secret", "1.0"))
        wheel(tmp_path / "links", "hidden", "1.0")
        own = wheel(tmp_path / "own", "own", "1.0")
        (here / "requirements.txt").write_text(f"good\nsecret\nhidden\nown @ {own.as_uri()}\n")
        places = ["--index-url", index.url, "--extra-index-url", internal.url, "--find-links", str(tmp_path / "links")]
        words = ["-r", "requirements.txt", *places, "-s", "osv", "--osv-url", server.base, "-f", "json", "-o", "out"]
        code = main(["audit", *words], audit.environ)
        told = b"".join(asked.body for asked in server.asked)

    assert code == 0
    assert b"good" in told
    assert not any(name in told for name in (b"secret", b"hidden", b"own"))
    items = json.loads(Path("out").read_text())["dependencies"]
    assert {item["name"] for item in items if "skip_reason" in item} == {"secret", "hidden", "own"}
