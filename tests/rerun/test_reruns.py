"""After an edit exactly what depends on it is made again, and nothing after a change that changes
nothing.
"""

import os
import re
import time
from pathlib import Path

import pytest
import yaml
from helpers.runs import SMALL, snakemake

# What follows from a rule, down to the tables. Figures and the report follow from the tables and
# are not listed.
TABLES = {"sites": 1}
CONTRASTS = {"contrasts": 2, **TABLES}
ENCODING = {"encode": 6, **CONTRASTS}
LISTED = {
    "simulate",
    "preprocess",
    "responses",
    "transcript",
    "scene_cuts",
    "events",
    "frames",
    "weights",
    "activations",
    "random_activations",
    "shuffled_activations",
    "all_activations",
    *ENCODING,
}


def pending(folder, config=SMALL):
    """Return rule -> number of jobs that would run, of the rules in ``LISTED``."""
    text = snakemake(folder, "--dry-run", config=config).stdout
    if "Nothing to be done" in text:
        return {}
    stats = re.search(r"Job stats:\n(.*?)\n\n", text, re.DOTALL)[1]
    rows = [line.split() for line in stats.splitlines()[2:]]
    return {rule: int(count) for rule, count in rows if rule in LISTED}


def with_config(folder, **changes):
    config = yaml.safe_load(SMALL.read_text())
    for path, value in changes.items():
        holder = config
        *keys, last = path.split("__")
        for key in keys:
            holder = holder.setdefault(key, {})
        holder[last] = value
    path = folder / "edited.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


CONFIG_EDITS = {
    "the order of keys": ({"seed": 0}, {}),
    "a default written out": ({"encoding__folds": 5}, {}),
    "whether predictions are kept": ({"encoding__keep_predictions": False}, {}),
    "the array library": ({"encoding__backend": "torch"}, {}),
    "the ridge penalties": ({"encoding__alphas": [1, 10, 100]}, ENCODING),
    "the level of the tests": ({"statistics__level": 0.1}, TABLES),
    "one contrast": (
        {"contrasts__any_vs_nothing__alternative": "two-sided"},
        {"contrasts": 2, **TABLES},
    ),
    "what a contrast is for": ({"contrasts__slip_vs_simclr__role": "linear"}, TABLES),
    "one contrast more": (
        {"contrasts__simclr_vs_nothing": {"a": "demo_slip_simclr", "b": "nothing"}},
        {"contrasts": 2, **TABLES},
    ),
    "the reference of the recordings": (
        {"ieeg__reference": "bipolar"},
        {"preprocess": 2, "responses": 2, **ENCODING},
    ),
    "the width of a bin": ({"responses__bin_width_ms": 100}, {"responses": 2, **ENCODING}),
    "a model more, in no contrast": (
        {"models": ["demo_slip", "demo_slip_simclr", "demo_text", "demo_slip_clip"]},
        {"weights": 1, "activations": 1, "encode": 2, **TABLES},
    ),
}


@pytest.mark.parametrize("name", CONFIG_EDITS)
def test_an_edit_of_the_config(finished, tmp_path, name):
    changes, expected = CONFIG_EDITS[name]
    made = pending(finished, with_config(tmp_path, **changes))
    assert made == expected


def edit(path: Path, old: str, new: str, keep_time=False):
    before = path.stat()
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("encoding/folds.py", ENCODING),
        ("contrasts/influence.py", CONTRASTS),
        ("contrasts/verdicts.py", TABLES),
        ("stimuli/pairing.py", {"events": 1, "activations": 3, "responses": 2, **ENCODING}),
    ],
)
def test_an_edit_of_one_library_module(copy_of_finished, file, expected):
    path = copy_of_finished / "workflow/lib/fusion" / file
    original = path.read_text()
    edit(path, "from __future__", "# another comment\nfrom __future__", keep_time=True)
    made = pending(copy_of_finished)
    assert {rule: count for rule, count in made.items() if rule != "frames"} == expected
    path.write_text(original)
    assert pending(copy_of_finished) == {}


def test_an_edit_of_one_model(copy_of_finished):
    edit(
        copy_of_finished / "config/models.yaml", "demo_text:\n", "demo_text:\n  licence: another\n"
    )
    assert pending(copy_of_finished) in (
        {},
        {"activations": 1, "encode": 2, "contrasts": 2, **TABLES},
    )
    weights = copy_of_finished / "resources/demo/text/model.safetensors"
    weights.touch()
    assert set(pending(copy_of_finished)) <= {"weights", "activations", *ENCODING}


def test_a_fresh_checkout_of_the_same_files(copy_of_finished):
    now = time.time() + 5
    for folder in ("workflow", "config", "resources", "envs", "profiles"):
        for path in (copy_of_finished / folder).rglob("*"):
            if path.is_file() and folder != "resources":
                os.utime(path, (now, now))
    assert pending(copy_of_finished) == {}


def test_one_subject_recorded_anew(copy_of_finished):
    channels = next((copy_of_finished / "results/small/bids").glob("sub-02/ieeg/*_channels.tsv"))
    edit(channels, "good", "bad")
    made = pending(copy_of_finished)
    assert made == {"preprocess": 1, "responses": 1, "encode": 3, "contrasts": 1, **TABLES}


def test_the_plan_counts_what_would_run(copy_of_finished):
    assert "Nothing to be done: all results" in snakemake(copy_of_finished, "--", "plan").stdout
    (copy_of_finished / "results/small/sites.tsv").unlink()
    (copy_of_finished / "results/small/intermediate/contrasts/01_language.parquet").unlink()
    text = snakemake(copy_of_finished, "--", "plan").stdout
    rows = {
        line.split()[0]: line.split()[1:]
        for line in text.splitlines()
        if len(line.split()) > 2 and line.split()[1].isdigit()
    }
    assert rows["contrasts"][0] == "1"
    assert rows["sites"][0] == "1"
    assert "encode" not in rows
