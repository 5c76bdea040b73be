"""Policy files for tests, and the policy that comes of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safe_pip.policy import Loaded, Places, load


@dataclass
class Machine:
    """A home with a user's policy, a folder with the system's, and a project under version control."""

    root: Path

    @property
    def project(self) -> Path:
        """The working directory."""
        return self.root / "home" / "project"

    @property
    def user(self) -> Path:
        """The user's policy file."""
        return self.root / "home" / ".config" / "safe-pip" / "safe-pip.toml"

    @property
    def system(self) -> Path:
        """The system's."""
        return self.root / "etc" / "safe-pip" / "safe-pip.toml"

    def places(self, **more: Any) -> Places:
        """The places of this machine."""
        known = {"folder": self.project, "system": (self.system,), "user": self.user, "home": self.root / "home"}
        return Places(**{**known, **more})

    def load(self, **more: Any) -> Loaded:
        """The policy that holds in the project."""
        return load(self.places(**more))

    def write(self, project: str = "", *, user: str = "", system: str = "", **others: str) -> Machine:
        """Write the files that have something in them; others by their name in the project, without ``.toml``."""
        texts = {self.project / "safe-pip.toml": project, self.user: user, self.system: system}
        texts |= {self.project / f"{name}.toml": text for name, text in others.items()}
        for path, text in texts.items():
            if text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
        return self
