"""native-code: machine code in a wheel that says it runs anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from safe_pip.facts import Native
from safe_pip.model import Evidence, Observation
from safe_pip.rules.facts import Facts
from safe_pip.rules.of_bytes import MOST_EVIDENCE, and_more, found, looked_at


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each wheel without platform that has machine code for one kind of machine only."""
    for item, file in looked_at(facts):
        surprising = _surprising(file.native) if file.pure else ()
        if surprising:
            first = surprising[0]
            message = (
                f"{item.file.filename} says that it runs anywhere, and has machine code ({first.format}): "
                f"{first.path}{and_more(len(surprising))}."
            )
            help = "Nobody can read what it does. Ask its project why it is there, or whether there is a source for it."
            evidence = [Evidence("file", native.path) for native in surprising[:MOST_EVIDENCE]]
            yield found("native-code", facts, item, message, help, evidence, "has machine code")


def _surprising(files: Sequence[Native]) -> list[Native]:
    """Those that do not run anywhere either.

    Wheels that truly are for any machine have the same program for several: launchers for each kind of Windows, or a
    helper for each system.
    """
    machines: dict[str, set[str]] = {}
    for file in files:
        machines.setdefault(file.format, set()).update([file.machine] if file.machine else ["one", "another"])
    if len(machines) == 3:
        return []
    return [file for file in files if len(machines[file.format]) < 2]
