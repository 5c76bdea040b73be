"""How far a project's own policy file may lead: no farther than the project.

Whoever opens a pull request writes that file, and what is wrong with a policy file is shown, in the log of CI as well.
Were it followed to any file of the machine, the log would tell whether that is there and what stands in it.
"""

from __future__ import annotations

import os
from pathlib import Path

from safe_pip.policy.files import PolicyError
from safe_pip.policy.places import repository_of


def root_of(path: Path, home: Path | None) -> Path:
    """The folder that a file of a project may not lead out of: its repository, else the folder that it lies in.

    home: the user's own. A repository that holds it, as one of dotfiles, is not the project's.
    """
    folder = Path(os.path.abspath(path)).parent
    top = repository_of(folder)
    if top is None or (home is not None and _is_below(os.path.realpath(home), os.path.realpath(top))):
        return folder
    return top


def is_within(path: Path, root: Path) -> bool:
    """Whether a path lies in a folder, as it is written and with its links followed.

    What is written outside is not touched: on Windows to look at a share tells its server who one is.
    """
    written = os.path.normpath(path)
    places = (str(root), os.path.realpath(root))
    return any(_is_below(written, place) for place in places) and _is_below(os.path.realpath(path), places[1])


def check_link(path: Path, shown: str, root: Path) -> None:
    """Raises PolicyError where a project's own policy file is a link to somewhere else."""
    if not is_within(path, root):
        raise PolicyError(
            f"{shown} is a link that leads out of the project, and is not followed.",
            "Put the policy itself there, or name the file with --policy.",
        )


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))
