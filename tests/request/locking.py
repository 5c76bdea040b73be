"""What tests of lock files share: targets made by hand, and a lock file written and read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.errors import UsageError
from safe_pip.inventory import Inventory
from safe_pip.model import Target
from safe_pip.request.locks import LockOptions, read_lock


def target(python: str = "3.12.1", **markers: str) -> Target:
    """CPython on Linux, or what the markers make of it."""
    environment = {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "6.1",
        "platform_system": "Linux",
        "platform_version": "#1",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": "linux",
        **markers,
    }
    return Target("python", python, (3, 12, 1), "linux", "/", False, environment, (), "/", None, None, {}, ())


LINUX = target()
WINDOWS = target("3.11.4", os_name="nt", sys_platform="win32", platform_system="Windows", platform_machine="AMD64")


def names(*texts: str) -> frozenset[NormalizedName]:
    """Canonical names, as options take them."""
    return frozenset(map(canonicalize_name, texts))


def options(*, extras: str = "", groups: str = "", on: Target | None = LINUX, **more: bool) -> LockOptions:
    """Options with extras and groups as words."""
    return LockOptions(on, extras=names(*extras.split()), groups=names(*groups.split()), **more)


def read(path: Path, asked: LockOptions | None = None) -> Inventory:
    """Read a lock file under its own name."""
    return read_lock(path, path.name, asked or options())


def pins(inventory: Inventory) -> list[str]:
    """What is audited, as NAME==VERSION, sorted."""
    return sorted(f"{item.name}=={item.version}" for item in inventory.dependencies)


def by_name(inventory: Inventory) -> dict[str, Any]:
    """What is audited, by name."""
    return {item.name: item for item in inventory.dependencies}


def refusal(path: Path, asked: LockOptions | None = None) -> str:
    """The message of a refusal and its hint. Anything but a UsageError is a defect."""
    with pytest.raises(UsageError) as caught:
        read(path, asked)
    assert caught.value.exit_code == 2
    said = f"{caught.value.message} | {caught.value.hint}"
    assert said.isprintable()
    return said
