"""Whatever is written into a config ends in a resolved config or in one clear line, never in a
traceback from inside a library.
"""

import copy
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusion.design import config as config_settings
from fusion.design import recordings as dataset
from fusion.io.errors import InputError

REPOSITORY = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
ZOO = {name: {} for name in ("slip", "slip_clip", "slip_simclr", "simcse", "linear")}
START = config_settings.resolve(
    {
        "dataset": "fuzz",
        "source": "simulate",
        "models": list(ZOO),
        "stimuli": {
            "film": {
                "video": "film.mp4",
                "transcript": {"file": "words.tsv", "format": "words"},
                "recordings": {"task": "film"},
            }
        },
        "contrasts": {
            "one": {"a": ["slip", "slip_clip"], "b": "slip_simclr-random0"},
            "two": {"a": {"rank": 1, "of": ["slip", "linear"]}, "b": "nothing"},
        },
    },
    SCHEMA,
    ZOO,
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**9),
    st.floats(allow_nan=True),
    st.text(max_size=12),
    st.sampled_from(["slip", "film", "bids", "1e-3", "-", "a/b", "*"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*path, index)
            yield from places(inner, (*path, index))


@st.composite
def mutated(draw):
    config = copy.deepcopy(START)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(places(config), key=str)))
        holder = config
        for step in path[:-1]:
            holder = holder[step]
        match draw(st.sampled_from(["replace", "delete", "rename"])):
            case "replace":
                holder[path[-1]] = draw(VALUES)
            case "delete":
                del holder[path[-1]]
            case "rename" if isinstance(holder, dict):
                holder[draw(st.text(max_size=8))] = holder.pop(path[-1])
    return config


@settings(
    max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(mutated())
def test_a_mutated_config_resolves_or_is_one_clear_line(config):
    try:
        resolved = config_settings.resolve(config, SCHEMA, ZOO, "config.yaml")
        rows = dataset.recordings(resolved, Path("nowhere"))
    except InputError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 1000
        return
    assert config_settings.resolve(resolved, SCHEMA, ZOO) == resolved
    assert all(row.subject and row.name for row in rows.values())
