"""The same steps guarded and with plain pip, and the two environments held against each other."""

from __future__ import annotations

from collections.abc import Callable

from conftest import Guard, Ran, Venv

MakeVenv = Callable[..., Venv]


def assert_same(guarded: Venv, plain: Venv) -> None:
    """Two environments hold the same, in every file; all that pip tells of an environment it reads from these files."""
    assert guarded.files() == plain.files()


def both(guard: Guard, make_venv: MakeVenv, *steps: list[str]) -> tuple[Ran, Venv, Venv]:
    """Run the same ``install`` steps guarded and with plain pip, each in an environment of its own."""
    assert guard.index is not None
    guarded, plain = make_venv("guarded"), make_venv("plain")
    ran = Ran(0, "", "")
    for step in steps:
        ran = guard.install(*step, target=guarded)
        assert ran.code == 0, ran.err
        done = plain.pip("install", "--index-url", guard.index.url, *step, cwd=guard.cwd)
        assert done.code == 0, done.err
    return ran, guarded, plain
