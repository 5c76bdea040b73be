"""What is run inside the target interpreter after the verdict, as a script, with ``-I -S``: compiles to bytecode.

pip compiles one module after another, each as it is installed. This program does the same for some of the wheels while
pip unpacks, and writes the files afterwards: the very ``.pyc`` files that pip would have written (PEP 552, py_compile),
and their lines in RECORD (PyPA specification "Recording installed projects"). Modules are compiled, never run. Only the
standard library is imported.

Its arguments are a JSON file with a list of [wheel, folder it will be installed into], and the environment's folder,
which ``-S`` leaves unknown. A line of JSON on stdin then says where pip has put them: {wheel: its .dist-info folder}.
On stdout, at the end: {"ahead": how many modules were compiled before they were installed, "late": how many after,
"failed": {wheel: reason}}.
"""

import csv
import hashlib
import importlib.util
import json
import marshal
import os
import re
import sys
import tempfile
import warnings
import zipfile

# A module's code by its path, with the digest of the source it was made from.
Ahead = dict[str, tuple[bytes, bytes | None]]

# PEP 263, and the names that CPython decodes by itself (Parser/tokenizer, get_normal_name; PyUnicode_Decode).
_COOKIE = re.compile(rb"^[ \t\f\xef\xbb\xbf]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)")
_BUILT_IN = {"utf-8", "utf8", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "iso8859-1", "iso-latin-1"}

# Code that waits for its file is kept in memory up to this many bytes; what is beyond is compiled afterwards.
MOST_KEPT = 48_000_000


def is_plainly_encoded(source: bytes) -> bool:
    """Whether a module is in an encoding that is compiled without importing a codec.

    pip imports nothing once it has begun to install, so it leaves a module in another encoding without bytecode
    (operations/install/wheel.py, _compile_wheel_file).
    """
    for line in source.split(b"\n", 2)[:2]:
        found = _COOKIE.match(line)
        if found:
            name = found[1].decode("ascii").lower().replace("_", "-")
            return name in _BUILT_IN or name.startswith(("utf-8-", "latin-1-", "iso-8859-1-", "iso-latin-1-"))
        if line.strip(b" \t\f\r") and not line.lstrip(b" \t\f\xef\xbb\xbf").startswith(b"#"):
            break
    return True


def compiled(source: bytes, path: str) -> bytes | None:
    """The marshalled code of a module, None where it cannot be compiled (py_compile.compile)."""
    if not is_plainly_encoded(source):
        return None
    try:
        return marshal.dumps(compile(source, path, "exec", dont_inherit=True))
    except Exception:  # noqa: BLE001 - whatever is wrong with a module, pip leaves it as it is (compileall.compile_file)
        return None


def modules(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members of a wheel that end in .py, as they are compiled by pip: all of them, wherever they go."""
    return [member for member in archive.infolist() if member.filename.endswith(".py")]


def compile_ahead(jobs: list[tuple[str, str]]) -> Ahead:
    """Code by the path that a module will have, each with the digest of its source."""
    found: Ahead = {}
    kept = 0
    for wheel, folder in jobs:
        try:
            with zipfile.ZipFile(wheel) as archive:
                for member in modules(archive):
                    if kept > MOST_KEPT:
                        return found
                    path = os.path.join(folder, member.filename)
                    source = archive.read(member)
                    code = compiled(source, path)
                    found[path] = (hashlib.sha256(source).digest(), code)
                    kept += len(code or b"")
        except Exception:  # noqa: BLE001, S112 - pip has unpacked it or has failed; what is missing here is compiled afterwards
            continue
    return found


def installed_modules(archive: zipfile.ZipFile, folder: str, prefix: str, record: list[list[str]]) -> list[str]:
    """The lines of RECORD that are modules of the wheel.

    Those of .data lie where the scheme has them, which RECORD tells; but a wheel can write anything there, so such a
    module must lie within the environment and be the one in the wheel, but for the first line of a script.
    """
    own = {member.filename for member in modules(archive)}
    moved: dict[str, list[str]] = {}
    for name in own:
        top, _, rest = name.partition("/")
        if top.endswith(".data"):
            moved.setdefault(rest.rpartition("/")[2], []).append(name)
    found = set()
    for path in {row[0] for row in record if row and row[0].endswith(".py")}:
        if path in own:
            found.add(path)
            continue
        place = os.path.join(folder, path)
        if os.path.realpath(place).startswith(prefix + os.sep) and os.path.isfile(place):
            with open(place, "rb") as file:
                content = file.read()
            for name in moved.get(path.rpartition("/")[2], ()):
                source = archive.read(name)
                is_script = name.split("/")[1] == "scripts"
                if content == source or (is_script and content.partition(b"\n")[2] == source.partition(b"\n")[2]):
                    found.add(path)
    return sorted(found)


def write(path: str, ahead: Ahead) -> tuple[str, bool] | None:
    """Write a module's bytecode beside it. Returns the file's path and whether its code was ready, None for neither."""
    place = importlib.util.cache_from_source(path)
    if os.path.islink(place) or (os.path.exists(place) and not os.path.isfile(place)):
        return None
    with open(path, "rb") as file:
        source = file.read()
        state = os.fstat(file.fileno())
    digest, code = ahead.get(path, (b"", None))
    ready = digest == hashlib.sha256(source).digest()
    if not ready:
        code = compiled(source, path)
    if code is None:
        return None
    header = importlib.util.MAGIC_NUMBER + b"".join(
        (number & 0xFFFFFFFF).to_bytes(4, "little") for number in (0, int(state.st_mtime), state.st_size)
    )
    os.makedirs(os.path.dirname(place), exist_ok=True)
    temporary = f"{place}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_EXCL | os.O_CREAT | os.O_WRONLY, (state.st_mode | 0o200) & 0o666)
    try:
        with open(descriptor, "wb") as file:
            file.write(header + code)
        os.replace(temporary, place)
    except BaseException:
        os.unlink(temporary)
        raise
    return place, ready


def finish(wheel: str, info: str, prefix: str, ahead: Ahead, counts: dict[str, int]) -> None:
    """Write the bytecode of one installed wheel, and its lines in RECORD."""
    folder = os.path.dirname(info)
    place = os.path.join(info, "RECORD")
    with open(place, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    written = []
    with zipfile.ZipFile(wheel) as archive:
        names = installed_modules(archive, folder, prefix, rows)
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            found = write(path, ahead)
            if found is not None:
                written.append(os.path.relpath(found[0], folder).replace(os.sep, "/"))
                counts["ahead" if found[1] else "late"] += 1
    if not written:
        return
    rows = sorted([*rows, *([name, "", ""] for name in written)])
    mode = os.stat(place).st_mode & 0o777
    descriptor, temporary = tempfile.mkstemp(prefix="RECORD", suffix=".tmp", dir=info)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, place)
    except BaseException:
        os.unlink(temporary)
        raise


def main() -> None:
    """Compile, wait for pip, write, and tell."""
    warnings.simplefilter("ignore")
    with open(sys.argv[1], encoding="utf-8") as file:
        jobs = json.load(file)
    ahead = compile_ahead(jobs)
    prefix = os.path.realpath(sys.argv[2])
    installed = json.loads(sys.stdin.readline() or "{}")
    counts = {"ahead": 0, "late": 0}
    failed = {}
    for wheel, info in installed.items():
        try:
            finish(wheel, info, prefix, ahead, counts)
        except Exception as error:  # noqa: BLE001 - told to the parent, which tells the user
            failed[wheel] = f"{type(error).__name__}: {error}"
    json.dump({**counts, "failed": failed}, sys.stdout)


if __name__ == "__main__":
    main()
