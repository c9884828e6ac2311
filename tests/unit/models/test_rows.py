"""Rows of the zoo are held against their schema: every mistake is one clear error that names the
model and the key.
"""

from pathlib import Path

import pytest
import yaml

from fusion.design import config as settings
from fusion.io.errors import InputError
from fusion.models.families import registry as families

REPOSITORY = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/models.schema.yaml").read_text())
GOOD = {
    "family": "timm_vision",
    "modality": "vision",
    "feed": "image",
    "checkpoint": "hf:timm/net",
    "layers": {"blocks.*": "cls"},
}
OTHER = {"other": GOOD}
MISTAKES = [
    ({"net": GOOD | {"famly": "slip"}}, "net", "'family'"),
    ({"net": GOOD | {"family": "tim_vision"}}, "family", "timm_vision"),
    ({"net": GOOD | {"modality": "sound"}}, "modality", "vision-language"),
    ({"net": GOOD | {"layers": {"blocks.*": "class"}}}, r"layers.blocks\.\*", "cls"),
    ({"net": GOOD | {"layers": {}}}, "key layers", "nothing"),
    ({"net": {k: v for k, v in GOOD.items() if k != "checkpoint"}}, "key checkpoint", "nothing"),
    ({"net": GOOD | {"preprocess": {"sise": 224}}}, "preprocess.sise", "'size'"),
    ({"net": GOOD | {"sha256": {"model.safetensors": "abc"}}}, "sha256", "abc"),
    ({"ne-t": GOOD}, "ne-t", "letters"),
    ({"net": "slip"}, "net", "slip"),
    (
        {
            "both": {
                "family": "concat",
                "modality": "vision-language",
                "parts": {"other": "blocks.1"},
            }
        }
        | OTHER,
        "parts",
        "two or more",
    ),
    (
        {
            "both": {
                "family": "concat",
                "modality": "vision-language",
                "parts": {"other": "blocks.1", "othr": "blocks.1"},
            }
        }
        | OTHER,
        "othr",
        "did you mean",
    ),
    (
        {
            "both": {
                "family": "concat",
                "modality": "vision-language",
                "parts": {"other": "block.1", "net": "blocks.1"},
            },
            "net": GOOD,
        }
        | OTHER,
        "parts.other",
        "a layer of other",
    ),
    (
        {
            "both": {
                "family": "concat",
                "modality": "vision-language",
                "checkpoint": "x",
                "parts": {"other": "norm"},
            }
        }
        | OTHER,
        "checkpoint",
        "parts only",
    ),
]


@pytest.mark.parametrize(("rows", "where", "hint"), MISTAKES)
def test_a_mistake_is_one_clear_error(tmp_path, rows, where, hint):
    (tmp_path / "zoo.yaml").write_text(yaml.safe_dump(rows))
    with pytest.raises(InputError, match=where) as error:
        settings.load_zoo(["zoo.yaml"], tmp_path, SCHEMA)
    assert hint in str(error.value)
    assert "\n" not in str(error.value)


def test_rows_are_filled_with_defaults_and_later_files_win(tmp_path):
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"net": GOOD, "other": GOOD}))
    (tmp_path / "b.yaml").write_text(yaml.safe_dump({"net": GOOD | {"licence": "MIT"}}))
    zoo = settings.load_zoo(["a.yaml", "b.yaml"], tmp_path, SCHEMA)
    assert zoo["net"]["licence"] == "MIT"
    assert zoo["other"]["licence"] is None
    assert set(zoo["net"]) == {*SCHEMA["properties"], "origin"}
    assert (zoo["net"]["origin"], zoo["other"]["origin"]) == ("b.yaml", "a.yaml")


def test_every_family_of_the_schema_has_a_loader():
    assert set(SCHEMA["properties"]["family"]["enum"]) == {*families.FAMILIES, "concat"}
    for family in families.FAMILIES:
        assert callable(families.loader(family))
    with pytest.raises(InputError, match="slip"):
        families.loader("slipp")


def test_every_key_of_a_row_is_described():
    assert all(len(key["description"]) > 10 for key in SCHEMA["properties"].values())
