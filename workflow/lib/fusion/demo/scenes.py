"""Scenes of two coloured shapes: what is in them, how they look, and how they are described.

The demo's film and the training images of its models come from the same renderer, so that features
transfer."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

# A circle around the grey axis: all colours have the same mean of R, G and B and the same
# saturation, so that turning the hue by any angle, as the augmentation of views does, leaves
# nothing to tell them by.
COLOURS = {
    name: tuple(0.5 + 0.42 * math.cos(math.radians(60 * k - shift)) for shift in (0, 120, 240))
    for k, name in enumerate(("red", "yellow", "green", "cyan", "blue", "purple"))
}
SHAPES = ("circle", "square", "triangle", "cross")
STRIPES = 2.5  # stripes along a side
LAYOUTS = ("horizontal", "vertical")
# first object to second, second to first
RELATIONS = {"horizontal": ("left of", "right of"), "vertical": ("above", "below")}


def draw_scenes(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw ``n`` scenes, every attribute independent of every other.

    Returns
    -------
    DataFrame
        One row per scene. Object 1 is the left one of a horizontal layout and the upper one of a
        vertical layout. Columns ``colour_1, shape_1, size_1, colour_2, shape_2, size_2, layout``
        and, in units of the image's side (origin at the top left), the place of each object ``x_1,
        y_1, x_2, y_2``. ``background`` is a grey level 0..1, ``stripes`` the amplitude and
        ``phase`` the phase (0..1) of slanted stripes on it.
    """
    scenes = pd.DataFrame({"layout": rng.choice(LAYOUTS, n)})
    for k in (1, 2):
        scenes[f"colour_{k}"] = rng.choice(list(COLOURS), n)
        scenes[f"shape_{k}"] = rng.choice(SHAPES, n)
        scenes[f"size_{k}"] = rng.uniform(0.10, 0.19, n)
    along = rng.uniform(0.40, 0.48, n) / 2
    centre = rng.uniform(0.43, 0.57, (2, n))
    tilt = rng.uniform(-0.06, 0.06, n)
    horizontal = scenes["layout"].to_numpy() == "horizontal"
    dx, dy = np.where(horizontal, along, tilt), np.where(horizontal, tilt, along)
    scenes["x_1"], scenes["y_1"] = centre[0] - dx, centre[1] - dy
    scenes["x_2"], scenes["y_2"] = centre[0] + dx, centre[1] + dy
    scenes["background"] = rng.uniform(0.08, 0.42, n)
    scenes["stripes"] = rng.uniform(0, 0.12, n)
    scenes["phase"] = rng.random(n)
    return scenes


def caption(scene: Mapping[Hashable, Any], rng: np.random.Generator) -> str:
    """Describe a scene (a row of :func:`draw_scenes`) from one object or the other: colour, shape
    and relation.
    """
    order = (1, 2) if rng.random() < 0.5 else (2, 1)
    relation = RELATIONS[scene["layout"]][order[0] - 1]
    first, second = (f"{scene[f'colour_{k}']} {scene[f'shape_{k}']}" for k in order)
    return f"a {first} {relation} a {second}"


def render(scenes: pd.DataFrame, size: int, shift: np.ndarray | None = None) -> np.ndarray:
    """Draw scenes as images.

    Parameters
    ----------
    scenes
        n rows of :func:`draw_scenes`.
    size
        Side of the square image (pixels).
    shift
        (n, 2 objects, 2) displacement of each object in x and y, in units of the image's side.

    Returns
    -------
    ndarray
        (n, size, size, 3) uint8.
    """
    images = np.repeat(_background(scenes, size)[..., None], 3, axis=-1)
    for k in (1, 2):
        centre = scenes[[f"x_{k}", f"y_{k}"]].to_numpy(np.float32)
        if shift is not None:
            centre = centre + shift[:, k - 1].astype(np.float32)
        radius = scenes[f"size_{k}"].to_numpy(np.float32)
        colour = np.array([COLOURS[name] for name in scenes[f"colour_{k}"]], np.float32)
        shapes = scenes[f"shape_{k}"].to_numpy()
        for shape in SHAPES:
            rows = np.flatnonzero(shapes == shape)
            if len(rows):
                _paint(images, rows, shape, centre[rows], radius[rows], colour[rows])
    return np.round(images.clip(0, 1) * 255).astype(np.uint8)


def _background(scenes: pd.DataFrame, size: int) -> np.ndarray:
    """Return the grey levels (n, size, size) behind the objects."""
    along = (np.arange(size, dtype=np.float32) + 0.5) / size
    slant = (along[None, :] + along[:, None]) * STRIPES
    grey, amplitude, phase = (
        scenes[name].to_numpy(np.float32)[:, None, None]
        for name in ("background", "stripes", "phase")
    )
    # sin(a + b) expanded, so that the sine of every pixel is taken once, not once per image
    angle = np.float32(2 * np.pi) * phase
    shade: np.ndarray = grey + amplitude * (
        np.sin(2 * np.pi * slant) * np.cos(angle) + np.cos(2 * np.pi * slant) * np.sin(angle)
    ).astype(np.float32)
    return shade


def _paint(
    images: np.ndarray,
    rows: np.ndarray,
    shape: str,
    centre: np.ndarray,
    radius: np.ndarray,
    colour: np.ndarray,
) -> None:
    """Blend one object into each of ``images[rows]``, inside the box that holds all of them
    only.
    """
    size = images.shape[1]
    reach = radius[:, None] * 1.1 + 1 / size
    low = np.clip(np.floor((centre - reach).min(0) * size).astype(int), 0, size)
    high = np.clip(np.ceil((centre + reach).max(0) * size).astype(int), 0, size)
    x = (np.arange(low[0], high[0], dtype=np.float32) + 0.5) / size
    y = (np.arange(low[1], high[1], dtype=np.float32) + 0.5) / size
    dx = x[None, None, :] - centre[:, 0, None, None]
    dy = y[None, :, None] - centre[:, 1, None, None]
    # a pixel's coverage falls linearly over one pixel across the outline
    cover = np.clip(0.5 - distance(shape, dx, dy, radius[:, None, None]) * size, 0, 1)[..., None]
    box = (rows, slice(low[1], high[1]), slice(low[0], high[0]))
    images[box] += cover * (colour[:, None, None, :] - images[box])


def distance(shape: str, dx: Any, dy: Any, radius: Any) -> Any:
    """Return the signed distance of points to a shape's outline (negative inside), in the units of
    ``dx`` and ``dy``.
    """
    if shape == "circle":
        return np.sqrt(dx**2 + dy**2) - radius
    if shape == "square":
        return np.maximum(np.abs(dx), np.abs(dy)) - 0.88 * radius
    if shape == "triangle":
        sides = np.maximum(np.abs(dx) * np.float32(0.8660254) - dy * 0.5, dy)
        return sides - 0.6 * radius
    long, short = radius, 0.36 * radius
    upright = np.maximum(np.abs(dx) - short, np.abs(dy) - long)
    return np.minimum(upright, np.maximum(np.abs(dx) - long, np.abs(dy) - short))
