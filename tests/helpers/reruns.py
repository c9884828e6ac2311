"""What an edit would run again, read off the design: no workflow is built, nothing runs."""

import inspect
from itertools import product

from fusion.design import codehash
from helpers.scripts import LIB, SCRIPTS


def jobs(design):
    """Return (rule, wildcards) -> (inputs, spec) of all jobs that a design can describe.

    Wildcards take all combinations of the study's names; what a rule does not know is left out.
    """
    study = design.study
    values = {
        "stimulus": study.stimuli,
        "recording": tuple(study.recordings),
        "subject": study.subjects,
        "alignment": study.alignments,
        "model": study.models,
        "init": study.inits,
        "pairing": study.pairings,
        "world": tuple(study.config["calibration"]["worlds"]),
    }
    found = {}
    for name, value in sorted(vars(type(design)).items()):
        if not hasattr(value, "func") or not hasattr(rule := getattr(design, name), "spec"):
            continue
        method = rule.inputs if hasattr(rule, "inputs") else rule.spec
        wanted = [
            key
            for key, parameter in inspect.signature(method).parameters.items()
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD
        ] or (["subject", "alignment", "model", "init", "pairing"] if _takes_any(method) else [])
        for combination in product(*(values.get(key, ()) for key in wanted)):
            wildcards = dict(zip(wanted, combination, strict=True))
            try:
                inputs = rule.inputs(**wildcards) if hasattr(rule, "inputs") else {}
                found[name, combination] = (inputs, rule.spec(**wildcards))
            except (KeyError, StopIteration, ValueError, AttributeError):
                continue
    return found


def _takes_any(method):
    kinds = [p.kind for p in inspect.signature(method).parameters.values()]
    return inspect.Parameter.VAR_KEYWORD in kinds


def changed(before, after):
    """Return rule -> number of jobs that are new, or whose inputs or spec are others."""
    count = {}
    for (rule, combination), described in jobs(after).items():
        if jobs_of(before).get((rule, combination)) != described:
            count[rule] = count.get(rule, 0) + 1
    return count


_known = {}


def jobs_of(design):
    """Return :func:`jobs`, made once for each design."""
    if id(design) not in _known:
        _known[id(design)] = (design, jobs(design))
    return _known[id(design)][1]


def scripts_that_use(file):
    """Return the scripts whose code hash changes with a file of the library."""
    return {
        path.stem
        for path in SCRIPTS.glob("*.py")
        if LIB / "fusion" / file in codehash.sources(path, LIB)
    }
