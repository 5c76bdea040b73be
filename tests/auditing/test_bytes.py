"""Bytes in an audit: fetched and looked at only where a policy asks for it, and never clean where that fails.

That each code is found in what is resolved is what tests/test_every_code.py shows.
"""

from __future__ import annotations

from pathlib import Path

from auditing.conftest import Audit
from fakes import Answer, FakeIndex, wheel

POLICY = '[levels]\nstartup-hook = {audit = "block"}\n'
HOOK = "import os; os.environ['SEEN'] = 'yes'\n"


def _asked_for(index: FakeIndex, here: Path) -> str:
    """A wheel with a hook on the index, asked for in a file; where the wheel is served."""
    index.sidecars = True
    path = wheel(here.parent / "made", "acme", "1.0", files={"acme.pth": HOOK})
    index.add(path)
    (here / "requirements.txt").write_text("acme\n")
    return index.file(path)


def _policy(here: Path, text: str = POLICY) -> str:
    place = here / "policy.toml"
    place.write_text(text)
    return str(place)


def _whole(index: FakeIndex, path: str) -> list[str]:
    """The requests for a file that were for all of it, and not for the metadata in it."""
    return [one.path for one in index.asked if one.path == path and "range" not in one.headers and one.method == "GET"]


def test_the_built_in_policy_fetches_no_file(audit: Audit, here: Path) -> None:
    """An audit is quick: metadata is enough, unless somebody's policy asks for more. Neither does a dry run."""
    file = _asked_for(audit.index, here)

    assert audit.resolving("-r", "requirements.txt").code == 0
    assert audit.resolving("-r", "requirements.txt", "--dry-run", "--policy", _policy(here)).code == 0
    assert _whole(audit.index, file) == []

    ran = audit.resolving("-r", "requirements.txt", "--policy", _policy(here))
    assert (ran.code, _whole(audit.index, file)) == (1, [file])
    assert "acme.pth, line 1, runs at every start of Python" in " ".join(ran.err.split())


def test_a_file_that_cannot_be_fetched_is_not_clean(audit: Audit, here: Path) -> None:
    """Could not check is never clean."""
    audit.index.override(_asked_for(audit.index, here), Answer(404))

    ran = audit.resolving("-r", "requirements.txt", "--policy", _policy(here), PIP_RETRIES="0")

    assert ran.code == 3, ran.err
    assert "Not checked: acme-1.0-py3-none-any.whl cannot be fetched" in ran.err


def test_what_has_no_bytes_says_so(audit: Audit, here: Path) -> None:
    """A lock file that was only half looked at must not look as if it had been, and is not clean; one line tells it."""
    lock = 'version = 1\nrequires-python = ">=3.10"\n[[package]]\nname = "acme"\nversion = "1.0"\n'
    lock += 'source = {registry = "https://index.example/simple"}\n'
    for name in ("one", "two"):
        (here / name).mkdir()
        (here / name / "uv.lock").write_text(lock)
    named = ["--lock", "one/uv.lock", "--lock", "two/uv.lock", "--universal"]

    ran = audit(*named)
    assert (ran.code, "startup-hook" in ran.err) == (0, False)
    ran = audit(*named, "--policy", _policy(here))
    assert ran.code == 3
    assert "Not checked: one/uv.lock, two/uv.lock: startup-hook, which the policy has block, was not" in ran.err
    assert audit(*named, "--policy", _policy(here), "--allow", "not-looked-for").code == 0
    ran = audit(*named, "--policy", _policy(here, POLICY.replace("block", "warn")))
    assert ran.code == 0
    assert ran.err.count("does not tell startup-hook, so nothing was looked for") == 1
    assert "The same goes for two/uv.lock." in ran.err
