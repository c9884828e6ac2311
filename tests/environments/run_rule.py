"""Run one script of the workflow with only what its environment holds: no Snakemake, just the
object that scripts read.

Called by check.py with the python of one environment: ``run_rule.py SCRIPT JOB.json LIB``.
"""

import json
import runpy
import sys
from types import SimpleNamespace


class Files(list):
    """Files of a job: by position and, where the rule named them, by name."""

    def __init__(self, names):
        super().__init__(
            path
            for value in names.values()
            for path in ([value] if isinstance(value, str) else value)
        )
        self._names = names
        self.__dict__.update(names)

    def __getitem__(self, key):
        return self._names[key] if isinstance(key, str) else super().__getitem__(key)

    def get(self, name, otherwise=None):
        return self._names.get(name, otherwise)

    def items(self):
        return self._names.items()

    def keys(self):
        return self._names.keys()


script, job, lib = sys.argv[1:]
with open(job) as file:
    job = json.load(file)
sys.path.append(lib)
runpy.run_path(
    script,
    init_globals={
        "snakemake": SimpleNamespace(
            input=Files(job["input"]),
            output=Files(job["output"]),
            log=job["log"],
            threads=job["threads"],
            params=SimpleNamespace(**job["params"]),
            resources=SimpleNamespace(**job["resources"]),
        )
    },
    run_name="__main__",
)
