"""Promise 3, pip's answer, for requirements of real projects from the index that this machine uses.

Left out of each list is what has no wheels, since pip would run its build.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from parity.worlds import Asker

CORPUS = {
    "black.in": (),
    "jupyter.in": (),
    "backtracking-numpy-sparse.in": (),
    "backtracking-starlette-fastapi.in": (),
    "netbox.txt": ("django-pglocks", "psycopg[c", "django-graphiql-debug-toolbar"),
}


@pytest.mark.registry
@pytest.mark.slow
@pytest.mark.parametrize("name", CORPUS)
def test_pips_answer(
    name: str, make_asker: Callable[[str], Asker], pythons: dict[str, str], shared: Path, registry: str, tmp_path: Path
) -> None:
    """A hundred packages that people really install, from a page with thousands of links each."""
    if "3.12" not in pythons:
        pytest.skip("there is no Python 3.12, which the list was made for")
    lines = (shared / "corpus" / "requirements" / name).read_text("utf-8").splitlines()
    wanted = tmp_path / name
    wanted.write_text("\n".join(line for line in lines if not line.startswith(CORPUS[name] or ("#",))), "utf-8")
    asker = make_asker(pythons["3.12"])

    arguments = ["--index-url", registry, "--only-binary", ":all:", "-r", str(wanted)]
    pip = asker.pip(*arguments)
    safe_pip = asker.safe_pip(*arguments)

    assert pip.chosen, pip.text
    assert safe_pip.chosen == pip.chosen, safe_pip.text
