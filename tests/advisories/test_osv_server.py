"""The OSV server of the tests: what is tested against it is worth as much as it is."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
import requests

from fakes import advisory
from osv_server import OsvServer
from pypi_json_server import PyPIJsonServer, vulnerability


def query(name: str, version: str | None = "1.0", **more: Any) -> dict[str, Any]:
    """One query."""
    return {"package": {"name": name, "ecosystem": "PyPI"}, **({"version": version} if version else {}), **more}


def ask(server: OsvServer, path: str, content: Any) -> Any:
    """POST, and the answer's JSON."""
    return requests.post(f"{server.base}{path}", json=content, timeout=10).json()


def test_the_three_endpoints_as_documented() -> None:
    """Full records by query, ids and times by batch in the order of the queries, and one record by its id."""
    record = advisory("PYSEC-1", "App", events=[{"introduced": "0"}, {"fixed": "2.0"}])
    with OsvServer([record, advisory("PYSEC-2", "other", withdrawn="2020-01-01T00:00:00Z")]) as server:
        assert ask(server, "/v1/query", query("app")) == {"vulns": [record]}
        assert ask(server, "/v1/query", query("app", "2.0")) == {}
        batch = ask(
            server, "/v1/querybatch", {"queries": [query("other"), query("APP", "1.0+cpu"), query("app", None)]}
        )
        brief = {"vulns": [{"id": "PYSEC-1", "modified": record["modified"]}]}
        assert batch == {"results": [{}, brief, brief]}
        assert requests.get(f"{server.base}/v1/vulns/PYSEC-1", timeout=10).json() == record
        assert requests.get(f"{server.base}/v1/vulns/X", timeout=10).status_code == 404
        assert server.details == ["PYSEC-1", "X"]
        assert [len(batch) for batch in server.batches] == [3]


def test_pages_by_token() -> None:
    """A query has its own pages; the last one has no token."""
    with OsvServer([advisory(f"X-{number}", "app") for number in range(5)], page=2) as server:
        found, token = [], ""
        while True:
            [page] = ask(server, "/v1/querybatch", {"queries": [query("app", page_token=token)]})["results"]
            found += [item["id"] for item in page["vulns"]]
            token = page.get("next_page_token", "")
            if not token:
                break

    assert found == [f"X-{number}" for number in range(5)]
    assert len(server.batches) == 3


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ([{"introduced": "0"}, {"fixed": "1.0"}], ["0.9", "1.0rc1", "0.dev0"], ["1.0", "1.0.post1"]),
        ([{"introduced": "1.0"}, {"last_affected": "2.0"}], ["1.0", "2.0", "2.0+cpu"], ["0.9", "2.0.post1"]),
        ([{"fixed": "1.0"}, {"introduced": "0"}, {"introduced": "2.0"}], ["0.5", "3"], ["1.0", "1.9"]),
        ([{"introduced": "0"}, {"limit": "1.0"}], ["0.9"], ["1.0"]),
    ],
)
def test_the_evaluation(events: list[dict[str, str]], inside: list[str], outside: list[str]) -> None:
    """The algorithm of the schema, at its edges."""
    with OsvServer([advisory("X", "app", events=events)], now=datetime(2026, 11, 20, tzinfo=timezone.utc)) as server:
        assert [version for version in inside if not ask(server, "/v1/query", query("app", version))] == []
        assert [version for version in outside if ask(server, "/v1/query", query("app", version))] == []


def test_troubles_are_switched_on_and_off() -> None:
    """So many times, in one place, and then well again; too large a batch is refused."""
    with OsvServer([advisory("X", "app")]) as server:
        server.trouble(429, headers={"Retry-After": "1"}, times=1, path="/v1/vulns/")
        assert ask(server, "/v1/query", query("app"))["vulns"]
        answers = [requests.get(f"{server.base}/v1/vulns/X", timeout=10) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [429, 200]
        server.trouble(200, "nonsense")
        assert requests.get(f"{server.base}/v1/vulns/X", timeout=10).text == "nonsense"
        server.well()
        many = requests.post(
            f"{server.base}/v1/querybatch", data=json.dumps({"queries": [query("a")] * 1001}), timeout=10
        )
        assert many.status_code == 400


def test_the_index_json() -> None:
    """A release with what is known of it, and 404 for whatever it does not have."""
    with PyPIJsonServer() as server:
        server.add("App", "1.0", vulnerability("PYSEC-1", fixed_in=["1.1"]))
        found = requests.get(f"{server.base}/pypi/app/1.0/json", timeout=10).json()
        assert [item["fixed_in"] for item in found["vulnerabilities"]] == [["1.1"]]
        assert requests.get(f"{server.base}/pypi/app/2.0/json", timeout=10).status_code == 404
        server.trouble(503, times=1)
        assert requests.get(f"{server.base}/pypi/app/1.0/json", timeout=10).status_code == 503
        assert server.url == f"{server.base}/simple/"
