"""What an edit runs again, predicted from specs and code hashes alone: a table of edits.

The jobs named here are those whose own inputs, spec or code change; what follows from their outputs
runs after them. `test_reruns.py` holds the same with real runs.
"""

import copy

import pytest
import yaml
from helpers.reruns import changed, scripts_that_use
from helpers.runs import SMALL
from helpers.scripts import LIB, design_for

BASE = yaml.safe_load(SMALL.read_text(encoding="utf-8"))
# What reads the responses' bins beside the fits: the controls, and what `calibrate` simulates.
CONTROLS = {"ceiling": 2, "dimension_match": 2, "interaction": 2, "negative_controls": 2}
CONTROLS |= {"partition": 2, "passive": 1}
SIMULATED = {"calibrate_world": 8, "calibrate_recorded": 2}
ON_DEMAND = {"bootstrap": 6, "shift_null": 6}
# Made only of subjects who saw several films; nobody did here.
FILMS = {"film_to_film": 2}

CONFIG = {
    "the seed written out": ({"seed": 0}, {}),
    "a default written out": ({"encoding.folds": 5}, {}),
    "whether predictions are kept": (
        {"encoding.keep_predictions": False},
        {"export": 1, "figure_tables": 1, "figures": 1, "report": 1},
    ),
    "the ridge penalties": (
        {"encoding.alphas": [1, 10]},
        {"audit": 1, "encode": 6, **CONTROLS, **SIMULATED, **ON_DEMAND, **FILMS},
    ),
    "one contrast": (
        {"contrasts.any_vs_nothing.alternative": "two-sided"},
        {"contrasts": 2, **SIMULATED, **FILMS},
    ),
    "the level of the tests": (
        {"statistics.level": 0.1},
        {
            rule: 1
            for rule in (
                "calibrate",
                "export",
                "figure_tables",
                "figures",
                "film_to_film_table",
                "planted",
                "sites",
            )
        },
    ),
    "the reference of the recordings": ({"ieeg.reference": "bipolar"}, {"preprocess": 2}),
    "the distance of events": ({"events.min_spacing_s": 1}, {"events": 1}),
    "the size of pictures": ({"frames.size_px": 128}, {"frames": 1}),
    "inputs a forward pass": ({"activations.batch_size": 4}, {"activations": 3}),
    "one subject left out": (
        {"recordings.subject": "01"},
        {
            rule: 1
            for rule in (
                "audit",
                "calibrate",
                "ceiling",
                "control_tables",
                "figure_tables",
                "film_to_film_table",
                "recordings",
                "report",
                "score_profiles",
                "shift_nulls",
                "sites",
                "validate_bids",
            )
        },
    ),
}

CODE = {
    "design/design.py": set(),
    "design/paths.py": set(),
    "ieeg/filters.py": {"check", "preprocess", "recordings"},
    "stimuli/cuts.py": {"check", "draft", "scene_cuts"},
    "models/run/pooling.py": {"activations"},
    "models/families/slip.py": {"activations"},
    "contrasts/verdicts.py": {"sites"},
    "controls/partition.py": {"partition"},
    "figures/latency.py": {"export", "figures"},
    "report/numbers.py": {"report"},
    "simulation/worlds.py": {"calibrate_world"},
    "demo/scenes.py": {"simulate", "train_demo_models"},
}


def edited(changes):
    config = copy.deepcopy(BASE)
    for path, value in changes.items():
        holder = config
        *keys, last = path.split(".")
        for key in keys:
            holder = holder.setdefault(key, {})
        holder[last] = value
    return design_for(config)


@pytest.fixture(scope="module")
def before():
    return design_for(BASE)


@pytest.mark.parametrize("name", CONFIG)
def test_an_edit_of_the_config(before, name):
    changes, expected = CONFIG[name]
    assert changed(before, edited(changes)) == expected


def test_a_model_more_makes_its_own_jobs_and_the_joins(before):
    made = changed(before, edited({"models": [*BASE["models"], "demo_slip_clip"]}))
    assert {rule: made[rule] for rule in ("weights", "activations", "encode")} == {
        "weights": 1,
        "activations": 1,
        "encode": 2,
    }
    assert "contrasts" not in made


def test_one_row_of_the_zoo(tmp_path):
    """Another length of text of one model leaves the other models' networks and fits alone."""
    zoo = yaml.safe_load((LIB.parents[1] / "config/models.yaml").read_text(encoding="utf-8"))

    def with_row(**changes):
        rows = {**zoo, "demo_text": {**zoo["demo_text"], **changes}}
        (tmp_path / "zoo.yaml").write_text(yaml.safe_dump(rows), encoding="utf-8")
        return design_for({**BASE, "zoo": [str(tmp_path / "zoo.yaml")]})

    made = changed(with_row(), with_row(text_length=16))
    assert made.pop("activations") == 1
    assert not {"weights", "encode", "contrasts"} & set(made)


@pytest.mark.parametrize("file", CODE)
def test_an_edit_of_one_module(file):
    assert scripts_that_use(file) == CODE[file]


def test_the_page_of_the_report_is_an_input_of_the_report(before):
    inputs = before.report.inputs()
    listed = [path for one in inputs.values() for path in ([one] if isinstance(one, str) else one)]
    page = {path for path in listed if "report/page/" in path}
    assert {path.rsplit(".", 1)[1] for path in page} >= {"css", "js"}
