"""The records that a zip archive is made of. Source: PKWARE's APPNOTE 6.3.10, sections 4.3 to 4.5."""

from __future__ import annotations

import struct

END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")
LISTED = struct.Struct("<4s4B4HL2L5H2L")
"""A file in the directory."""
HEADER = struct.Struct("<4s5H3L2H")
"""What stands before a file."""

FULL = 0xFFFFFFFF
"""In the place of a size or place that is told in a field of its own."""

ENCRYPTED, STREAMED, UTF8, STRONG, MASKED = 0x1, 0x8, 0x800, 0x40, 0x2000
STORED, DEFLATED = 0, 8


def extra_fields(data: bytes) -> dict[int, bytes]:
    """The extra fields of an entry by their numbers; what is no field ends them."""
    fields: dict[int, bytes] = {}
    while len(data) >= 4:
        number, length = struct.unpack_from("<HH", data)
        if length > len(data) - 4:
            break
        fields.setdefault(number, data[4 : 4 + length])
        data = data[4 + length :]
    return fields
