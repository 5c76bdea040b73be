"""Bills of materials in JSON: CycloneDX, SPDX 2 and SPDX 3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from request.locking import by_name, pins
from safe_pip.errors import UsageError
from safe_pip.inventory import Inventory
from safe_pip.request.sbom import read_sbom

DIGEST = "ab" * 32


def reading(tmp_path: Path, value: Any) -> Inventory:
    """Write a bill and read it."""
    path = tmp_path / "bill.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=1))
    return read_sbom(path, "bill.json")


def refusal(tmp_path: Path, value: Any) -> str:
    """The message and hint of a refusal."""
    with pytest.raises(UsageError) as caught:
        reading(tmp_path, value)
    return f"{caught.value.message} | {caught.value.hint}"


def cyclonedx(*components: dict[str, Any], version: str = "1.6", **more: Any) -> dict[str, Any]:
    """A CycloneDX bill."""
    return {"bomFormat": "CycloneDX", "specVersion": version, "components": list(components), **more}


def component(name: str, at: str | None = "1.0", **more: Any) -> dict[str, Any]:
    """A library of it. at: its version and what follows that in its package URL."""
    purl = f"pkg:pypi/{name}" if at is None else f"pkg:pypi/{name}@{at}"
    return {"type": "library", "bom-ref": f"ref-{name}", "name": name, "purl": purl, **more}


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_cyclonedx_names_versions_and_graph(tmp_path: Path, version: str) -> None:
    """Components, however deep, with their hashes and what they need; the component it is of is the root."""
    found = reading(
        tmp_path,
        cyclonedx(
            component("Flask", hashes=[{"alg": "SHA-256", "content": DIGEST.upper()}, {"alg": "MD5", "content": "x"}]),
            {"type": "application", "name": "outer", "components": [component("deep", components=[component("er")])]},
            component("local", "2.0%2Bcu118"),
            version=version,
            metadata={"component": {"type": "application", "name": "app", "bom-ref": "app"}},
            dependencies=[
                {"ref": "app", "dependsOn": ["ref-Flask", "ref-local"]},
                {"ref": "ref-Flask", "dependsOn": ["ref-deep", "ref-Flask"]},
                {"ref": "ref-deep", "dependsOn": ["ref-er"]},
            ],
        ),
    )

    items = by_name(found)
    assert pins(found) == ["deep==1.0", "er==1.0", "flask==1.0", "local==2.0+cu118"]
    assert items["flask"].shown_name == "Flask"
    assert items["flask"].hashes == {("sha256", DIGEST)}
    assert items["er"].chain == ("flask", "deep", "er")
    assert [name for name, item in items.items() if item.direct] == ["flask", "local"]
    assert found.notes == ("bill.json: 1 component without a package URL, not audited.",)
    assert (found.input.kind, found.input.name) == ("sbom", "bill.json")


def test_lines_are_those_of_the_components(tmp_path: Path) -> None:
    """A finding in a bill points at the component, wherever it is nested."""
    bill = cyclonedx(
        component("a", properties=[{"name": "{", "value": "\\{"}]), component("b", components=[component("c")])
    )

    found = reading(tmp_path, bill)

    lines = (tmp_path / "bill.json").read_text().splitlines()
    for item in found.dependencies:
        assert item.line is not None
        assert f'"bom-ref": "ref-{item.name}"' in lines[item.line + 1]


def test_what_is_not_of_pypi_is_counted(tmp_path: Path) -> None:
    """A clean report on three of a hundred components would be a lie without the other number."""
    found = reading(
        tmp_path,
        cyclonedx(
            component("a"),
            {"type": "library", "purl": "pkg:npm/%40scope/x@1", "bom-ref": "n"},
            {"type": "library", "purl": "pkg:deb/debian/curl@7?arch=amd64", "bom-ref": "d"},
            {"type": "file", "name": "x.py"},
            component("b"),
            dependencies=[
                {"ref": "n", "dependsOn": ["d"]},
                {"ref": "d", "dependsOn": ["ref-b"]},
                {"ref": "ref-a", "dependsOn": ["n"]},
            ],
        ),
    )

    assert found.notes == ("bill.json: 2 components from other ecosystems than PyPI, not audited.",)
    assert by_name(found)["b"].chain == ("a", "b")


def test_components_that_cannot_be_looked_up(tmp_path: Path) -> None:
    """Each is skipped with a reason, and what has no version makes the audit incomplete."""
    found = reading(
        tmp_path,
        cyclonedx(
            component("none", None),
            component("beside", None, version="3.0"),
            component("odd", "not a version"),
            component("vcs", "1.0?vcs_url=git%2Bhttps://h.example/x"),
            {"type": "library", "purl": "not a purl"},
            {"type": "library", "purl": "pkg:pypi/%20@1"},
            component("private", "1.0?repository_url=https://me:secret@private.example/simple"),
        ),
    )

    assert [(item.name, item.code) for item in found.skipped] == [
        ("none", "unparsable"),
        ("odd", "unparsable"),
        ("vcs", "vcs"),
        ("'not a purl'", "unparsable"),
        ("'pkg:pypi/%20@1'", "unparsable"),
    ]
    assert pins(found) == ["beside==3.0", "private==1.0"]
    assert by_name(found)["private"].index == "https://private.example/simple"
    assert "secret" not in repr(found)


def spdx(packages: list[dict[str, Any]], relations: list[tuple[str, str, str]], **more: Any) -> dict[str, Any]:
    """An SPDX 2 bill."""
    relationships = [
        {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other} for one, kind, other in relations
    ]
    return {"spdxVersion": "SPDX-2.3", "packages": packages, "relationships": relationships, **more}


def spdx_package(name: str, version: str = "1.0", **more: Any) -> dict[str, Any]:
    """A package of it."""
    reference = {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": f"pkg:pypi/{name}@{version}",
    }
    return {"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": version, "externalRefs": [reference], **more}


def test_spdx_names_versions_and_graph(tmp_path: Path) -> None:
    """Relationships are written in both directions; what the document describes is the root."""
    found = reading(
        tmp_path,
        spdx(
            [
                {"SPDXID": "SPDXRef-app", "name": "app"},
                spdx_package("a", checksums=[{"algorithm": "SHA256", "checksumValue": DIGEST}]),
                spdx_package("b"),
                spdx_package("c"),
                {"SPDXID": "SPDXRef-x", "name": "unknown"},
            ],
            [
                ("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-app"),
                ("SPDXRef-app", "DEPENDS_ON", "SPDXRef-a"),
                ("SPDXRef-b", "DEPENDENCY_OF", "SPDXRef-a"),
                ("SPDXRef-b", "DEPENDS_ON", "SPDXRef-c"),
                ("SPDXRef-app", "DEPENDS_ON", "SPDXRef-x"),
            ],
        ),
    )

    items = by_name(found)
    assert pins(found) == ["a==1.0", "b==1.0", "c==1.0"]
    assert items["a"].hashes == {("sha256", DIGEST)}
    assert (items["a"].direct, items["b"].direct) == (True, False)
    assert items["c"].chain == ("a", "b", "c")
    assert found.notes == ("bill.json: 1 component without a package URL, not audited.",)


def test_what_a_document_describes_is_audited_too(tmp_path: Path) -> None:
    """Some tools describe every package; none of them may be lost for being a root."""
    packages = [spdx_package("a"), spdx_package("b")]

    assert pins(reading(tmp_path, spdx(packages, [], documentDescribes=["SPDXRef-a", "SPDXRef-b"]))) == [
        "a==1.0",
        "b==1.0",
    ]


def test_spdx_3(tmp_path: Path) -> None:
    """The third version is a graph in JSON-LD, with other words for the same."""
    graph = [
        {"type": "SpdxDocument", "spdxId": "doc", "rootElement": ["app"]},
        {"type": "software_Package", "spdxId": "app", "name": "app"},
        {
            "type": "software_Package",
            "spdxId": "a",
            "software_packageUrl": "pkg:pypi/a@1.0",
            "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": DIGEST}],
        },
        {
            "type": "software_Package",
            "spdxId": "b",
            "software_packageVersion": "2.0",
            "externalIdentifier": [{"externalIdentifierType": "packageUrl", "identifier": "pkg:pypi/b"}],
        },
        {"type": "Relationship", "from": "app", "to": ["a"], "relationshipType": "dependsOn"},
        {"type": "Relationship", "from": "a", "to": ["b"], "relationshipType": "dependsOn"},
    ]

    found = reading(tmp_path, {"@context": "https://spdx.example/rdf/3.0.1/spdx-context.jsonld", "@graph": graph})

    items = by_name(found)
    assert pins(found) == ["a==1.0", "b==2.0"]
    assert items["b"].chain == ("a", "b")
    assert items["a"].hashes == {("sha256", DIGEST)}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("<bom/>", "The SBOM bill.json is not JSON. | Write it as JSON"),
        ("SPDXVersion: SPDX-2.3", "is not JSON. | Write it as JSON"),
        ("{", "is not JSON:"),
        ("[]", "is not a bill of materials"),
        ({}, "is neither CycloneDX nor SPDX"),
        (cyclonedx(version="2.0"), "is CycloneDX '2.0', which safe-pip does not read"),
        ({"spdxVersion": "SPDX-9"}, "is 'SPDX-9', which safe-pip does not read"),
        (cyclonedx(components=3), "its components is no list"),
        (cyclonedx(components=[3]), "its components is no list of objects"),
        (
            '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [], "components": []}',
            "'components' is there twice",
        ),
    ],
)
def test_a_bill_that_cannot_be_read(tmp_path: Path, value: Any, said: str) -> None:
    """Each is refused with what it is and what would do."""
    assert said in refusal(tmp_path, value)


def test_a_bill_that_is_not_there(tmp_path: Path) -> None:
    """The same for a file that is not there."""
    with pytest.raises(UsageError, match=r"The SBOM x.json cannot be read: No such file"):
        read_sbom(tmp_path / "x.json", "x.json")
