"""Promise 3, pip's answer, for requirements of real projects from the index that this machine uses.

Left out of each list is what has no wheels, since pip would run its build. A few lists are always compared; pip needs
long for the others, which ``SAFE_PIP_CORPUS=all`` adds.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from packaging.utils import canonicalize_name
from packaging.version import Version

from parity.worlds import Asker

_ALL = os.environ.get("SAFE_PIP_CORPUS") == "all"
_NO_WHEEL = "has no wheel"


class Listed(NamedTuple):
    """A list of the corpus. python: the version to install into. left_out: beginnings of lines, and why they are."""

    name: str
    python: str = "3.12"
    left_out: Mapping[str, str] = {}
    constraints: str | None = None
    always: bool = False


_NETBOX = {
    "django-pglocks": _NO_WHEEL,
    "psycopg[c": "its extra c " + _NO_WHEEL,
    "django-graphiql-debug-toolbar": _NO_WHEEL,
}
CORPUS = (
    Listed("black.in", always=True),
    Listed("jupyter.in", always=True),
    Listed("backtracking-numpy-sparse.in", always=True),
    Listed("backtracking-starlette-fastapi.in", always=True),
    Listed("netbox.txt", left_out=_NETBOX, always=True),
    Listed("netbox-base.txt", left_out=_NETBOX),
    Listed("scispacy.in", python="3.10"),
    Listed("warehouse-main.in", python="3.13"),
    Listed("warehouse-main-hashed.txt", python="3.13"),
    Listed("warehouse-tests-hashed.txt", python="3.13", always=True),
    Listed(
        "airflow2-req.in",
        python="3.10",
        left_out={"apache-airflow[": "needs python-nvd3 and others, none of which has a wheel"},
        constraints="airflow2-constraints.txt",
    ),
    Listed(
        "all-kinds.in",
        left_out={
            "django_allauth": _NO_WHEEL,
            "werkzeug @": "is a source archive without static metadata",
            "pydantic-extra-types @": "is a repository, not an archive",
        },
    ),
)
"""All lists but one: pip needs longer for boto3.in than a test may, and uv is asked instead."""


@pytest.mark.registry
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("listed", [pytest.param(each, id=each.name) for each in CORPUS])
def test_pips_answer(
    listed: Listed,
    make_asker: Callable[[str], Asker],
    pythons: dict[str, str],
    shared: Path,
    registry: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """A hundred packages that people really install, from a page with thousands of links each."""
    if not (listed.always or _ALL):
        pytest.skip("SAFE_PIP_CORPUS=all adds this list")
    if listed.python not in pythons:
        pytest.skip(f"there is no Python {listed.python}, which the list is for")
    folder = shared / "corpus" / "requirements"
    arguments = ["--index-url", registry, "--only-binary", ":all:"]
    wanted = tmp_path / listed.name
    wanted.write_text(_without(listed, (folder / listed.name).read_text("utf-8"), registry), "utf-8")
    arguments += ["-r", str(wanted)]
    if listed.constraints:
        arguments += ["-c", str(folder / listed.constraints)]
    asker = make_asker(pythons[listed.python])

    pip = asker.pip(*arguments)
    safe_pip = asker.safe_pip(*arguments)

    assert pip.chosen, pip.text
    record_property("asked", len(pip.chosen))
    assert safe_pip.chosen == pip.chosen, safe_pip.text


@pytest.mark.registry
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_deep_back_tracking(
    make_asker: Callable[[str], Asker],
    pythons: dict[str, str],
    shared: Path,
    registry: str,
    record_property: Callable[[str, object], None],
) -> None:
    """pip tries hundreds of versions of boto3 and botocore here, one after the other; the answer is uv's too."""
    uv = pytest.importorskip("uv", reason="uv is not installed (it is in the group bench)")
    if not _ALL or "3.12" not in pythons:
        pytest.skip("SAFE_PIP_CORPUS=all adds this list, which is for Python 3.12")
    wanted = str(shared / "corpus" / "requirements" / "boto3.in")
    command = [uv.find_uv_bin(), "pip", "compile", "--no-config", "--no-header", "--no-annotate", "--quiet"]
    command += ["--python", pythons["3.12"], "--default-index", registry, "--only-binary", ":all:", wanted]
    compiled = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    expected = {
        canonicalize_name(name): Version(version)
        for name, version in (line.split("==") for line in compiled.stdout.splitlines() if "==" in line)
    }

    safe_pip = make_asker(pythons["3.12"]).safe_pip("--index-url", registry, "--only-binary", ":all:", "-r", wanted)

    assert safe_pip.chosen is not None, safe_pip.text
    record_property("asked", len(expected))
    assert {name: chosen.version for name, chosen in safe_pip.chosen.items()} == expected


def _without(listed: Listed, text: str, registry: str) -> str:
    """A list less what is left out of it; the host of its URLs is made up, and stands for that of the index's files."""
    lines = [line for line in text.splitlines() if not line.startswith(tuple(listed.left_out))]
    text = "\n".join(lines)
    for name, path in re.findall(r"^(\S+) @ https://files\.index\.example/(\S+)", text, re.MULTILINE):
        page = requests.get(f"{registry.rstrip('/')}/{name}/", timeout=60).text
        found = re.search(rf'href="([^"]*){re.escape(path)}', page)
        assert found, f"{path} is not on the index any more"
        text = text.replace(f"https://files.index.example/{path}", found[1] + path)
    return text
