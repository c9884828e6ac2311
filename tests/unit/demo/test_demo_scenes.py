import math

import numpy as np
import pytest
import torch
from matplotlib.path import Path as Polygon

from fusion.demo import augment, scenes

RNG = np.random.default_rng


def test_every_attribute_is_independent_of_every_other():
    content = scenes.draw_scenes(4000, RNG(0))
    codes = content[["size_1", "size_2", "background", "stripes", "phase"]].copy()
    for name in ("layout", "colour_1", "shape_1", "colour_2", "shape_2"):
        codes[name] = content[name].astype("category").cat.codes
    correlation = np.abs(np.corrcoef(codes.to_numpy(float), rowvar=False) - np.eye(codes.shape[1]))
    assert correlation.max() < 0.06


def test_first_object_is_left_or_above():
    content = scenes.draw_scenes(500, RNG(1))
    side = content["layout"] == "horizontal"
    assert (content.loc[side, "x_1"] < content.loc[side, "x_2"]).all()
    assert (content.loc[~side, "y_1"] < content.loc[~side, "y_2"]).all()
    # objects stay inside the image even when they move
    for k in (1, 2):
        for axis in "xy":
            assert content[f"{axis}_{k}"].between(0.1, 0.9).all()


def test_captions_are_true():
    opposite = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
    content = scenes.draw_scenes(200, RNG(2))
    seen = set()
    for row in content.to_dict("records"):
        words = scenes.caption(row, RNG(hash(row["phase"]) % 1000)).split()
        first, second = " ".join(words[1:3]), " ".join(words[-2:])
        relation = " ".join(words[3:-3])
        one, two = (f"{row[f'colour_{k}']} {row[f'shape_{k}']}" for k in (1, 2))
        swapped = (first, second) != (one, two)
        assert (first, second) == ((two, one) if swapped else (one, two))
        ahead = opposite[relation] if swapped and one != two else relation
        if one != two:
            assert ahead == ("left of" if row["layout"] == "horizontal" else "above")
        seen.add(relation)
    assert seen == set(opposite)


def test_palette_is_a_circle_that_hue_rotation_turns_onto_itself():
    palette = torch.tensor(list(scenes.COLOURS.values()))
    assert torch.allclose(palette.mean(1), torch.full((6,), 0.5), atol=1e-6)
    sixth = augment.hue_rotation(torch.tensor([math.pi / 3]))[0]
    turned = palette @ sixth.T
    distance = torch.cdist(turned, palette).min(1).values
    assert distance.max() < 1e-5
    assert not torch.allclose(turned, palette)


@pytest.mark.parametrize("shape", scenes.SHAPES)
def test_distance_is_negative_inside_only(shape):
    points = RNG(3).uniform(-1.3, 1.3, (4000, 2))
    w = 0.36
    outlines = {
        "square": [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
        "triangle": [(0, -1.2), (3**0.5 * 0.6 + 0.0, 0.6), (-(3**0.5) * 0.6, 0.6)],
        "cross": [
            (-w, -1),
            (w, -1),
            (w, -w),
            (1, -w),
            (1, w),
            (w, w),
            (w, 1),
            (-w, 1),
            (-w, w),
            (-1, w),
            (-1, -w),
            (-w, -w),
        ],
    }
    inside = (
        np.hypot(*points.T) < 1
        if shape == "circle"
        else Polygon(outlines[shape]).contains_points(points)
    )
    assert ((scenes.distance(shape, points[:, 0], points[:, 1], 1.0) < 0) == inside).all()


def test_render_does_not_depend_on_what_else_is_rendered():
    content = scenes.draw_scenes(12, RNG(4))
    together = scenes.render(content, 32)
    alone = np.concatenate([scenes.render(content.iloc[[k]], 32) for k in range(12)])
    assert np.array_equal(together, alone)
    assert together.dtype == np.uint8 and together.shape == (12, 32, 32, 3)


def test_render_shows_colour_size_and_place():
    content = scenes.draw_scenes(40, RNG(5))
    images = scenes.render(content, 96).astype(float) / 255
    for image, row in zip(images, content.to_dict("records"), strict=True):
        for k in (1, 2):
            x, y = int(row[f"x_{k}"] * 96), int(row[f"y_{k}"] * 96)
            assert np.allclose(image[y, x], scenes.COLOURS[row[f"colour_{k}"]], atol=0.01)
        grey = image.std(-1) < 1e-6
        painted = (~grey).mean()
        # the area of the two objects, from the shapes' own formulas
        area = {
            "circle": math.pi,
            "square": 4 * 0.88**2,
            "triangle": 3 * 3**0.5 * 0.6**2,
            "cross": 4 * (2 * 0.36 - 0.36**2),
        }
        expected = sum(area[row[f"shape_{k}"]] * row[f"size_{k}"] ** 2 for k in (1, 2))
        assert painted == pytest.approx(expected, rel=0.25)


def test_augmentations_keep_what_they_promise():
    images = (
        torch.from_numpy(scenes.render(scenes.draw_scenes(16, RNG(6)), 32))
        .permute(0, 3, 1, 2)
        .float()
        / 255
    )
    generator = torch.Generator().manual_seed(0)
    views = augment.strong(images, generator)
    assert views.shape == images.shape and views.min() >= 0 and views.max() <= 1
    again = augment.strong(images, torch.Generator().manual_seed(0))
    assert torch.equal(views, again)
    whole = augment.crop(images, 1.0, generator)
    assert torch.allclose(whole, images, atol=1e-4)
    grey = augment.luminance(images)
    assert torch.allclose(
        grey[:, 0], images[:, 0] * 0.299 + images[:, 1] * 0.587 + images[:, 2] * 0.114, atol=1e-6
    )
