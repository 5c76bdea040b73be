"""Resolve a requirements file and stop before anything is staged, for the benchmark: python resolve_only.py FILE."""

from __future__ import annotations

import os
import sys

from safe_pip.cli import early
from safe_pip.errors import FetchError


def no_fetch(url: str) -> bytes:
    """Requirements files of the benchmark are local."""
    raise FetchError(url, "not fetched here")


def main() -> None:
    environ = dict(os.environ)
    # As the command does it: what has to be waited for is begun before the rest is imported.
    early.begin(["-I", "-r", sys.argv[1]], environ, "install")
    from safe_pip.cli.run import cache_folder, now
    from safe_pip.index.cache import IndexCache
    from safe_pip.index.finder import Index
    from safe_pip.index.http import Http
    from safe_pip.index.store import FileStore
    from safe_pip.progress import Progress
    from safe_pip.request.command_line import parse
    from safe_pip.request.default_index import default_index
    from safe_pip.request.pip_config import configured
    from safe_pip.request.reading import read_request
    from safe_pip.resolve import resolve
    from safe_pip.stage import private_folder
    from safe_pip.target import probe

    target = probe(sys.executable)
    values = parse(["-I", "-r", sys.argv[1]], configured(environ, target.prefix), environ)
    request = read_request(values, target, environ=environ, fetch=no_fetch, default_index=default_index, now=now())
    with (
        private_folder(cache_folder(environ)) as folder,
        Http(request.network) as http,
        IndexCache(cache_folder(environ) / "index") as cache,
        Index(request.search, http, cache=cache) as index,
    ):
        plan = resolve(request, index, FileStore(folder, http, algorithms=()), Progress())
        print("\n".join(f"{item.name}=={item.version}" for item in plan.install))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
