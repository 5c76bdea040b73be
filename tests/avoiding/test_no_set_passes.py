"""What is said where no set of versions satisfies both the request and the policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.specifiers import SpecifierSet

from avoiding.conftest import Steer, ago, with_levels
from fakes import FakeIndex
from safe_pip.errors import ResolutionError
from safe_pip.model import Level, PolicyLine
from safe_pip.settings import Settings
from safe_pip.settings.patterns import PackagePattern
from safe_pip.settings.tables import Denied, Packages


def failure(steer: Steer, *arguments: str, settings: Settings = Settings()) -> ResolutionError:  # noqa: B008 - frozen
    """How a request fails."""
    with pytest.raises(ResolutionError) as raised:
        steer(*arguments, settings=settings)
    return raised.value


def test_it_passes_with_time(steer: Steer) -> None:
    """The edge, the rule, the line of the policy, and when it will do by itself."""
    steer.offer("app", "1.0", requires=["lib>=2"])
    steer.offer("lib", "1.0")
    steer.offer("lib", "2.0.1", upload_time=ago(hours=9))

    error = failure(steer, "app")

    assert error.exit_code == 4
    assert error.details == (
        "lib>=2 (asked for by app 1.0): 2.0.1 too-new (9 h old)",
        "lib can be had here in 1.0",
        'policy: levels.too-new = {install = "avoid", audit = "allow"} (built in)',
        'policy: cooldown.minimum-age = "24h" (built in)',
        "Without these rules there is an answer, with lib 2.0.1",
    )
    assert error.hint == "Wait: lib 2.0.1 passes in 15 h. Or let it through with --allow too-new:lib."


def test_two_rules_in_the_way(steer: Steer) -> None:
    """Each version has a rule of its own, and both are told; only what is needed is to be let through."""
    steer.offer("lib", "2.0")
    steer.offer("lib", "2.0.1", upload_time=ago(hours=9))
    denied = Denied(PackagePattern("lib", SpecifierSet("==2.0")), PolicyLine("packages.denied"), "other")
    settings = replace(with_levels(denied_package=Level.AVOID), packages=Packages((denied,)))

    error = failure(steer, "lib>=2", settings=settings)

    assert error.details[0] == (
        "lib>=2 (asked for on the command line): 2.0.1 too-new (9 h old), 2.0 denied-package (use other)"
    )
    assert "policy: packages.denied (built in)" in error.details
    assert "policy: a line about denied_package (built in)" in error.details
    assert error.hint.endswith("--allow too-new:lib.")


def test_a_request_that_fails_without_a_policy_too(steer: Steer) -> None:
    """Then the policy is not to blame, and there is nothing to allow."""
    steer.offer("app", "1.0", requires=["lib>=3"])
    steer.offer("lib", "1.0")
    steer.offer("lib", "2.0", upload_time=ago(hours=1))

    error = failure(steer, "app", "lib<3")

    assert not any("policy" in line for line in error.details)
    assert "--allow" not in error.hint


def test_malware_is_not_to_be_let_through(steer: Steer) -> None:
    """A policy may step around malware; that nothing else is left is no reason to propose it."""
    steer.offer("evil", "2.0")

    error = failure(steer, "evil", settings=with_levels(malware=Level.AVOID))

    assert "2.0 malware (malicious (MAL-2026-3))" in error.details[0]
    assert error.hint == "Do without evil, or ask for other versions."


def test_an_answer_that_does_not_come(steer: Steer, index: FakeIndex) -> None:
    """What would pass without the rules is looked for within the limit, a server that says nothing included."""
    steer.offer("lib", "2.0", upload_time=ago(hours=1))
    path = "/files/lib-2.0-py3-none-any.whl"
    steer.over = lambda: path in index.paths()

    with index.silent(path):
        assert failure(steer, "lib").details == ("lib (asked for on the command line): 2.0 too-new (1 h old)",)


def test_no_time_to_look_further(steer: Steer) -> None:
    """What is known is said; that there is another answer is not claimed."""
    steer.offer("lib", "2.0", upload_time=ago(hours=1))
    steer.over = lambda: True

    error = failure(steer, "lib")

    assert error.details == ("lib (asked for on the command line): 2.0 too-new (1 h old)",)
