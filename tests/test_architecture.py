"""The rules of the house, kept by reading the sources."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from safe_pip.request.default_index import default_index

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "safe_pip"
STAGES = {"request", "resolve", "stage", "audit", "judge", "report", "commit", "deliver"}
OTHER_NAMES = {"audit_inventories": "audit", "judge_audit": "judge"}
"""Modules that are a stage's and have a name of their own."""
PIPELINES = ("pipeline", "auditing", "resolving", "checking", "avoiding", "no_set_passes", "way_out", "way_out_command")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the program, by dotted name below safe_pip."""
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        yield name, ast.parse(path.read_text("utf-8"))


def imports(tree: ast.Module) -> set[str]:
    """Every module that a module imports, anywhere in it, except for type checking only."""
    found: set[str] = set()
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            skipped.update(inner for statement in node.body for inner in ast.walk(statement))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


MODULES = dict(modules())


def stage_of(name: str) -> str | None:
    """The stage that a module belongs to."""
    top = name.split(".", 1)[0]
    top = OTHER_NAMES.get(top, top)
    return top if top in STAGES else None


@pytest.mark.parametrize("name", [name for name in MODULES if stage_of(name)])
def test_stages_never_import_each_other(name: str) -> None:
    """A stage that imports another can do its work twice, or in another order; the pipeline alone joins them."""
    mine = stage_of(name)
    others = {
        module
        for module in imports(MODULES[name])
        if module.startswith("safe_pip.") and stage_of(module.removeprefix("safe_pip.")) not in (None, mine)
    }

    assert others == set()


@pytest.mark.parametrize("name", list(MODULES))
def test_nothing_below_imports_what_is_above(name: str) -> None:
    """Only the command line knows the pipeline, and nothing knows the command line."""
    pipelines = {f"safe_pip.{pipeline}" for pipeline in PIPELINES}
    above = {"safe_pip.cli"} if name in PIPELINES or name.startswith("cli") else {"safe_pip.cli", *pipelines}
    if name == "__main__" or name.startswith("cli"):
        above = set()

    assert not any(module in above or module.rpartition(".")[0] in above for module in imports(MODULES[name]))


def test_the_policy_is_read_in_one_place() -> None:
    """A stage that read policy files by itself could follow another policy; it is told the settings, and no more."""
    readers = _users_of("safe_pip.policy")
    assert {name.split(".")[0] for name in readers} <= {"policy", "cli", *PIPELINES}

    for name in (name for name in MODULES if name.split(".")[0] == "policy"):
        known = [
            module.removeprefix("safe_pip.") for module in imports(MODULES[name]) if module.startswith("safe_pip.")
        ]
        assert {stage_of(module) for module in known} <= {None}, name


def _users_of(*libraries: str) -> set[str]:
    return {
        name
        for name, tree in MODULES.items()
        if any(
            module == library or module.startswith(f"{library}.") for library in libraries for module in imports(tree)
        )
    }


def test_http_is_spoken_in_one_place() -> None:
    """Bounds on time and size hold only if nobody asks the network another way."""
    asks = {"index.http", "index.session"}
    # These are for those two: logins, certificates, patience, errors in words. None of them asks anybody.
    helps = {"index.logins", "index.certificates", "index.patience", "index.fetch_errors"}

    assert _users_of("requests", "urllib3", "http", "socket", "ssl", "httpx") == asks | helps


def test_programs_are_started_in_few_places() -> None:
    """What starts programs can run code; each such place is known and says why."""
    assert _users_of("subprocess") == {
        "commit",
        "commit.bytecode",
        "commit.world",
        "index.keyring",
        "target",
        "request.default_index",
        "cli.handed_over",
    }


def test_pip_is_never_imported_beside_us() -> None:
    """pip is a program, not a library; one script asks it where its cache is, in a process of its own."""
    assert _users_of("pip", "pip._internal", "pip._vendor") == {"commit.at_hand"}
    assert not any("safe_pip.commit.at_hand" in imports(tree) for tree in MODULES.values())


def test_the_clock_is_read_at_the_edge() -> None:
    """A verdict depends on the time only through a parameter, so that it can be tested and repeated."""
    readers = {
        name
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in ("datetime.now", "datetime.utcnow", "date.today", "time.time", "datetime.today")
    }

    assert readers == {"cli.run"}


def test_only_commit_writes_to_the_target() -> None:
    """Modules that write files do so in the cache folder, the private folder or where --output and --dest say."""
    writers = {
        name
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if (
            isinstance(node, ast.Attribute)
            and node.attr in ("write_text", "write_bytes", "replace", "mkdir", "copyfile")
        )
        and not (node.attr == "replace" and not ast.unparse(node).startswith(("os.", "temporary.")))
    }

    assert writers == {
        "commit",
        "commit.at_hand",
        "commit.bytecode",
        "commit.compiler",
        "commit.world",
        "deliver",
        "stage",
        "cache_file",
        "index.file_cache",
        "index.received",
        "index.store",
        "policy.extended",
        "advisories.noted",
        "advisories.database",
        "advisories.risk",
        "advisories.sources",
        "cli.run",
    }


def test_no_registry_host_is_written_down() -> None:
    """The default index is whatever pip says it is; a host written down would be wrong for somebody."""
    hosts = {default_index().file_host, default_index().url.split("/")[2]}
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    files = (
        listed.stdout.splitlines()
        if listed.returncode == 0
        else [str(path) for path in ROOT.rglob("*") if path.is_file()]
    )

    naming = {
        (file, host)
        for file in files
        if (ROOT / file).is_file()
        for host in hosts
        if host.encode() in (ROOT / file).read_bytes()
    }
    assert naming == set()


def test_every_finding_has_a_heading() -> None:
    """A code that a report shows must be explained, and what is explained must exist."""
    from safe_pip.codes import CODES
    from safe_pip.rules import CANDIDATE_RULES, PLAN_RULES
    from safe_pip.settings.waivers import WAIVABLE_UNCHECKED

    text = (ROOT / "docs" / "reference" / "findings.md").read_text("utf-8")
    headings = set(re.findall(r"^## ([a-z-]+)$", text, re.MULTILINE))
    unchecked = {
        node.args[0].value
        for tree in MODULES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "Unchecked"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    } | {
        keyword.value.value
        for tree in MODULES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Unchecked"
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }

    assert headings == set(CODES) | unchecked
    assert {*CANDIDATE_RULES, *PLAN_RULES} == {code.code for code in CODES.values() if code.kind != "policy"}
    assert set(CANDIDATE_RULES) == {code.code for code in CODES.values() if code.candidate}
    assert unchecked >= WAIVABLE_UNCHECKED


def test_every_code_of_what_was_passed_over_is_explained() -> None:
    """The same for versions that were passed over."""
    text = (ROOT / "docs" / "reference" / "findings.md").read_text("utf-8")
    explained = set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE))
    used = {
        node.args[2].value
        for tree in MODULES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "PassedOver"
        and len(node.args) > 2
        and isinstance(node.args[2], ast.Constant)
    }

    assert explained == used


def test_every_dependency_has_its_reason() -> None:
    """A dependency without a reason is one too many."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {re.split(r"[<>=;\[ ]", text, maxsplit=1)[0] for text in project["dependencies"]}
    text = (ROOT / "docs" / "explanation" / "dependencies.md").read_text("utf-8")

    assert declared == set(re.findall(r"^\| ([a-z0-9][a-z0-9-]*) \|", text, re.MULTILINE)) - {"dependency"}


def test_nothing_heavy_is_imported_at_start() -> None:
    """`safe-pip --version` and the commands handed to pip must cost next to nothing."""
    code = "import sys; from safe_pip.cli import main; main(['--version']); print(sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "requests",
        "packaging",
        "resolvelib",
        "rich",
        "email",
        "json",
        "subprocess",
        "dataclasses",
        "pathlib",
        "re",
    }

    loaded = set(ast.literal_eval(run.stdout.splitlines()[1]))
    bare = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print(sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded & heavy <= set(ast.literal_eval(bare.stdout))


def test_every_option_is_documented() -> None:
    """The reference names every option, each among those that are taken or those that are refused."""
    from safe_pip.request.options import all_options

    text = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    taken, refused = text.split("### Refused in this version")

    for option in all_options():
        place = refused if option.refused and option.action != "feature" else taken
        if not option.hidden:
            assert f"| `{', '.join(option.flags)}" in place, option.flags


@pytest.mark.parametrize("name", ["download", "wheel"])
def test_every_option_of_the_other_commands_is_documented(name: str) -> None:
    """Each has a section, which names what it has beyond install, what it lacks, and what it refuses."""
    from safe_pip.request.commands import COMMANDS
    from safe_pip.request.options import OWN_OPTIONS, pip_options

    text = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    section = text.split(f"## safe-pip {name}\n")[1].split("\n## ")[0]
    command = COMMANDS[name]
    of_install = {option.dest for option in pip_options()} | {option.dest for option in OWN_OPTIONS}

    for option in (*command.pip_options(), *command.own):
        if option.dest not in of_install:
            assert f"| `{', '.join(option.flags)}" in section, option.flags
    for option in command.pip_options():
        if option.dest in command.refused:
            assert f"`{option.flags[0]}` is refused" in text.split("## safe-pip download")[1], option.flags
    for dest in command.lacks - {"dry_run"}:
        flags = [flag for option in pip_options() if option.dest == dest and not option.hidden for flag in option.flags]
        assert any(f"`{flag}`" in text.split("## safe-pip download")[1] for flag in flags) or dest == "compile", flags


def test_every_key_of_the_json_report_is_documented() -> None:
    """The report is a contract: a key that is not in the reference is one that nobody can rely on."""
    text = (ROOT / "docs" / "reference" / "json.md").read_text("utf-8")
    source = (SOURCE / "report" / "json.py").read_text("utf-8")

    for key in re.findall(r'^ +"([a-z_]+)":', source, re.MULTILINE):
        assert f"`{key}`" in text or f".{key}`" in text, key


def test_every_exit_code_is_documented() -> None:
    """The same for exit codes, of verdicts and of errors."""
    from safe_pip import errors
    from safe_pip.report import EXIT_CODES

    text = (ROOT / "docs" / "reference" / "exit-codes.md").read_text("utf-8")
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SafePipError)]

    assert documented == {*EXIT_CODES.values(), *(kind.exit_code for kind in kinds), 130}
