"""Sound texts of each format that is read, and the words that mean something in it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

DIGEST = "ab" * 32
SECRET = "://user:s3cret@"
"""In front of a host; in no message."""

# --------------------------------------------------------------------------- index pages

_ANCHOR = '<a href="https://h.example/p/foo-{0}-py3-none-any.whl#sha256={1}"{2}>foo-{0}-py3-none-any.whl</a><br />\n'
_HEAD = (
    '<!DOCTYPE html>\n<html>\n<head>\n<meta name="pypi:repository-version" content="1.3">\n{}'
    "<title>Links for foo</title>\n</head>\n<body>\n"
)
_MORE = ' data-requires-python="&gt;=3.9" data-core-metadata="sha256={}" data-provenance="https://h.example/p/foo.provenance"'
HTML = [
    text.encode()
    for text in (
        _HEAD.format("")
        + "".join(_ANCHOR.format(n, DIGEST, _MORE.format(DIGEST)) for n in (1, 2, 3))
        + "</body></html>\n",
        "".join(_ANCHOR.format(n, DIGEST, ' data-yanked="broken &amp; bad"' if n == 2 else "") for n in (1, 2)),
        _HEAD.format('<meta name="pypi:tracks" content="https://t.example/simple/foo/">\n<base href="../">')
        + f'<a href="foo-1.0.tar.gz#md5={"0" * 32}">x</a> <a href="https{SECRET}h.example/foo-2.0.zip">y</a>',
        _HEAD.format(
            '<meta name="pypi:project-status" content="archived">'
            '<meta name="pypi:project-status-reason" content="no time &#10; for it">'
        )
        + "<a href='foo-1%2B2.zip?token=1' data-yanked data-dist-info-metadata=true>z</a><!-- c --><p title='<a'>",
    )
]
HTML_WORDS = [
    *(b"<a ", b"<a>", b"</a>", b' href="', b"href=", b"data-yanked", b' data-yanked=""'),
    *(b' data-requires-python="<3"', b"<base href='https://[::1'>", b"<base>", b"<!--", b"-->", b"<!", b"<![CDATA["),
    *(b"]]>", b"<?x?>", b"<script>", b"</title>", b"<title>", b"<textarea>", b"<plaintext>", b"&#0;", b"&#x110000;"),
    *(b"&amp", b"&copy;", b"&#55296;", b"#sha256=", b"#md5=ab", b"https://", b"http://[", b"//", b"://user:s3cret@"),
    *(b"?a=b", b"javascript:", b"file:///x", b'<meta name="pypi:tracks" content="'),
    *(b'<meta name="pypi:alternate-locations" content="//[x">', b"<body>"),
    *(b'<meta name="pypi:project-status" content="quarantined">',),
    *(b'<meta name="pypi:repository-version" content="2">', b".whl", b"-1.0.tar.gz", b".zip"),
    *(b"foo-1.0-py3-none-any.whl", b"<!DOCTYPE x [<!ENTITY>]>", b"<![if", b"<!a "),
]


def _file(name: str, **more: object) -> dict[str, object]:
    return {"filename": name, "url": f"https://h.example/p/{name}", "hashes": {"sha256": DIGEST}, **more}


_FILES = [
    _file("foo-1.0-py3-none-any.whl", **{"requires-python": ">=3.9", "core-metadata": {"sha256": DIGEST}, "size": 9}),
    _file("foo-1.0.tar.gz", **{"upload-time": "2026-01-01T00:00:00.123456Z", "yanked": "broken", "provenance": None}),
    _file("foo-2.0rc1-py3-none-any.whl", **{"yanked": False, "provenance": "https://h.example/x", "gpg-sig": True}),
]
JSON = [
    json.dumps(value).encode()
    for value in (
        {"meta": {"api-version": "1.4"}, "name": "foo", "files": _FILES, "versions": ["1.0", "2.0rc1"]},
        {
            "meta": {"api-version": "1.4", "tracks": ["https://t.example/simple/foo/"]},
            "alternate-locations": ["https://u:p@a.example:443/simple/Foo"],
            "project-status": {"status": "quarantined", "reason": "malware\n is in it"},
            "files": [{**_FILES[0], "url": "../foo-1.0-py3-none-any.whl#sha256=ab"}, *_FILES[1:]],
        },
    )
]
JSON_WORDS = [
    *(b'"files"', b'"url":', b'"hashes":{}', b'"yanked":', b'"upload-time":"', b'"size":-1', b"null", b"true", b"[]"),
    *(b"{}", b",", b":", b'"', b'{"a":', b"[[", b"\\u0000", b"\\udc80", b"Infinity", b'"status":"archived"'),
    *(b"://user:s3cret@", b'"tracks":["//["]', b'"api-version":"2.0"', b'"https://[x/a-1.zip"'),
    *(b'"core-metadata":{"md5":"x"}', b"2026-13-41", b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59"),
    *(b'"project-status":', b'"meta":[]', b'"provenance":"'),
]

# --------------------------------------------------------------------------- provenance

STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "foo-1.0-py3-none-any.whl", "digest": {"sha256": DIGEST}}],
    "predicateType": "https://docs.example/publish/v1",
    "predicate": None,
}
_ATTESTATION = {
    "version": 1,
    "verification_material": {"certificate": "AAAA", "transparency_entries": [{}]},
    "envelope": {"statement": base64.b64encode(json.dumps(STATEMENT).encode()).decode(), "signature": "AAAA"},
}
PROVENANCE = [
    json.dumps(
        {"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": [_ATTESTATION]}]}
    ).encode()
    for publisher in (
        {"kind": "GitHub", "repository": "acme/foo", "workflow": "release.yml", "environment": "", "claims": None},
        {"kind": "Google", "email": "a@b.example"},
    )
]

# --------------------------------------------------------------------------- core metadata

METADATA = [
    (
        b"Metadata-Version: 2.4\nName: foo\nVersion: 1.0\nRequires-Dist: bar>=1,<2; python_version < '3.12'\n"
        b"Requires-Dist: baz[x,y] @ https://h.example/baz-1.zip ; extra == 'z'\nProvides-Extra: z\n"
        b"Requires-Python: >=3.9\n"
        b"License-Expression: MIT OR (Apache-2.0 AND BSD-3-Clause)\nDynamic: License-File\n\nLong text\n"
    ),
    (
        b"Metadata-Version: 2.1\r\nName: Foo.Bar\r\nVersion: v1.0-rc.1\r\nLicense: BSD\r\n  two lines\r\n"
        b"Classifier: License :: OSI Approved :: MIT License\r\nDynamic: Requires-Dist\r\n"
        b"Summary: =?utf-8?q?=41?=\r\n\r\n"
    ),
]
METADATA_WORDS = [
    *(b"Name: ", b"Version: ", b"\nRequires-Dist: ", b"\n\n", b"\r\n\r\n", b": ", b"\n ", b"\n\t"),
    *(b"Requires-Python: ", b"=?utf-8?q?=41?=", b"=?x?b?/?=", b"; extra == 'a'", b" and ", b" or "),
    *(b"python_version", b"===", b"~=1", b"1!2.0", b"[a,b]", b" @ file:///x", b" @ https://["),
    *(b"License-Expression: ", b" WITH ", b"LicenseRef-x", b"+", b"\nFrom x\n", b"License: MIT"),
    *(b"Classifier: License :: ", b"Provides-Extra: -", b"Metadata-Version: 2.2.2", b"Metadata-Version: x"),
    *(b"Content-Type: multipart/x; boundary=a\n", b"MIME-Version: 1.0\n", b"in 'a'", b"not in", b"os_name", b" ; "),
]
PYPROJECT = [
    (
        b"[build-system]\nrequires = ['x']\n\n[project]\nname = 'foo'\nversion = '1.0'\nrequires-python = '>=3.9'\n"
        b"dependencies = ['bar>=1 ; python_version < \"3.12\"', 'baz @ https://h.example/baz-1.zip']\nlicense = 'MIT'\n"
        b"[project.optional-dependencies]\nz = ['quux[a]; os_name == \"nt\"', 'corge @ https://h.example/corge.zip']\n"
    ),
    b"[project]\nname = 'foo'\ndynamic = ['version']\nlicense = {text = 'BSD'}\nclassifiers = ['License :: x']\n",
]
PYPROJECT_WORDS = [
    *(b"[project]\n", b"name = 1\n", b"dynamic = ['dependencies']\n", b"dependencies = [1]\n", b"version = '"),
    *(b"['']", b"[[project]]\n", b"a.b.c = 1\n", b"{}", b"= {a = 1}", b"'''", b"\\u0000"),
    *(b"[project.optional-dependencies]\n", b"1979-05-27", b"inf", b"0b1", b"requires-python = ''\n", b"'-' = []\n"),
    *(b"license = 1\n", b"\\ud800", b"\xed\xa0\x80"),
]

# --------------------------------------------------------------------------- requirements files

REQUIREMENTS = [
    b"# comment\n-i https://user:s3cret@h.example/simple --extra-index-url=https://e.example/simple\nflask[async]>=3.0,<4\n",
    b"flask ; python_version >= '3.9' # why\nDjango==4.2 \\\n    --hash=sha256:" + DIGEST.encode() + b" \\\n    "
    b"--hash=sha512:" + DIGEST.encode() * 2 + b"\n",
    b"-c other.txt\n--no-binary :all:\n--pre\n-r other.txt\n./folder\n./folder[x]\n",
    b"foo @ https://user:s3cret@h.example/foo-1.0-py3-none-any.whl#sha256=" + DIGEST.encode() + b"\n"
    b"git+https://user:s3cret@g.example/a/b.git@main#egg=b&subdirectory=x\n",
    b"https://h.example/bar-2.0.tar.gz#egg=bar ; os_name == 'posix'\n-f https://user:s3cret@f.example/\n",
    b"# -*- coding: latin-1 -*-\nfoo==1.*\nbar===x\nbaz~=1.2.3\n--require-hashes\n--only-binary=foo,bar\n# \xe9\n",
    b"foo\n--prefer-binary\n--no-index\nbar>1,!=1.5 \n",
]
REQUIREMENTS_WORDS = [
    *(b"-r ", b"-c ", b"-e ", b"--hash=sha256:", b"--hash=md5:ab", b"-i ", b"--index-url=", b"-f ", b"--no-index\n"),
    *(b"--pre\n", b" ; ", b";", b" #", b"\\\n", b"\n", b" @ ", b"==", b"~=", b"===", b"[a]", b"[", b"https://["),
    *(b"file:../x", b"file:///", b"://user:s3cret@", b"git+ssh://git@", b"#egg=", b"#egg=a[b]", b"extra == 'a'"),
    *(b"python_version in '3'", b"and", b"not in", b"# coding: utf-16\n", b"# coding: unicode_escape\n"),
    *(b"#coding=idna\n", b"#coding:rot13\n", b"# coding: \xff\n", b"--no-binary ", b":none:", b"--use-feature="),
    *(b"--trusted-host ", b"--", b"-", b"'", b'"', b"other.txt", b"./folder", b".whl", b".zip", b"pylock.toml"),
    *(b"-r pylock.toml\n", b"-r main.txt\n", b"-r https://h.example/r.txt\n", b"~", b"~x", b"http://h.example:x/"),
    *(b"%zz", b"%2e%2e/", b"1" * 400, b"--use-feature fast-deps\n", b"--config-settings a=b", b"--global-option=x"),
    *(b"(>=1)", b"$HOME", b"-qq", b"--unknown", b"-i -r", b"\0"),
]
OTHER = b"six==1.16\nhttps://h.example/other-1.16-py2.py3-none-any.whl\n"

# --------------------------------------------------------------------------- policies

_REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "policy.md"
_EXAMPLES = re.findall(r"```toml\n(.*?)```", _REFERENCE.read_text("utf-8"), re.DOTALL)
POLICIES = [text.encode() for text in _EXAMPLES if "team.toml" not in text]
"""The example of every key, which are all valid, but for one that extends another file."""
_LARGE = (
    b"".join(text for text in POLICIES if text.startswith(b"[[")) + b"[levels]\nyanked = 'warn'\nmalware = 'note'\n"
)
POLICIES += [
    _LARGE,
    b"[profiles.ci.levels]\nyanked = 'note'\n[cooldown]\nminimum-age = '7d'\n\n" + _LARGE,
    b"exceptions = [{id = 'PYSEC-2026-1', package = 'a', expires = 2026-12-31}]\nlevels = {yanked = 'allow'}\n",
]
POLICY_WORDS = [
    *(b"[levels]\n", b"[[exceptions]]\n", b"[profiles.ci]\n", b"[cooldown]\n", b"[sources]\n", b"[[overrides]]\n"),
    *(b"\r\n", b"may-relax = ['levels']\n", b"extends = ['other.toml']\n", b"extends = ['safe-pip.toml']\n"),
    *(b"extends = ['/']\n", b"'*'", b"'[a'", b"'flask<3'", b"'24h'", b"'99999999999d'", b"'never'", b"2026-12-31"),
    *(b"9999-12-31", b"0001-01-01", b"'block'", b"'allow'", b"'avoid'", b"'malware'", b"malware = 'allow'\n"),
    *(b"= 1\n", b"= {}\n", b"= []\n", b" = true\n", b"a.b.c.d = 1\n", b'"\\u001b" = 1\n', b"'''", b'"""', b"# c\n"),
    *(b"{install = 'note'}", b"sha256 = '", b"\\", b"inf", b"exceptions = [\n", b"]\n", b"}", b"x = [1, # c\n]\n"),
    *(b'"exceptions"', b"'exceptions'.a", b"https://[", b"until-fixed = true\n", b"https://user:s3cret@h.example/x"),
    *(b"source = '", b"at = 0.5\n", b"extends = [{url = 'https://h.example/x', sha256 = '1'}]\n"),
]
FIXED_POLICY = "[levels]\nyanked = 'block'\n[cooldown]\nminimum-age = '3d'\n[sources]\nrequire-hashes = true\n"
"""The user's own, which a project cannot loosen."""
EXCEPTION_WORDS = [
    *("PYSEC-2026-1", "MAL-2026-1", "yanked", "malware", "flask<3", "*", "acme-*", "[a", "2026-12-31", "30d"),
    *("9999999999d", "", " ", "why", 'a "b" \\ ü', "\x1b[31m", "\ud800", "\n", DIGEST, "component_not_present"),
    *("1" * 5_000, "policy-expired"),
]

# --------------------------------------------------------------------------- likelihood

EPSS = [
    (
        b"#model_version:v2026.01.01,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\n"
        b"CVE-2026-0001,0.00043,0.1\nCVE-2026-12345,1,0.99\nCVE-2020-0002,9.5e-4,0.5\n"
    )
]
EPSS_WORDS = [
    *(b"cve,epss\n", b"CVE-2026-1", b",", b"1.0000001", b"1e-999", b"-0", b"nan", b"#", b"\n\n", b'"', b"1_0"),
    *(b"0x1", b"+1"),
]
KEV = [
    json.dumps({"title": "x", "count": 2, "vulnerabilities": [{"cveID": f"CVE-2026-000{n}"} for n in (1, 2)]}).encode()
]
KEV_WORDS = [
    *(b'"cveID":', b"CVE-", b"null", b"[]", b"{}", b",", b'"vulnerabilities":', b"\\u0000", b"[[", b"NaN", b" "),
]

# --------------------------------------------------------------------------- projects

PROJECTS = [
    PYPROJECT[0]
    + b"all = ['Foo[z,y]']\n[dependency-groups]\ntest = ['pytest>=8,<9', {include-group = 'lint'}]\n"
    + b"lint = ['ruff==0.1.*']\n",
    (
        b"[project]\nname = 'foo'\ndependencies = ['a', 'b @ git+https://g.example/b@main']\n"
        b"optional-dependencies = {z = ['e']}\n"
        b"[dependency-groups]\ntest = [\n  'c ; python_version < \"3.12\"',\n  'd~=1.4.2',\n]\n"
    ),
]
PROJECT_WORDS = [
    *(b"test = ['x']\n", b"{include-group = 'test'}", b"'", b"['", b"']\n", b"[dependency-groups]\n", b">=1,<", b"a b"),
    *(b"((((((((", b"'foo[all]'", b"{include-group = 1}", b"{}", b"Test = []\n", b" @ https://[", b"; extra == 'a'"),
    *(b"[project.optional-dependencies]\n", b"dynamic = ['optional-dependencies']\n", b"[tool.poetry]\n", b"\\ud800"),
]
