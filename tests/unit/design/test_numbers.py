"""Every number of a config is finite, bounded, and a number."""

import copy

import pytest
from helpers.scripts import REPOSITORY

from fusion.design import config as settings
from fusion.design.zoo import check_row
from fusion.io.errors import InputError

SCHEMA = settings.read_yaml(REPOSITORY / "workflow/schemas/config.schema.yaml")
ROWS = settings.read_yaml(REPOSITORY / "workflow/schemas/models.schema.yaml")
MODELS = ("slip", "slip_clip", "slip_simclr", "simcse")
ZOO = {name: {} for name in MODELS}
START = settings.resolve(
    {
        "dataset": "x",
        "source": "simulate",
        "models": list(MODELS),
        "ieeg": {"high_gamma_hz": [70, 150], "line_freq_hz": 50, "despike_sd": 5},
        "responses": {"reject": 0.5},
        "encoding": {"drift_cosines_s": 30},
        "calibration": {"effects": [1.0], "minutes": [10], "electrodes": 5},
        "activations": {"projection": 64, "batch_size": 4},
        "stimuli": {
            "film": {
                "video": "film.mp4",
                "transcript": {"file": "words.tsv", "unit": 16000},
                "film_zero": {"rule": "recording_start", "film_s": {"1": 0}},
            }
        },
        "contrasts": {"one": {"a": {"rank": 1, "of": ["slip", "simcse"]}, "b": "nothing"}},
    },
    SCHEMA,
    ZOO,
)


def numbers(value, path=()):
    """Yield the place of every number in a config."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield path
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(one, (*path, key))


def put(config, path, value):
    config = copy.deepcopy(config)
    holder = config
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return config


PLACES = list(numbers(START))
WRONG = {
    "nan": float("nan"),
    "inf": float("inf"),
    "huge": 1e308,
    "digits": 10**400,
    "true": True,
    "text": "1",
    "words": "one",
    "list": [1],
}


@pytest.mark.parametrize("what", WRONG)
def test_no_number_of_the_config_is_anything_else(what):
    assert len(PLACES) > 80
    for path in PLACES:
        changed = put(START, path, WRONG[what])
        if what in ("text", "words") and path[-1] in ("unit", "projection", "value", "film_s"):
            continue  # these may be text too
        with pytest.raises(InputError) as error:
            settings.resolve(changed, SCHEMA, ZOO, "config.yaml")
        said = str(error.value)
        assert said.startswith("config.yaml: key "), said
        assert str(path[0]) in said and len(said) < 1500


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("random_inits", 100_000_000, "at most 100: each makes every network"),
        ("encoding.folds", 10**9, "each is a fit of every electrode"),
        ("encoding.alphas", [1.0] * 100_000, "found 100000"),
        ("simulate.subjects", 10**9, "each is a recording"),
        ("ieeg.notch_harmonics", 10**7, "each is a filter"),
        ("events.sound_s", 1e9, "16,000 numbers a second"),
        ("responses.step_ms", 1e-6, "bins"),
        ("dataset", "x\n", "text without"),
        ("dataset", "../x", "key dataset"),
        ("dataset", "x/y", "key dataset"),
        ("dataset", "{x}", "key dataset"),
        ("dataset", "x１", "key dataset"),
        ("analysis", "..", "key analysis"),
        ("root", "a{b}c", "a sign of patterns"),
        ("root", "<results>", "a sign of patterns"),
        ("stimuli.film.video", "{wildcards.x}.mp4", "a sign of patterns"),
        ("models", ["slip", "slip"], "models"),
        ("events.alignments", ["vision", "vision"], "alignments"),
    ],
)
def test_what_costs_too_much_or_leads_elsewhere_says_so(key, value, says):
    changed = put(START, tuple(key.split(".")), value)
    with pytest.raises(InputError) as error:
        settings.resolve(changed, SCHEMA, ZOO, "config.yaml")
    assert says in str(error.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, True, "12", -1])
def test_numbers_of_a_row_are_numbers(value):
    row = settings.read_yaml(REPOSITORY / "config/models.yaml")["slip"]
    check_row("slip", row, {"slip": row}, ROWS, "zoo.yaml")
    with pytest.raises(InputError, match="zoo.yaml"):
        check_row("slip", row | {"text_length": value}, {"slip": row}, ROWS, "zoo.yaml")
