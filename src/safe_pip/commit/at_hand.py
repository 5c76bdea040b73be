"""What is run by the target interpreter, as a script, with ``-I -S``: puts wheels where pip will look for their URLs.

pip takes a wheel that it was given by URL from its wheel cache if it finds it there. Where that is, and whether it is
found, only pip itself knows, so pip's own code is asked, of the very pip that will install. Nothing of the target runs.

On stdin, JSON: {"pip": the folder that holds pip, "cache": pip's cache folder, "wheels": [[url, project, file,
origin]]} where origin is what pip will record (PEP 610). On stdout, JSON: the URLs for which pip would not find the
wheel.
"""

import json
import os
import shutil
import sys


def main() -> None:
    """Place each wheel, and ask pip for it."""
    told = json.load(sys.stdin)
    sys.path.insert(0, told["pip"])
    from pip._internal.cache import SimpleWheelCache
    from pip._internal.models.link import Link
    from pip._internal.utils.compatibility_tags import get_supported

    cache = SimpleWheelCache(told["cache"])
    supported = get_supported()
    missed = []
    for url, project, path, origin in told["wheels"]:
        link = Link(url)
        folder = cache.get_path_for_link(link)
        os.makedirs(folder)
        place = os.path.join(folder, os.path.basename(path))
        shutil.copyfile(path, place)
        with open(os.path.join(folder, "origin.json"), "w", encoding="utf-8") as file:
            file.write(origin)
        found = cache.get(link, project, supported)
        if found is link or os.path.realpath(found.file_path) != os.path.realpath(place):
            missed.append(url)
    json.dump(missed, sys.stdout)


if __name__ == "__main__":
    main()
