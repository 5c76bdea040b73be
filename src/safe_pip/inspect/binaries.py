"""Native code, told by how a file begins and not by its name.

Source: the ELF specification; Apple's mach-o/loader.h and fat.h; Microsoft's "PE Format".
"""

from __future__ import annotations

import struct

ENOUGH = 4_096
"""Bytes of a file's beginning that are looked at."""
_MACHO = {
    b"\xfe\xed\xfa\xce": "big",
    b"\xfe\xed\xfa\xcf": "big",
    b"\xce\xfa\xed\xfe": "little",
    b"\xcf\xfa\xed\xfe": "little",
}
_UNIVERSAL = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
# Compiled Java begins as a Mach-O for several machines does; there are never so many machines.
_MOST_MACHINES = 20


def native(start: bytes) -> tuple[str, str] | None:
    """The format and the machine of native code, told by how the file begins; None for anything else.

    The machine is the number that the format has for it, and empty where the file is for several.
    """
    if start.startswith(b"\x7fELF") and len(start) >= 20:
        return "ELF", start[18:20].hex()
    if (order := _MACHO.get(start[:4])) is not None and len(start) >= 8:
        return "Mach-O", start[4:8].hex() if order == "big" else start[7:3:-1].hex()
    if start.startswith(_UNIVERSAL) and len(start) >= 8:
        return ("Mach-O", "") if 0 < int.from_bytes(start[4:8], "big") <= _MOST_MACHINES else None
    if start.startswith(b"MZ") and len(start) >= 64:
        place = struct.unpack_from("<L", start, 60)[0]
        # A header that lies farther on is rarer than a text that begins with these letters.
        if start[place : place + 4] == b"PE\0\0":
            return "PE", start[place + 4 : place + 6].hex()
    return None
