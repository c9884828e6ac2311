"""What the shipped weights encode: language keeps colours, views keep what no caption mentions."""

import argparse
import hashlib

import numpy as np
import pytest
import torch
import yaml
from helpers.runs import REPOSITORY
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict

from fusion.demo import augment, family, scenes, sources
from fusion.models.families import slip

ROWS = {
    name: row
    for name, row in yaml.safe_load((REPOSITORY / "config/models.yaml").read_text()).items()
    if name.startswith("demo_")
}


def test_hashes_are_those_of_the_zoo():
    for name, row in ROWS.items():
        files = row.get("sha256", {})
        folder = REPOSITORY / row["checkpoint"] if "checkpoint" in row else None
        for path, expected in files.items() if isinstance(files, dict) else [("", files)]:
            assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == expected, name
    size = sum(
        path.stat().st_size for path in (REPOSITORY / "resources/demo").rglob("*") if path.is_file()
    )
    assert size < 5e6


@pytest.fixture(scope="module")
def decoded():
    """Cross-validated correlation of a ridge read-out from each model's features with what a film's
    scenes show.
    """
    content = scenes.draw_scenes(300, np.random.default_rng(20))
    # through the film's size, down to the models'
    film = torch.from_numpy(scenes.render(content, 96)).permute(0, 3, 1, 2).float() / 255
    images = augment.normalise(
        torch.nn.functional.interpolate(film, 32, mode="bilinear", antialias=True)
    )
    targets = {
        "layout": (content["layout"] == "vertical").to_numpy(float),
        "background": content["background"].to_numpy(),
        "area": (content["size_1"] ** 2 + content["size_2"] ** 2).to_numpy(),
    }
    features = sources.scene_features(content)
    for kind, values in features.items():
        for k in range(6):
            targets[f"{kind} {k}"] = sources.code(values, np.random.default_rng(k))
    found = {}
    for name in family.OBJECTIVES:
        row = ROWS[f"demo_{name}"]
        with torch.serialization.safe_globals([argparse.Namespace]):
            held = torch.load(REPOSITORY / row["checkpoint"], weights_only=True)["state_dict"]
        state = {key.removeprefix("module."): value for key, value in held.items()}
        model = slip.Slip(
            slip.sizes_of(state, row["architecture"], row["checkpoint"]), ("image",)
        ).eval()
        model.load_state_dict(state, strict=False)
        with torch.no_grad():
            x = model.visual(images).numpy()
        x = (x - x.mean(0)) / x.std(0)
        for target, y in targets.items():
            predicted = cross_val_predict(RidgeCV(np.logspace(-1, 4, 6)), x, y, cv=KFold(5))
            found[name, target] = np.corrcoef(predicted, y)[0, 1]
    return found


def mean(decoded, name, kind):
    return np.mean(
        [
            value
            for (model, target), value in decoded.items()
            if model == name and target.startswith(kind)
        ]
    )


def test_language_keeps_colours(decoded):
    for name in ("slip", "slip_clip"):
        assert mean(decoded, name, "colour") > mean(decoded, "slip_simclr", "colour") + 0.15
        # at every site, not only on average
        for k in range(6):
            assert decoded[name, f"colour {k}"] > decoded["slip_simclr", f"colour {k}"] + 0.05
    assert decoded["slip_clip", "layout"] > decoded["slip_simclr", "layout"] + 0.2


def test_views_keep_what_no_caption_mentions(decoded):
    for name in ("slip", "slip_simclr"):
        assert decoded[name, "background"] > 0.98
        assert decoded[name, "area"] > decoded["slip_clip", "area"] + 0.05
        assert mean(decoded, name, "vision") > 0.7
    # what vision sites follow is no better encoded with language than without, at any of them
    for k in range(6):
        assert decoded["slip", f"vision {k}"] < decoded["slip_simclr", f"vision {k}"] + 0.03
