"""Native code, told by how a file begins and not by its name.

Source: the ELF specification; Apple's mach-o/loader.h and fat.h; Microsoft's "PE Format".
"""

from __future__ import annotations

import struct

ENOUGH = 4_096
"""Bytes of a file's beginning that are looked at."""
_MACHO = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")
# Compiled Java begins as a Mach-O for several machines does; there are never so many machines.
_MOST_MACHINES = 20


def is_native(start: bytes) -> bool:
    """Whether a file that begins so is native code: ELF, Mach-O or PE."""
    if start.startswith((b"\x7fELF", *_MACHO)):
        return True
    if start.startswith((b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")) and len(start) >= 8:
        return 0 < int.from_bytes(start[4:8], "big") <= _MOST_MACHINES
    if start.startswith(b"MZ") and len(start) >= 64:
        place = struct.unpack_from("<L", start, 60)[0]
        # A header that lies farther on is rarer than a text that begins with these letters.
        return bool(start[place : place + 4] == b"PE\0\0")
    return False
