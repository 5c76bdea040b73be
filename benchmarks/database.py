"""Build an advisory database of so many made-up records and ask it, for the benchmark: python database.py RECORDS.

Prints JSON: seconds to build, bytes on disk, peak memory in bytes, seconds to open it again
and look up 149 packages.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
import zipfile
from datetime import datetime, timezone
from pathlib import Path

from packaging.utils import canonicalize_name

from safe_pip.advisories import Advisories
from safe_pip.advisories.on_disk import Collection
from safe_pip.advisories.sources import Context
from safe_pip.index.http import Http
from safe_pip.model import Network

_WORDS = ("a", "request", "that", "is", "made", "in", "this", "way", "tells", "more", "than", "was", "asked", "for.")


def record(number: int, random_: random.Random) -> dict[str, object]:
    """A record of ordinary size: details of a few hundred words, ranges, some dozens of listed versions."""
    package = f"package-{number % 9000}"
    major = random_.randrange(1, 9)
    return {
        "schema_version": "1.7.4",
        "id": f"PYSEC-2026-{number}",
        "modified": "2026-01-01T00:00:00Z",
        "aliases": [f"CVE-2026-{number}", f"GHSA-{number:04d}-aaaa-bbbb"],
        "summary": f"Something is wrong with {package}",
        "details": " ".join(random_.choices(_WORDS, k=200)),
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": f"{major}.4"}]}],
                "versions": [f"{one}.{two}" for one in range(major) for two in range(9)],
            }
        ],
        "references": [{"type": "WEB", "url": f"https://advisories.example/{number}"}],
    }


def main() -> None:
    count = int(sys.argv[1])
    random_ = random.Random(count)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        exported = folder / "all.zip"
        with zipfile.ZipFile(exported, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number in range(count):
                archive.writestr(f"PYSEC-2026-{number}.json", json.dumps(record(number, random_)))
        with Http(Network()) as http:
            context = Context(folder, http, datetime.now(timezone.utc))
            begun = time.perf_counter()
            opened = Collection(exported).open(context)
            built = time.perf_counter() - begun
            opened.database.close()
            names = [canonicalize_name(f"package-{number}") for number in random_.sample(range(9000), 149)]
            # As the next run does: what was built is there.
            begun = time.perf_counter()
            opened = Collection(exported).open(context)
            known = Advisories([opened], datetime.now(timezone.utc), full=False)
            known.load([(package, "3.3") for package in names])
            for package in names:
                known.known(package, "3.3")
            asked = time.perf_counter() - begun
        figures = {
            "build": built,
            "size": opened.database.path.stat().st_size,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "lookup": asked,
        }
        known.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
