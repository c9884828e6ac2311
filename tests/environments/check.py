"""Prove that each environment alone can run its rules: `make envs-check`.

For every file in envs/ a virtual environment of exactly those versions is built (PyPI's distributions of the same names),
and one finished job of every rule that names the file is run again in it, on a copy of its outputs. Needs a finished demo.
"""

import json
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import yaml
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

REPOSITORY = Path(__file__).parents[2]
BUILT = REPOSITORY / ".snakemake" / "environments"
PYPI_NAME = {
    "pytorch": "torch",
    "snakemake-minimal": "snakemake",
    "opencv": "opencv-python-headless",
    "scenedetect": "scenedetect-headless",
}


def build(path: Path) -> Path:
    """Build the environment of ``path`` (once per content) and return its python."""
    folder = BUILT / path.stem
    stamp = folder / "built-from.yaml"
    if not stamp.is_file() or stamp.read_text() != path.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        specs = [re.split(r" =", spec) for spec in yaml.safe_load(path.read_text())["dependencies"]]
        pins = [f"{PYPI_NAME.get(name, name)}=={version}" for name, version in specs if name != "python"]
        # Versions the file leaves open are those of the lock, as a solver would be asked to keep them.
        subprocess.run(
            [folder / "bin/python", "-m", "pip", "install", "--quiet", "--constraint", REPOSITORY / "requirements.txt", *pins], check=True
        )
        stamp.write_text(path.read_text())
    return folder / "bin" / "python"


def plain(files) -> dict:
    """Return a job's files by name, as plain strings and lists."""
    return {name: value if isinstance(value, str) else [str(v) for v in value] for name, value in files.items()}


def one_job_per_rule() -> dict:
    """Return rule -> (environment file, script, job) of one finished job of every rule of the demo."""
    chosen = {}
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=2), config_settings=ConfigSettings(), snakefile=REPOSITORY / "Snakefile"
        )
        workflow.dag(DAGSettings(forceall=True)).execute_workflow(executor="dryrun")
        for job in workflow._workflow.dag.jobs:
            if job.rule.script and job.output and job.rule.name not in chosen:
                description = {
                    "input": plain(job.input),
                    "output": plain(job.output),
                    "threads": job.threads,
                    "params": {"spec": job.params.spec, "code": job.params.code},
                    "resources": {"mem_mb": job.resources.get("mem_mb")},
                }
                chosen[job.rule.name] = (Path(str(job.rule.conda_env)).name, job.rule.script, description)
    return chosen


def run(name: str, python: Path, job: dict) -> str:
    """Run a job's script with ``python``, its outputs elsewhere; return what went wrong, if anything."""
    folder = BUILT / "runs" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    redirected = {
        key: [str(folder / v) for v in value] if isinstance(value, list) else str(folder / value) for key, value in job["output"].items()
    }
    job = {**job, "output": redirected, "log": [str(folder / "log.txt")]}
    (folder / "job.json").write_text(json.dumps(job))
    for value in redirected.values():
        for path in [value] if isinstance(value, str) else value:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
    command = [
        python,
        "-I",
        Path(__file__).with_name("run_rule.py"),
        REPOSITORY / "workflow/scripts" / f"{name}.py",
        folder / "job.json",
        REPOSITORY / "workflow/lib",
    ]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    return "" if ran.returncode == 0 else (folder / "log.txt").read_text()[-2000:] + ran.stderr[-2000:]


def main() -> None:
    """Build every environment, run every rule in its own, and say how it went."""
    failed = False
    jobs = one_job_per_rule()
    for path in sorted((REPOSITORY / "envs").glob("*.yaml")):
        python = build(path)
        for name, (environment, _, job) in sorted(jobs.items()):
            if environment == path.name:
                wrong = run(name, python, job)
                print(f"{path.stem:12s} {name:28s} {'failed' if wrong else 'ok'}", flush=True)
                failed |= bool(wrong)
                if wrong:
                    print(wrong)
    sys.exit(failed)


if __name__ == "__main__":
    main()
