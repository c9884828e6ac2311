"""Rows of the zoo are held against their schema: every mistake is one clear error that names the
model and the key.
"""

import re
from pathlib import Path

import pytest
import yaml

from fusion.design import config as settings
from fusion.design import each_model
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
    ({"net": GOOD | {"regions": {"file": "{0}.npz"}}}, "regions.file", "sign of patterns"),
    ({"net": GOOD | {"regions": {"file": "{stimulus.__class__}"}}}, "regions.file", "patterns"),
    ({"net": GOOD | {"regions": {"file": "{stimulus:>99999999}"}}}, "regions.file", "patterns"),
    ({"net": GOOD | {"regions": {"file": "<results>/{stimulus}"}}}, "regions.file", "patterns"),
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


#: Hub repositories of which no revision is known here. Their first download writes
#: config/weights.lock, and later ones are held against it.
UNKNOWN = {
    "facebook/flava-full",
    "unc-nlp/lxmert-base-uncased",
    "uclanlp/visualbert-vqa-coco-pre",
    "timm/beit_base_patch16_224.in22k_ft_in22k_in1k",
    "timm/convnext_base.fb_in22k",
    "princeton-nlp/sup-simcse-bert-base-uncased",
}


@pytest.mark.parametrize("files", [["config/models.yaml"], ["config/models_paper.yaml"]])
def test_every_row_names_its_network_and_what_pins_it(files):
    zoo = settings.load_zoo(["config/models.yaml", *files], REPOSITORY, SCHEMA)
    for name, row in zoo.items():
        if row["family"] in ("concat", "multilin"):
            assert len(row["parts"]) >= 2
            continue
        source, pins = row["checkpoint"], row["sha256"]
        assert row["layers"] and row["trained_on"], name
        for address in (source, row["tokenizer"]):
            if (address or "").startswith("hf:"):
                repository, _, revision = address.removeprefix("hf:").partition("@")
                assert (repository in UNKNOWN) != bool(re.fullmatch("[0-9a-f]{40}", revision)), name
        if source.startswith("http"):
            assert pins or re.search(r"/slip/\w+_(small|large)_|/ALBEF/|/BLIP/", source), name
        elif not source.startswith("hf:"):
            assert pins, name
        if row["feed"] == "joint" and row["family"] in ("albef", "blip", "visualbert"):
            assert row["tokenizer"] or source.startswith("hf:Salesforce"), name


def test_every_network_is_held_against_its_random_copies():
    files = ["config/models.yaml"]
    zoo = settings.load_zoo(files, REPOSITORY, SCHEMA)
    shipped = yaml.safe_load((REPOSITORY / "config/contrasts.yaml").read_text())
    networks = [one for one in shipped["models"] if zoo[one]["checkpoint"]]
    made = each_model.expanded(shipped["contrasts"], networks, shipped["random_inits"])
    for model in networks:
        copies = [f"{model}-random{k}" for k in range(shipped["random_inits"])]
        assert made[f"{model}_vs_random"] == {"a": model, "b": copies}
    # SLIP's two towers of both networks, as models of their own.
    assert {"slip", "slip_text", "slip_clip", "slip_clip_text"} <= set(networks)
    assert [zoo[one]["feed"] for one in ("slip", "slip_text")] == ["image", "text"]
    assert zoo["siglip2_text"]["feed"] == "text"


def test_every_family_of_the_schema_has_a_loader():
    assert set(SCHEMA["properties"]["family"]["enum"]) == {*families.FAMILIES, "concat", "multilin"}
    for family in families.FAMILIES:
        assert callable(families.loader(family))
    with pytest.raises(InputError, match="slip"):
        families.loader("slipp")


def test_every_key_of_a_row_is_described():
    assert all(len(key["description"]) > 10 for key in SCHEMA["properties"].values())
