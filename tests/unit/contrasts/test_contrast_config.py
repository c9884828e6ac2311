"""The shipped contrasts and the paper's preset, and configs of contrasts that make no sense."""

from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from fusion.design import config as settings
from fusion.io.errors import InputError

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
ZOO = settings.load_zoo(["config/models.yaml"], ROOT)
BASE = {"dataset": "x", "source": "simulate"}


def shipped(name):
    return yaml.safe_load((ROOT / "config" / name).read_text())


def test_the_shipped_contrasts_and_the_paper_s_preset_resolve_alone_and_together():
    contrasts, paper = shipped("contrasts.yaml"), shipped("paper.yaml")
    assert set(contrasts) & set(paper) == {"events"}
    assert not set(contrasts["events"]) & set(paper["events"])
    together = {**BASE, **contrasts}
    update_config(together, paper)  # as Snakemake joins the files
    resolved = settings.resolve(together, SCHEMA, ZOO)
    assert resolved["events"]["shuffled_pairings"] == 2
    assert resolved["events"]["truncate"] == "right"
    assert not resolved["activations"]["project_up"]
    controls = ("partition", "dimension_match", "interaction", "leak", "floors", "passive")
    assert not any(resolved["controls"][name] for name in (*controls, "ceiling"))
    tests = {contrast["role"] for contrast in resolved["contrasts"].values()}
    assert {"multimodal", "matched", "linear", "signal", "vision", "language"} <= tests
    assert resolved["statistics"]["procedure"] == "paper" and resolved["encoding"]["alphas"] == [
        10**k for k in (-1, 0, 1, 2, 3, 4, 5)
    ]
    assert (
        settings.resolve({**BASE, **contrasts}, SCHEMA, ZOO)["statistics"]["procedure"]
        == "calibrated"
    )


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"contrasts": {"x": {"a": "nothing", "b": "nothing"}}}, "contrasts.x"),
        (
            {
                "contrasts": {
                    "x": {"a": "slip", "b": "nothing", "role": "matched"},
                    "y": {"a": "slip", "b": "nothing", "role": "matched"},
                }
            },
            "contrasts.y.role",
        ),
        ({"contrasts": {"x": {"a": "slip-random7", "b": "nothing"}}}, "contrasts.x.a"),
        ({"statistics": {"procedure": "paper"}}, "encoding.validation"),
        (
            {
                "statistics": {"procedure": "block_bootstrap"},
                "encoding": {"keep_predictions": False},
            },
            "encoding.keep_predictions",
        ),
        ({"statistics": {"primary_window": "late"}}, "statistics.primary_window"),
    ],
)
def test_contradictions_are_one_line(change, where):
    with pytest.raises(InputError, match=where):
        settings.resolve({**BASE, **change}, SCHEMA, ZOO)
