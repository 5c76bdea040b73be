"""The names of the standard library's modules, by version. Source: ``sys.stdlib_module_names`` of each Python."""

from __future__ import annotations

# In every Python from 3.10 on, unless said otherwise below. Those that begin with an underscore are left out.
_NAMES = """
abc antigravity argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 cProfile calendar
cmath cmd code codecs codeop collections colorsys compileall concurrent configparser contextlib contextvars copy
copyreg csv ctypes curses dataclasses datetime dbm decimal difflib dis doctest email encodings ensurepip enum
errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass
gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib importlib inspect io ipaddress
itertools json keyword linecache locale logging lzma mailbox marshal math mimetypes mmap modulefinder msvcrt
multiprocessing netrc nt ntpath nturl2path numbers opcode operator optparse os pathlib pdb pickle pickletools
pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc
pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select
selectors shelve shlex shutil signal site smtplib socket socketserver sqlite3 sre_compile sre_constants
sre_parse ssl stat statistics string stringprep struct subprocess symtable sys sysconfig syslog tabnanny tarfile
tempfile termios textwrap this threading time timeit tkinter token tokenize trace traceback tracemalloc tty
turtle turtledemo types typing unicodedata unittest urllib uuid venv warnings wave weakref webbrowser winreg
winsound wsgiref xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
"""
_EVERY = frozenset(_NAMES.split())
_UNTIL = {
    (3, 11): ("asynchat", "asyncore", "distutils", "imp", "smtpd"),
    (3, 12): (
        "aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap", "msilib", "nis", "nntplib",
        "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib",
    ),
}  # fmt: skip
_SINCE = {(3, 11): ("tomllib",), (3, 14): ("annotationlib", "compression")}
_NOBODY_MINDS = {"test", "antigravity", "this", "idlelib", "turtledemo"}
"""Never imported by anything but themselves; many projects bring their tests as ``test`` by mistake."""


def standard_library(version: tuple[int, int] | None) -> frozenset[str]:
    """The names that are modules of a Python's standard library. version: None for those of every Python."""
    names = set(_EVERY)
    for last, gone in _UNTIL.items():
        if version is not None and version <= last:
            names.update(gone)
    for first, new in _SINCE.items():
        if version is not None and version >= first:
            names.update(new)
    return frozenset(names - _NOBODY_MINDS)
