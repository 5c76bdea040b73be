"""What is told while resolvelib goes on: how far it has come, which files are likely; and whether time is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resolvelib import BaseReporter

from safe_pip.errors import OutOfTime
from safe_pip.model import DistributionFile
from safe_pip.progress import Progress
from safe_pip.resolve.nodes import PYTHON, Candidate, FileCandidate


class Reporter(BaseReporter[Any, Any, Any]):
    """Tells the progress display how many packages are settled, and which files they are, until one is taken back.

    over: whether there is no time left; then the next step raises OutOfTime.
    """

    def __init__(
        self, progress: Progress, settled: Callable[[DistributionFile], None], over: Callable[[], bool]
    ) -> None:
        self._progress = progress
        self._settled = settled
        self._over = over

    def pinning(self, candidate: Candidate) -> None:
        if isinstance(candidate, FileCandidate) and candidate.build is None and not candidate.file.is_local:
            self._settled(candidate.file)

    def resolving_conflicts(self, causes: Any) -> None:
        # Back-tracking may go through hundreds of versions: none of them is likely.
        self._settled = lambda _: None

    def rejecting_candidate(self, criterion: Any, candidate: Candidate) -> None:
        self._check_time()

    def starting_round(self, index: int) -> None:
        self._check_time()

    def _check_time(self) -> None:
        if self._over():
            raise OutOfTime("There was no time left to find versions that fit together.")

    def ending_round(self, index: int, state: Any) -> None:
        self._progress.resolving(sum(1 for node in state.mapping if "[" not in node and node != PYTHON))
