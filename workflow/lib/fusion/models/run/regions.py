"""Image regions for the models that read them: the user's own, or a fixed grid pooled from a
torchvision ResNet.

The grid is no substitute for the detector these models were trained with (Faster R-CNN on Visual
Genome): it lets them run, in another feature space. What was used is said on the model card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torchvision.ops import roi_align

from fusion.io.errors import InputError
from fusion.io.hdf5 import refuse_elsewhere
from fusion.models.run import checkpoints, images
from fusion.models.run.checkpoints import File
from fusion.models.run.network import Items
from fusion.models.spec import Row, Weights

#: Items -> features (n_items, n_regions, width) and boxes (n_items, n_regions, 4).
Look = Callable[[Items], tuple[Tensor, Tensor]]
SIZE = 448  # side of the image that the grid is laid over (px)


def region_input(row: Row, weights: Weights, width: int) -> tuple[Look, str]:
    """Return items -> (features (batch, region, width), boxes (batch, region, 4) in 0..1), and in
    words where they come from.

    Raises
    ------
    InputError
        If the features are not ``width`` wide, or there are none.
    """
    options = row.regions
    if options.file:
        return from_file(options.file, width), "regions of the user's file"
    if not weights.backbone:
        raise row.error(
            "regions", "neither a file nor a backbone", "regions.file or regions.backbone"
        )
    return (
        from_grid(weights.backbone.path, options.net, options.grid, width),
        (
            f"{options.grid} x {options.grid} regions pooled from torchvision's"
            f" {options.net}, not the feature space of the training"
        ),
    )


def from_file(path: File, width: int) -> Look:
    """Return a lookup in a file (.npz or .h5) of ``frame`` (frame,), ``features`` (frame, region,
    width), ``boxes`` (frame, region, 4).
    """
    if not Path(path).is_file():
        raise InputError(path, "", "no such file", "an .npz or .h5 file of region features")
    refuse_elsewhere(path)
    with (
        h5py.File(path)
        if Path(path).suffix in (".h5", ".hdf5")
        else np.load(path, allow_pickle=False)
    ) as held:
        if missing := [key for key in ("frame", "features", "boxes") if key not in held]:
            raise InputError(
                path, missing[0], f"only {', '.join(held)}", "arrays frame, features and boxes"
            )
        frame, features, boxes = (np.asarray(held[key]) for key in ("frame", "features", "boxes"))
    if features.shape[:2] != (len(frame), features.shape[1]) or boxes.shape != (
        *features.shape[:2],
        4,
    ):
        raise InputError(
            path,
            "",
            f"features {features.shape} and boxes {boxes.shape} for {len(frame)} frames",
            "(frame, region, width) and (frame, region, 4)",
        )
    if features.shape[2] != width:
        raise InputError(
            path, "features", f"{features.shape[2]} wide", f"{width}, as the model takes"
        )
    if boxes.min() < 0 or boxes.max() > 1:
        raise InputError(
            path,
            "boxes",
            f"{boxes.min():g} to {boxes.max():g}",
            "corners as shares of the image, 0 to 1",
        )
    place = {int(f): i for i, f in enumerate(frame)}

    def look_up(items: Items) -> tuple[Tensor, Tensor]:
        frames = images.needed(items.frames)
        if lost := [f for f in frames if int(f) not in place]:
            raise InputError(path, "frame", f"no frame {lost[0]}", "every frame of the events")
        rows = [place[int(f)] for f in frames]
        return torch.from_numpy(features[rows].astype(np.float32)), torch.from_numpy(
            boxes[rows].astype(np.float32)
        )

    return look_up


def from_grid(checkpoint: File, net: str, grid: int, width: int) -> Look:
    """Return a pooling of a ``grid`` x ``grid`` of cells: ResNet stages 1-3, RoIAlign to 14 x 14,
    stage 4, mean (as C4 detectors do).
    """
    resnet = getattr(torchvision.models, net)(weights=None)
    state = checkpoints.state_dict(checkpoint)
    checkpoints.load_strict(resnet, state, checkpoint)
    resnet.eval().requires_grad_(False)
    if resnet.fc.in_features != width:
        raise InputError(
            checkpoint,
            "",
            f"a {net}, whose regions are {resnet.fc.in_features} wide",
            f"{width}, as the model takes",
        )
    early = nn.Sequential(
        resnet.conv1,
        resnet.bn1,
        resnet.relu,
        resnet.maxpool,
        resnet.layer1,
        resnet.layer2,
        resnet.layer3,
    )
    edges = np.linspace(0, 1, grid + 1, dtype=np.float32)
    cells = torch.tensor(
        [[edges[x], edges[y], edges[x + 1], edges[y + 1]] for y in range(grid) for x in range(grid)]
    )

    @torch.inference_mode()
    def pool(frames: np.ndarray) -> Tensor:
        maps = early(images.preprocess(frames, SIZE, resize="squash"))
        pooled = roi_align(
            maps,
            [cells * SIZE] * len(frames),
            output_size=14,
            spatial_scale=maps.shape[-1] / SIZE,
            aligned=True,
        )
        made: Tensor = resnet.layer4(pooled).mean((2, 3)).view(len(frames), grid * grid, width)
        return made

    def look_at(items: Items) -> tuple[Tensor, Tensor]:
        return pool(images.needed(items.images)), cells.expand(len(items), -1, -1)

    return look_at
