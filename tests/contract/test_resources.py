"""No rule needs more than it asks for: time by the measured costs, memory by what was measured at
two sizes, both taken to 250 channels, two hours of recording at 2,048 Hz and two films.
"""

import csv
from functools import cache
from itertools import product

import pytest
import yaml
from helpers.scripts import REPOSITORY
from paper_design import write
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings

from fusion.design.schema import with_defaults
from fusion.plan import work
from fusion.plan.facts import Facts, Film, Network, Recording

SECONDS, SFREQ, CHANNELS = 7200.0, 2048.0, 250
#: Full HD, 25 pictures a second.
FILM = Film(SECONDS, 25 * SECONDS, 2.07, 2.2 * SECONDS, 0.2 * SECONDS)
#: What memory grows with -> its size at 250 channels, two hours and two films.
FULL = {
    "words": FILM.words,
    "megapixels of a picture": FILM.megapixels,
    "million samples of a channel": SFREQ * SECONDS / 1e6,
    "channels": CHANNELS,
    "minutes of sound": SECONDS / 60,
    "electrodes of all subjects": 1100,
}
#: Rules whose request follows the sizes of their inputs (tests of the design and of the plan).
BY_INPUT = {"encode", "single_encode", "bootstrap", "shift_null"}


#: A thousand refits of every electrode at this size take weeks however they are asked for:
#: `snakemake plan` says so before the first job.
REFITS = ("bootstrap", "shift_null")


def rows(path):
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t"))


@cache
def declared(folder):
    """Return rule -> (memory in MB, minutes) of the first attempt, of a dataset that is no demo."""
    with SnakemakeApi(OutputSettings(quiet=set())) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[folder / "config.yaml"]),
            snakefile=REPOSITORY / "Snakefile",
            workdir=folder,
        )._workflow
    found = {}
    for rule in (one for one in workflow.rules if one.script):
        memory, minutes = (rule.resources[name] for name in ("mem_mb", "runtime"))
        if memory.is_evaluable() and rule.name not in BY_INPUT:
            memory = memory.evaluate(None, attempt=1)
        known = None if memory.is_evaluable() else memory.value
        found[rule.name] = (known, minutes.value)
    return found


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    write(folder, subjects=2)
    return declared(folder)


def facts():
    """Return a study of one subject who saw two films, with the demo's other keys."""
    config = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    given = {"dataset": "x", "source": "bids", "stimuli": {}, "contrasts": {}}
    for name in ("a", "b"):
        given["stimuli"][name] = {"transcript": {"file": "w.tsv"}}
    for k in range(15):
        given["contrasts"][f"c{k}"] = {"a": "slip", "b": "nothing"}
    resolved = with_defaults(given, config)
    recordings = {
        f"sub-01_task-{name}": Recording("01", name, CHANNELS, SFREQ, SECONDS) for name in "ab"
    }
    networks = {"slip": Network(17.6, 14, 768, "ViT-B/16")}
    return Facts(resolved, {"a": FILM, "b": FILM}, recordings, networks)


def test_no_rule_takes_longer_than_it_asks_for(asked):
    known = facts()
    costs = {row["rule"]: row for row in rows(REPOSITORY / "resources/costs.tsv")}
    late = []
    for rule, (_, minutes) in asked.items():
        if rule not in costs or rule in (*work.ACTIVATIONS, *REFITS):
            continue  # networks run on a GPU, whose speed is not known here
        wildcards = [
            {"stimulus": film, "subject": "01", "recording": f"sub-01_task-{film}"}
            | {"alignment": alignment, "model": "slip"}
            for film, alignment in product("ab", known.alignments)
        ]
        cost = costs[rule]
        for one in wildcards:
            units = work.units(rule, one, known)
            seconds = float(cost["fixed_s"]) + float(cost["per_unit_s"]) * units
            if seconds > 60 * minutes:
                late.append(f"{rule}: {seconds / 60:.0f} of {minutes} minutes")
    assert not late, "\n".join(dict.fromkeys(late))


def test_no_rule_needs_more_memory_than_it_asks_for(asked):
    measured = {}
    for row in rows(REPOSITORY / "benchmarks/resources.tsv"):
        point = (float(row["size"]), float(row["mem_mb"]))
        measured.setdefault((row["rule"], row["grows_with"]), []).append(point)
    assert len(measured) >= 7
    over = []
    for (rule, driver), points in measured.items():
        (x0, y0), (x1, y1) = min(points), max(points)
        assert x1 > x0, f"{rule} was measured at one size only"
        slope = max(0.0, (y1 - y0) / (x1 - x0))
        full = y1 + slope * max(0.0, FULL[driver] - x1)
        if asked[rule][0] is not None and full > asked[rule][0]:
            over.append(f"{rule}: {full:.0f} of {asked[rule][0]} MB")
    assert not over, "\n".join(over)
