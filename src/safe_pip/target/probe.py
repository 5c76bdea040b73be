"""What is run inside the target interpreter, as a script, with ``-I -S``: prints what it is, as JSON.

It runs before anything has been approved, so it must not run site code: no ``.pth`` lines starting with ``import``, no
``sitecustomize``. The search path that site would make is worked out here by reading the same files instead
(CPython: Lib/site.py). Only the standard library is imported, and the ``packaging`` folder given as the first argument.
"""

import importlib.util
import json
import os
import re
import site  # harmless under -S: its main() does not run
import sys
import sysconfig

NOTHING = {"python": (), "platforms": (), "abis": (), "implementation": None}


def virtual_environment():
    """(prefix, whether system site-packages are visible), or None outside a virtual environment (site.venv)."""
    folder = os.path.dirname(os.path.abspath(sys.executable))
    for prefix in (folder, os.path.dirname(folder)):
        try:
            with open(os.path.join(prefix, "pyvenv.cfg"), encoding="utf-8") as file:
                lines = file.read().splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        system_site = True
        for line in lines:
            key, separator, value = line.partition("=")
            if separator and key.strip().lower() == "include-system-site-packages":
                system_site = value.strip().lower() == "true"
        return os.path.dirname(folder), system_site
    return None


def user_site_allowed():
    """Whether site would consider the user site (site.check_enableusersite, without the flags that -I sets)."""
    if os.environ.get("PYTHONNOUSERSITE"):
        return False
    if hasattr(os, "getuid") and hasattr(os, "geteuid") and os.geteuid() != os.getuid():
        return False
    return not (hasattr(os, "getgid") and hasattr(os, "getegid") and os.getegid() != os.getgid())


def add(paths, path):
    """Append an existing folder or archive once."""
    path = os.path.abspath(path)
    if path not in paths and os.path.exists(path):
        paths.append(path)


def add_site_folder(paths, folder):
    """A site folder and the folders its .pth files name; lines that would run code are passed over."""
    if not os.path.isdir(folder):
        return
    add(paths, folder)
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".pth") and not name.startswith("."))
    except OSError:
        return
    for name in names:
        try:
            with open(os.path.join(folder, name), encoding="utf-8-sig", errors="replace") as file:
                lines = file.readlines()
        except OSError:
            continue
        for line in lines:
            line = line.rstrip()
            if line and not line.startswith(("#", "import ", "import\t")):
                add(paths, os.path.join(folder, line))


def search_path(venv):
    """The sys.path of an ordinary start of this interpreter, in order, and the user site where it is on it."""
    paths = []
    if os.environ.get("PYTHONPATH"):
        for entry in os.environ["PYTHONPATH"].split(os.pathsep):
            add(paths, entry)  # an empty entry is the current folder
    for entry in sys.path:
        if entry:
            add(paths, entry)
    prefixes = list(dict.fromkeys([sys.base_prefix, sys.base_exec_prefix]))
    user_site = None
    with_user_site = user_site_allowed()
    if venv is not None:
        prefix, system_site = venv
        for folder in site.getsitepackages([prefix]):
            add_site_folder(paths, folder)
        prefixes = [prefix, *prefixes] if system_site else [prefix]
        with_user_site = with_user_site and system_site
    if with_user_site:
        user_site = site.getusersitepackages()
        add_site_folder(paths, user_site)
    for folder in site.getsitepackages(prefixes):
        add_site_folder(paths, folder)
    return paths, user_site


def scheme_paths(venv):
    """The folders that an install writes to."""
    if venv is None:
        return sysconfig.get_paths()
    prefix = venv[0]
    values = {"base": prefix, "platbase": prefix, "installed_base": sys.base_prefix}
    scheme = "venv" if "venv" in sysconfig.get_scheme_names() else sysconfig.get_preferred_scheme("prefix")
    return sysconfig.get_paths(scheme, vars=values)


def externally_managed(venv):
    """The message of an EXTERNALLY-MANAGED file (PEP 668), or None."""
    if venv is not None:
        return None
    path = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if not os.path.isfile(path):
        return None
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
        return parser["externally-managed"].get("Error", "").strip()
    except (configparser.Error, KeyError, UnicodeDecodeError):
        return ""


def supported_tags(tags, wanted):
    """The wheel tags of this interpreter, most preferred first (pip: utils/compatibility_tags.py, get_supported).

    wanted: what is to be as in another Python: python (numbers), platforms, abis, implementation; the rest is as here.
    """
    python = tuple(wanted["python"][:2]) or None
    name = wanted["implementation"] or tags.interpreter_name()
    interpreter = name + ("".join(map(str, python)) if python else tags.interpreter_version())
    abis = wanted["abis"] or None
    platforms = []
    for platform in wanted["platforms"]:
        if platform not in platforms:
            platforms += [also for also in platforms_of(platform, tags) if also not in platforms]
    platforms = platforms or None
    if name == "cp":
        own = tags.cpython_tags(python_version=python, abis=abis, platforms=platforms)
    else:
        own = tags.generic_tags(interpreter=interpreter, abis=abis, platforms=platforms)
    common = tags.compatible_tags(python_version=python, interpreter=interpreter, platforms=platforms)
    return [str(tag) for tag in [*own, *common]]


def platforms_of(platform, tags):
    """A platform, and the older ones whose wheels run on it as well; those pip knows of (_get_custom_platforms)."""
    apple = re.match(r"(.+)_(\d+)_(\d+)_(.+)", platform)
    android = re.fullmatch(r"android_(\d+)_(.+)", platform)
    if apple and platform.startswith(("macosx", "ios")):
        prefix, version, rest = apple[1], (int(apple[2]), int(apple[3])), apple[4]
        kind, known = ("macosx", tags.mac_platforms) if platform.startswith("macosx") else ("ios", tags.ios_platforms)
        # As in pip, the name keeps what else was written in it.
        return [prefix + "_" + also[len(kind + "_") :] for also in known(version, rest)]
    if android:
        return list(tags.android_platforms(int(android[1]), android[2]))
    name, _, machine = platform.partition("_")
    older = []
    if name == "manylinux2014" and machine in ("i686", "x86_64"):
        older = ["manylinux2010", "manylinux1"]
    elif name == "manylinux2010":
        older = ["manylinux1"]
    return [platform, *(also + "_" + machine for also in older)]


def load_packaging(folder):
    """The packaging library that safe-pip itself uses, and nothing else of its surroundings."""
    spec = importlib.util.spec_from_file_location(
        "packaging", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["packaging"] = module
    spec.loader.exec_module(module)
    import packaging.markers
    import packaging.tags

    return packaging


def main():
    if sys.version_info < (3, 10):  # noqa: UP036
        # Too old, which whoever asks says in words; what follows may not run here.
        json.dump(
            {"version": "%d.%d.%d" % sys.version_info[:3], "version_info": list(sys.version_info[:3])}, sys.stdout
        )
        return
    packaging = load_packaging(sys.argv[1])
    venv = virtual_environment()
    paths, user_site = search_path(venv)
    scheme = scheme_paths(venv)
    answer = {
        "executable": os.path.abspath(sys.executable) if sys.executable else None,
        "version": "%d.%d.%d" % sys.version_info[:3],
        "version_info": list(sys.version_info[:3]),
        "platform": sysconfig.get_platform(),
        "prefix": venv[0] if venv is not None else sys.prefix,
        "is_virtual": venv is not None,
        "markers": dict(packaging.markers.default_environment()),
        "tags": supported_tags(packaging.tags, json.loads(sys.argv[2]) if len(sys.argv) > 2 else NOTHING),
        "site_packages": scheme["purelib"],
        "user_site": user_site,
        "externally_managed": externally_managed(venv),
        "search_path": paths,
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
