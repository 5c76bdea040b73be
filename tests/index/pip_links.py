"""Run by the tests as a program: pip's own reader of index pages, asked one page a line.

Each line of stdin is a JSON object with ``content`` (base64), ``content_type`` and ``url``; each line of stdout is a
list of links, or null where pip fails.
"""

from __future__ import annotations

import base64
import email.message
import json
import sys

from pip._internal.index.collector import IndexContent, parse_links

for line in sys.stdin:
    question = json.loads(line)
    header = email.message.Message()
    header["content-type"] = question["content_type"]
    charset = header.get_param("charset")
    page = IndexContent(
        base64.b64decode(question["content"]),
        question["content_type"],
        str(charset) if charset else None,
        question["url"],
        cache_link_parsing=False,
    )
    try:
        seen = set()
        links = []
        for link in parse_links(page):
            if link.url not in seen:
                seen.add(link.url)
                sidecar = link.metadata_file_data
                links.append(
                    {
                        "filename": link.filename,
                        "url": link.url,
                        "hashes": dict(link._hashes),
                        "requires_python": link.requires_python,
                        "yanked": link.yanked_reason,
                        "sidecar": None if sidecar is None else dict(sidecar.hashes or {}),
                    }
                )
    except Exception:
        links = None
    print(json.dumps(links), flush=True)
