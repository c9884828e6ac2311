"""Old names of keys are refused with the new one."""

from pathlib import Path

import pytest

from fusion.design import config as settings
from fusion.design import renamed
from fusion.io.errors import InputError

REPOSITORY = Path(__file__).parents[3]
SCHEMA = settings.read_yaml(REPOSITORY / "workflow/schemas/config.schema.yaml")
GOOD = {"dataset": "test", "source": "simulate"}


def nested(path, value):
    for key in reversed(path.replace("*", "one").split(".")):
        value = {key: value}
    return value


@pytest.mark.parametrize(("old", "new"), renamed.KEYS.items())
def test_an_old_key_names_the_new_one(old, new):
    with pytest.raises(InputError) as error:
        settings.resolve({**GOOD, **nested(old, 1)}, SCHEMA, {}, "my.yaml")
    assert str(error.value).startswith(f"my.yaml: key {old.replace('*', 'one')}: found the key's")
    assert new.replace("*", "one") in str(error.value)


@pytest.mark.parametrize(
    "new", sorted({one for new in renamed.KEYS.values() for one in new.split(" or ")})
)
def test_every_new_key_is_in_the_schema(new):
    schema = SCHEMA
    for step in new.split("."):
        if "$ref" in schema:
            schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        schema = schema["additionalProperties"] if step == "*" else schema["properties"][step]
    assert "description" in schema or "$ref" in schema


def test_an_old_value_names_the_new_one():
    for old in ({"test": "slip"}, {"role": "slip"}):
        with pytest.raises(InputError, match="'matched'"):
            settings.resolve(
                {**GOOD, "contrasts": {"x": {"a": "slip", "b": "nothing", **old}}}, SCHEMA, {}
            )


def test_a_model_or_window_may_be_called_like_an_old_key():
    assert (
        "calibrate"
        in settings.resolve(
            {
                **GOOD,
                "models": ["slip"],
                "statistics": {"windows": {"calibrate": [0, 1]}, "primary_window": "calibrate"},
            },
            SCHEMA,
            {"slip": {}},
        )["statistics"]["windows"]
    )
