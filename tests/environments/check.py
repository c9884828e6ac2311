"""Prove that each environment alone can run its rules: `make envs-check`.

For every file in envs/ a virtual environment of exactly those versions is built (PyPI's
distributions of the same packages), every module that its rules could import is imported in it, and
one finished job of each of those rules is run again, its outputs elsewhere. Needs a finished demo;
rules that have no part in the demo are imported only."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from pins import pins
from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)

REPOSITORY = Path(__file__).parents[2]
LIB, SCRIPTS = REPOSITORY / "workflow/lib", REPOSITORY / "workflow/scripts"
BUILT = REPOSITORY / ".snakemake" / "environments"
sys.path.insert(0, str(LIB))

from fusion.design import codehash  # noqa: E402


def build(path: Path) -> Path:
    """Build the environment of ``path`` (once per content) and return its python."""
    folder = BUILT / path.stem
    python, stamp = folder / "bin/python", folder / "built-from.yaml"
    if not stamp.is_file() or stamp.read_text() != path.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        wanted = [f"{name}=={version}" for name, version in pins(path).items()]
        # Versions the file leaves open are those of the lock, as a solver would be asked to keep
        # them.
        constraint = ["--constraint", REPOSITORY / "requirements.txt"]
        subprocess.run(
            [*uv, "pip", "install", "--quiet", "--python", python, *constraint, *wanted], check=True
        )
        stamp.write_text(path.read_text())
    return python


def plain(files) -> dict:
    """Return a job's files by name, as plain strings and lists."""
    return {
        name: value if isinstance(value, str) else [str(v) for v in value]
        for name, value in files.items()
    }


def rules_and_jobs() -> tuple[dict, dict]:
    """Return rule -> environment file of every rule with a script, and rule -> one finished job of
    every rule of the demo.
    """
    jobs = {}
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=2),
            config_settings=ConfigSettings(),
            snakefile=REPOSITORY / "Snakefile",
            workdir=REPOSITORY,
        )
        workflow.dag(DAGSettings(forceall=True)).execute_workflow(executor="dryrun")
        rules = {
            rule.name: Path(str(rule.conda_env)).name
            for rule in workflow._workflow.rules
            if rule.script
        }
        for job in workflow._workflow.dag.jobs:
            if job.rule.script and job.output and job.rule.name not in jobs:
                jobs[job.rule.name] = {
                    "input": plain(job.input),
                    "output": plain(job.output),
                    "threads": job.threads,
                    "params": {"spec": job.params.spec, "code": job.params.code},
                    "resources": {"mem_mb": job.resources.get("mem_mb")},
                }
    return rules, jobs


def outcome(ran: subprocess.CompletedProcess, log: Path | None = None) -> str:
    """Return what went wrong, if anything."""
    logged = log.read_text()[-2000:] if log is not None and log.is_file() else ""
    return (
        ""
        if ran.returncode == 0
        else f"{logged}{ran.stderr[-2000:]}" or f"exit status {ran.returncode}"
    )


def alone(python: Path, *arguments) -> subprocess.CompletedProcess:
    """Run ``python`` with its environment's programs only."""
    environment = {**os.environ, "PATH": f"{python.parent}:{os.defpath}"}
    return subprocess.run(
        [python, "-I", *arguments], cwd=REPOSITORY, env=environment, capture_output=True, text=True
    )


def imports(name: str, python: Path) -> str:
    """Import all that a rule's script and its library could import, families of models that the
    demo has none of included.
    """
    script = SCRIPTS / f"{name}.py"
    program = ["import sys", f"sys.path.append({str(LIB)!r})"]
    for file in codehash.sources(script, LIB):
        if file != script:
            program.append(
                "import "
                + ".".join(file.relative_to(LIB).with_suffix("").parts).removesuffix(".__init__")
            )
    program += [
        ast.unparse(node)
        for node in ast.parse(script.read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return outcome(alone(python, "-c", "\n".join(program)))


def run(name: str, python: Path, job: dict) -> str:
    """Run a job's script with ``python``, its outputs elsewhere; return what went wrong, if
    anything.
    """
    folder = BUILT / "runs" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    redirected = {
        key: [str(folder / v) for v in value] if isinstance(value, list) else str(folder / value)
        for key, value in job["output"].items()
    }
    job = {**job, "output": redirected, "log": [str(folder / "log.txt")]}
    (folder / "job.json").write_text(json.dumps(job))
    for value in redirected.values():
        for path in [value] if isinstance(value, str) else value:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
    ran = alone(
        python,
        REPOSITORY / "tests/helpers/fake_snakemake.py",
        SCRIPTS / f"{name}.py",
        folder / "job.json",
        LIB,
    )
    return outcome(ran, folder / "log.txt")


def main() -> None:
    """Build every environment, import and run every rule in its own, and say how it went."""
    failed = False
    rules, jobs = rules_and_jobs()
    for path in sorted((REPOSITORY / "envs").glob("*.yaml")):
        python = build(path)
        for name in sorted(name for name, environment in rules.items() if environment == path.name):
            wrong = imports(name, python) or (run(name, python, jobs[name]) if name in jobs else "")
            said = "failed" if wrong else "ran" if name in jobs else "imports (not in the demo)"
            print(f"{path.stem:12s} {name:28s} {said}", flush=True)
            failed |= bool(wrong)
            if wrong:
                print(wrong)
    sys.exit(failed)


if __name__ == "__main__":
    main()
