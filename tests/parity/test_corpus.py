"""Promise 3, pip's answer, for requirements of real projects from the index that this machine uses.

Left out of each list is what has no wheels, since pip would run its build. A few lists are always compared; pip needs
long for the others, which ``SAFE_PIP_CORPUS=all`` adds.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

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
"""All lists but one: pip needs longer for boto3.in than a test may."""


@pytest.mark.registry
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("listed", [pytest.param(each, id=each.name) for each in CORPUS])
def test_pips_answer(
    listed: Listed,
    make_asker: Callable[..., Asker],
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


# Of a run of pip that took twenty minutes; its two other packages may have had releases since.
_PIPS_BOTO3 = {
    "boto3": "1.15.18",
    "botocore": "1.18.18",
    "jmespath": "0.10.0",
    "s3transfer": "0.3.7",
    "urllib3": "1.25.3",
}


@pytest.mark.registry
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not _ALL, reason="SAFE_PIP_CORPUS=all adds this list")
def test_deep_back_tracking(
    make_asker: Callable[..., Asker],
    pythons: dict[str, str],
    shared: Path,
    registry: str,
    record_property: Callable[[str, object], None],
) -> None:
    """pip tries hundreds of versions of boto3 and botocore here, one after the other; the answer is uv's too."""
    if "3.12" not in pythons:
        pytest.skip("there is no Python 3.12, which the list is for")
    wanted = str(shared / "corpus" / "requirements" / "boto3.in")
    arguments = ["--index-url", registry, "--only-binary", ":all:", "-r", wanted]
    safe_pip = make_asker(pythons["3.12"]).safe_pip(*arguments)

    assert safe_pip.chosen is not None, safe_pip.text
    chosen = {name: str(item.version) for name, item in safe_pip.chosen.items()}
    record_property("asked", len(chosen))
    assert chosen == chosen | _PIPS_BOTO3
    if importlib.util.find_spec("uv") is not None:
        assert chosen == _uvs_answer(wanted, pythons["3.12"], registry)


def _uvs_answer(wanted: str, python: str, registry: str) -> dict[str, str]:
    """The versions that uv, which is in the dependency group for benchmarks, pins a list to."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--no-config", "--no-header", "--no-annotate", "--quiet"]
    command += ["--python", python, "--default-index", registry, "--only-binary", ":all:", wanted]
    compiled = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return dict(line.split("==") for line in compiled.stdout.splitlines() if "==" in line)


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
