"""Run a rule's script on files of a test, with the spec that its rule would give it."""

import copy
import json
import logging
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import fusion.io.job
import fusion.io.logs
from fusion.design import load
from fusion.spec import Spec
from helpers import fake_snakemake

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = REPOSITORY / "workflow/scripts"
LIB = REPOSITORY / "workflow/lib"


@dataclass(frozen=True)
class Ran:
    """What a script left behind.

    Attributes
    ----------
    output
        Its files, as ``snakemake.output`` names them.
    log
        Text of its log.
    returncode
        0, or of a process of its own what it ended with.
    """

    output: fake_snakemake.Files
    log: str
    returncode: int


def run_script(
    name,
    inputs,
    outputs,
    spec=None,
    *,
    log=None,
    threads=1,
    resources=None,
    process=False,
    env=None,
    check=True,
):
    """Run ``workflow/scripts/<name>.py``.

    Parameters
    ----------
    name
        Name of the rule.
    inputs, outputs
        Name -> path or list of paths. Folders of outputs are made, as Snakemake makes them.
    spec
        A ``Spec``, or the dict of one.
    log
        The log file; by default one in a temporary folder.
    threads, resources
        What Snakemake would grant (``resources``: name -> number).
    process
        Run it in a Python of its own. By default it runs in this process: what it raises is raised
        here, its messages reach ``caplog`` and the log file, and the logging of this process
        stays as it was.
    env
        Environment variables of that process, beside the usual ones.
    check
        Fail if the process fails, or if an output is missing.
    """
    given = {
        "input": {key: _plain(value) for key, value in inputs.items()},
        "output": {key: _plain(value) for key, value in outputs.items()},
        "params": {"spec": spec.plain() if isinstance(spec, Spec) else copy.deepcopy(spec or {})},
        "threads": threads,
        "resources": {"mem_mb": 4000, **(resources or {})},
    }
    made = fake_snakemake.Files(given["output"])
    for path in made:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(log or Path(folder, "log"))
        path.parent.mkdir(parents=True, exist_ok=True)
        given["log"] = [str(path)]
        script, code = SCRIPTS / f"{name}.py", 0
        if process:
            code = _apart(script, given, Path(folder, "job.json"), env or {})
        else:
            with _logging_kept():
                runpy.run_path(str(script), {"snakemake": fake_snakemake.job(given)})
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if check:
        assert code == 0, f"{name} ended with {code}:\n{text[-6000:]}"
        missing = [path for path in made if not Path(path).exists()]
        assert not missing, f"{name} did not write {missing}"
    return Ran(made, text, code)


def design_for(config, root=None):
    """Return the design that a config asks for.

    Parameters
    ----------
    config
        The config, or the path of its file; what it leaves out has the schema's defaults.
    root
        Root of its BIDS dataset, where it has one.
    """
    if not isinstance(config, Mapping):
        config = load.configs.read_yaml(Path(config))
    if root is not None:
        config = {"source": "bids", **config, "root": str(root)}
    return load.load(config, REPOSITORY)


def run_rule(design, name, outputs, *, inputs=None, folder=".", wildcards=None, **options):
    """Run a rule's script on the inputs and the spec that ``design`` gives its job.

    Parameters
    ----------
    design
        From :func:`design_for`.
    name
        Name of the rule.
    outputs
        As in :func:`run_script`.
    inputs
        Inputs that replace those of the design: name -> path or paths.
    folder
        Folder that stands for the working directory of the workflow.
    wildcards
        Wildcards of the job.
    options
        As in :func:`run_script`.
    """
    rule, wildcards = getattr(design, name), wildcards or {}
    given = {key: located(design, value, folder) for key, value in rule.inputs(**wildcards).items()}
    return run_script(name, {**given, **(inputs or {})}, outputs, rule.spec(**wildcards), **options)


def located(design, pattern, folder="."):
    """Return a path (or a list of them) with Snakemake's path variables filled in."""
    if isinstance(pattern, list):
        return [located(design, one, folder) for one in pattern]
    study = design.study
    known = {
        "<results>": study.results,
        "<dataset>": study.shared,
        "<shared>": study.shared / "intermediate",
    }
    for variable, path in known.items():
        pattern = pattern.replace(variable, str(path))
    return str(Path(folder, pattern))


def _plain(value):
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    return str(value)


def _apart(script, given, path, env):
    path.write_text(json.dumps(given), encoding="utf-8")
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **env,
    }
    command = [sys.executable, fake_snakemake.__file__, str(script), str(path), str(LIB)]
    return subprocess.run(command, env=environment, cwd=REPOSITORY, check=False).returncode


@contextmanager
def _logging_kept():
    """Let scripts log to their file beside the handlers of this process, and undo it after."""
    root, level = logging.getLogger(), logging.getLogger().level
    log_to, begin = fusion.io.logs.log_to, fusion.io.job.begin
    handlers = []

    def log_beside(path):
        handler = logging.FileHandler(path, mode="w", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        handlers.append(handler)
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        logging.captureWarnings(True)
        return logging.getLogger("fusion")

    fusion.io.logs.log_to = log_beside
    fusion.io.job.begin = lambda snakemake: log_beside(snakemake.log[0])
    try:
        yield
    finally:
        fusion.io.logs.log_to, fusion.io.job.begin = log_to, begin
        logging.captureWarnings(False)
        root.setLevel(level)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
