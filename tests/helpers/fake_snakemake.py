"""The object ``snakemake`` that a rule's script reads. Standard library only, so that it also runs
in environments that hold nothing but what a rule needs.

    python fake_snakemake.py SCRIPT JOB.json [FOLDER ...]

runs a script on the job that a JSON file describes; folders are appended to ``sys.path``.
"""

import json
import runpy
import sys
from types import SimpleNamespace


class Files(list):
    """Files of a job: by position and, where the rule names them, by name."""

    def __init__(self, names):
        super().__init__(
            path
            for value in names.values()
            for path in ([value] if isinstance(value, str) else value)
        )
        self._names = dict(names)

    def __getattr__(self, name):
        try:
            return self.__dict__["_names"][name]
        except KeyError:
            raise AttributeError(f"the job has no file {name!r}") from None

    def __getitem__(self, key):
        return self._names[key] if isinstance(key, str) else super().__getitem__(key)

    def get(self, name, default=None):
        return self._names.get(name, default)

    def items(self):
        return self._names.items()

    def keys(self):
        return self._names.keys()


def job(given):
    """Return ``snakemake`` for a job: a dict of input, output, params, threads, resources, log.

    What scripts must not read (``config``, ``wildcards``, ``rule``) is not there.
    """
    return SimpleNamespace(
        input=Files(given["input"]),
        output=Files(given["output"]),
        params=SimpleNamespace(**given["params"]),
        threads=given.get("threads", 1),
        resources=SimpleNamespace(**given.get("resources", {})),
        log=given["log"],
    )


if __name__ == "__main__":
    script, path, *folders = sys.argv[1:]
    sys.path += folders
    with open(path, encoding="utf-8") as file:
        runpy.run_path(script, {"snakemake": job(json.load(file))}, run_name="__main__")
