"""No rule needs more than it asks for: time by the measured costs, memory and disk by what was
measured at two sizes, all taken to 250 channels, two hours of recording at 2,048 Hz and two films.
Requests of disk that follow the shapes of inputs have tests of their own (tests/unit/design).
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
BY_INPUT = {"encode", "single_encode", "bootstrap", "shift_null", "passive", *work.CONTROLS}


#: Rules that answer on the terminal, and such that a run of the demo has none of: they convert
#: other datasets, train its networks, or belong to the paper's procedure and to several films.
NOT_RUN = {"check", "draft", "plan", "verify", "train_demo_models"}
NOT_RUN |= {"convert_treebank", "convert_treebank_dataset", "convert_dandi"}
NOT_RUN |= {"convert_dandi_dataset", "film_to_film", "film_to_film_table", "shift_nulls"}
#: Targets of their own, and a rule that has not yet met a dataset of its own kind.
NOT_RUN |= {"audit", "calibrate_recorded", "export", "shuffled_activations"}
#: Rules whose jobs are alike whatever the dataset: once is enough.
ALIKE = {"weights", "planted", "validate_bids", "calibrate_world", "calibrate", "scene_cuts"}
#: Measured once; requests follow the inputs.
ALIKE |= {"bootstrap", "shift_null", "all_activations"}

#: A thousand refits of every electrode at this size take weeks however they are asked for:
#: `snakemake plan` says so before the first job.
REFITS = ("bootstrap", "shift_null")


def rows(path):
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t"))


@cache
def declared(folder):
    """Return rule -> (memory in MB, minutes, disk in MB) of the first attempt, of a dataset that is
    no demo; None where a request follows the inputs.
    """
    with SnakemakeApi(OutputSettings(quiet=set())) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[folder / "config.yaml"]),
            snakefile=REPOSITORY / "Snakefile",
            workdir=folder,
        )._workflow
    found = {}
    for rule in (one for one in workflow.rules if one.script):
        memory, minutes, disk = (rule.resources[n] for n in ("mem_mb", "runtime", "disk_mb"))
        if memory.is_evaluable() and rule.name not in BY_INPUT:
            memory = memory.evaluate(None, attempt=1)
        known = None if memory.is_evaluable() else memory.value
        found[rule.name] = (known, minutes.value, None if disk.is_evaluable() else disk.value)
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


def full_units(rule, known):
    """Return the units of work of a rule's largest job at full size."""
    wildcards = [
        {"stimulus": film, "subject": "01", "recording": f"sub-01_task-{film}"}
        | {"alignment": alignment, "model": "slip"}
        for film, alignment in product("ab", known.alignments)
    ]
    return max(work.units(rule, one, known) for one in wildcards)


def test_no_rule_takes_longer_than_it_asks_for(asked):
    known = facts()
    costs = {row["rule"]: row for row in rows(REPOSITORY / "resources/costs.tsv")}
    late = []
    for rule, (_, minutes, _) in asked.items():
        if rule not in costs or rule in (*work.ACTIVATIONS, *REFITS):
            continue  # networks run on a GPU, whose speed is not known here
        cost = costs[rule]
        seconds = float(cost["fixed_s"]) + float(cost["per_unit_s"]) * full_units(rule, known)
        if seconds > 60 * minutes:
            late.append(f"{rule}: {seconds / 60:.0f} of {minutes} minutes")
    assert not late, "\n".join(dict.fromkeys(late))


def measured(column):
    """Return rule -> driver -> (size, MB) of every job that was measured."""
    found = {}
    for row in rows(REPOSITORY / "benchmarks/resources.tsv"):
        if row[column] != "n/a":
            point = (float(row["size"]), float(row[column]))
            found.setdefault(row["rule"], {}).setdefault(row["grows_with"], []).append(point)
    return found


def at_full_size(points, full):
    """Return what the line through the smallest and the largest measured job says of a size."""
    (x0, y0), (x1, y1) = min(points), max(points)
    slope = max(0.0, (y1 - y0) / (x1 - x0)) if x1 > x0 else 0.0
    return max(y for _, y in points) + slope * max(0.0, full - x1)


def test_every_rule_was_measured_at_two_sizes(asked):
    found = measured("mem_mb")
    assert set(asked) - NOT_RUN <= set(found)
    for rule, drivers in found.items():
        sizes = max(len({x for x, _ in points}) for points in drivers.values())
        assert sizes > 1 or rule in ALIKE, f"{rule} was measured at one size only"


def test_no_rule_needs_more_memory_than_it_asks_for(asked):
    known, over = facts(), []
    for rule, drivers in measured("mem_mb").items():
        if asked[rule][0] is None or rule in work.ACTIVATIONS:
            continue  # requests by the inputs; networks are as large as they are
        if len(drivers) > 1:
            drivers.pop("units", None)  # a better measure of size is there
        for driver, points in drivers.items():
            full = at_full_size(points, FULL.get(driver) or full_units(rule, known))
            if full > asked[rule][0]:
                over.append(f"{rule}: {full:.0f} of {asked[rule][0]} MB")
    assert not over, "\n".join(over)


def test_no_rule_leaves_more_than_it_asks_for(asked):
    known, over = facts(), []
    for rule, drivers in measured("disk_mb").items():
        if asked[rule][2] is None or rule == "simulate":
            continue  # by the inputs; the demo's dataset by its config
        full = at_full_size(drivers["units"], full_units(rule, known))
        if full > asked[rule][2]:
            over.append(f"{rule}: {full:.0f} of {asked[rule][2]} MB")
    assert not over, "\n".join(over)
