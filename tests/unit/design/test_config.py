"""The config is held against its schema: every mistake is one clear error that names the key."""

from pathlib import Path

import pytest
import yaml

from fusion.design import config as settings
from fusion.io.errors import InputError

REPOSITORY = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
ZOO = {name: {} for name in ("slip", "slip_simclr", "simcse")} | {"flava": {"feed": "joint"}}
GOOD = {"dataset": "test", "source": "simulate", "models": ["slip", "slip_simclr"]}

MISTAKES = [
    ({"datset": "x"}, "datset", "did you mean"),
    ({"dataset": "../elsewhere"}, "dataset", "expected"),
    ({"source": "bidz"}, "source", "bids"),
    ({1: "x"}, "1", "put it in quotes"),
    ({"encoding": {True: 1}}, "encoding.True", "put it in quotes"),
    ({"seed": -1}, "seed", "-1"),
    ({"seed": "zero"}, "seed", "zero"),
    ({"encoding": {"fold": 3}}, "encoding.fold", "'folds'"),
    ({"encoding": {"folds": 1}}, "encoding.folds", "1"),
    ({"encoding": {"alphas": []}}, "encoding.alphas", "[]"),
    ({"encoding": {"alphas": [0]}}, "encoding.alphas.0", "0"),
    ({"encoding": {"validation": "nest"}}, "encoding.validation", "nested"),
    ({"ieeg": {"reference": "laplacean"}}, "ieeg.reference", "laplacian"),
    ({"events": {"alignments": []}}, "events.alignments", "[]"),
    ({"events": {"alignments": ["sound"]}}, "events.alignments.0", "language"),
    ({"models": ["slipp"]}, "models", "'slip' (did you mean that?)"),
    ({"models": []}, "models", "[]"),
    ({"stimuli": {"film": {"video": "x.mp4"}}}, "stimuli.film.transcript", "a value"),
    ({"contrasts": {"x": {"a": "slip"}}}, "contrasts.x.b", "a value"),
    ({"contrasts": {"x": {"a": "slip", "b": "simcse"}}}, "contrasts.x.b", "simcse"),
    ({"contrasts": {"x": {"a": "slip", "b": "slip-random3"}}}, "contrasts.x.b", "random0"),
    (
        {"contrasts": {"x": {"a": "slip", "b": "slip-trained-shuffled0"}}},
        "contrasts.x.b",
        "shuffled_pairings",
    ),
    ({"statistics": {"primary_window": "late"}}, "statistics.primary_window", "after"),
    ({"controls": {"window": "late"}}, "controls.window", "after"),
    ({"controls": {"bands": {"vision": ["simcse"]}}}, "controls.bands.vision", "slip_simclr"),
    (
        {"controls": {"joint_networks": {"x": {"model": "flavva"}}}},
        "controls.joint_networks.x.model",
        "'flava' (did you mean that?)",
    ),
    (
        {"controls": {"joint_networks": {"x": {"model": "slip"}}}},
        "controls.joint_networks.x.model",
        "feed: joint",
    ),
    (
        {"controls": {"joint_networks": {"x": {"model": "flava"}}}},
        "controls.joint_networks.x",
        "shuffled_pairings",
    ),
    (
        {
            "contrasts": {
                "x": {"a": "slip", "b": "slip_simclr", "role": "matched"},
                "y": {"a": "slip", "b": "nothing", "role": "matched"},
            }
        },
        "contrasts.y.role",
        "'matched', as contrast x has",
    ),
    ({"encoding": {"gap_s": float("nan")}}, "encoding.gap_s", "found nan; expected a finite"),
    ({"encoding": {"alphas": [1, float("inf")]}}, "encoding.alphas.1", "found inf"),
    ({"statistics": {"level": float("nan")}}, "statistics.level", "found nan"),
    ({"responses": {"window_ms": [float("-inf"), 0]}}, "responses.window_ms.0", "found -inf"),
    ({"responses": {"window_ms": [1000, 0]}}, "responses.window_ms", "the earlier moment first"),
    ({"responses": {"step_ms": 1e-6}}, "responses.step_ms", "at most 10,000 bins"),
    ({"random_inits": 10**8}, "random_inits", "at most 100: each makes every network"),
    ({"encoding": {"alphas": [1] * 10**4}}, "encoding.alphas", "at most 1000 of them"),
    ({"ieeg": {"line_freq_hz": 1e-4}}, "ieeg.line_freq_hz", "0.0001"),
    ({"dataset": "x\n"}, "dataset", "text without '\\n'"),
    ({"contrasts": {"x\n": {"a": "slip", "b": "nothing"}}}, "contrasts.x\\n", "text without"),
    ({"source": "bids", "root": "/{subject}"}, "root", "a path without '{'"),
    ({"source": "bids", "root": "/<results>"}, "root", "a path without '<'"),
    ({"controls": {"partitoin": True}}, "controls.partitoin", "'partition'"),
    ({"source": "bids"}, "root", "an existing folder"),
    ({"source": "bids", "root": "/nowhere"}, "root", "/nowhere"),
    ({"source": "treebank"}, "root", "an existing folder"),
]


@pytest.mark.parametrize(("change", "key", "says"), MISTAKES, ids=[m[1] for m in MISTAKES])
def test_a_mistake_is_one_error_that_names_the_key(change, key, says):
    with pytest.raises(InputError) as error:
        settings.resolve({**GOOD, **change}, SCHEMA, ZOO, "my.yaml")
    assert str(error.value).startswith("my.yaml")
    assert key in str(error.value)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_film_is_named(tmp_path):
    film = {
        "film": {
            "video": "stimuli/film.mp4",
            "transcript": {"file": "words.tsv", "format": "words"},
        }
    }
    with pytest.raises(InputError, match=r"stimuli\.film\.video.*film\.mp4"):
        settings.resolve(
            {**GOOD, "source": "bids", "root": str(tmp_path), "stimuli": film}, SCHEMA, ZOO
        )


def test_a_file_of_models_that_is_no_yaml_is_one_clear_error(tmp_path):
    (tmp_path / "zoo.yaml").write_text("slip:\n  family: slip\n model: [\n")
    with pytest.raises(InputError, match=r"zoo.yaml: line 3: found .*; expected a YAML file"):
        settings.load_zoo(["zoo.yaml"], tmp_path)


def test_resolving_is_idempotent_and_keeps_what_the_user_wrote():
    once = settings.resolve({**GOOD, "encoding": {"folds": 7}}, SCHEMA, ZOO)
    assert once["encoding"]["folds"] == 7
    assert settings.resolve(once, SCHEMA, ZOO) == once
    assert list(once) == [key for key in SCHEMA["properties"] if key in once]


def test_key_order_of_the_user_does_not_matter():
    backwards = dict(reversed(list(GOOD.items())))
    assert list(settings.resolve(backwards, SCHEMA, ZOO)) == list(
        settings.resolve(GOOD, SCHEMA, ZOO)
    )


def every_property(schema, path=()):
    for key, inner in schema.get("properties", {}).items():
        yield (*path, key), inner
        yield from every_property(inner, (*path, key))
        if isinstance(inner.get("additionalProperties"), dict):
            yield from every_property(inner["additionalProperties"], (*path, key, "*"))


@pytest.mark.parametrize(
    ("path", "schema"),
    every_property(SCHEMA),
    ids=lambda v: ".".join(v) if isinstance(v, tuple) else "",
)
def test_every_key_is_described_and_every_object_is_closed(path, schema):
    assert schema.get("description") or "$ref" in schema, f"{'.'.join(path)} has no description"
    if "properties" in schema:
        assert schema["additionalProperties"] is False
    if "default" in schema and "enum" in schema:
        assert schema["default"] in schema["enum"]


def test_fits_of_an_operand():
    assert settings.fits_of("slip") == ["slip-trained-true"]
    assert settings.fits_of("slip-random0") == ["slip-random0-true"]
    assert settings.fits_of(["slip", "simcse-trained-shuffled1"]) == [
        "slip-trained-true",
        "simcse-trained-shuffled1",
    ]
    assert settings.fits_of({"rank": 2, "of": ["slip", "simcse"]}) == [
        "slip-trained-true",
        "simcse-trained-true",
    ]
    assert settings.fits_of("nothing") == []
