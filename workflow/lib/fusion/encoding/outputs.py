"""What an encoding job leaves behind: a table of scores, and labelled arrays of influence and
predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.encoding.job import SubjectFit
from fusion.encoding.result import PARTS, Fit
from fusion.encoding.scores import fisher
from fusion.io import labelled


def score_table(found: SubjectFit) -> pd.DataFrame:
    """Return one row per electrode x bin x layer.

    Returns
    -------
    pd.DataFrame
        ``electrode, bin_ms, layer, r_val, r_test`` (means over folds), ``r_test_fold0`` ..,
        ``alpha_fold0`` .. (penalties), ``alpha_at_edge`` (whether a fold's is the smallest, or the
        largest where that is finite), ``alpha_gain_low`` and ``alpha_gain_high`` (mean over folds
        of the rise of validation r in the last step to the smallest and to the largest penalty,
        negative where it falls, 0 where the largest is infinite), ``chosen`` (whether the layer is
        the electrode's).
    """
    bins = found.trials.bins_ms
    tables = [
        _scores(fit, names, bins) for fit, names in zip(found.fits, found.electrodes, strict=True)
    ]
    return pd.concat(tables, ignore_index=True)


def _scores(fit: Fit, electrodes: np.ndarray, bins: np.ndarray) -> pd.DataFrame:
    layers, folds, count, width = fit.r_test.shape
    alphas = fit.alphas[fit.choice]
    ends = bool(np.isfinite(fit.alphas[-1]))
    table = {
        "electrode": np.tile(np.repeat(electrodes, width), layers),
        "bin_ms": np.tile(bins, layers * count),
        "layer": np.repeat(np.array(fit.layers, dtype=object), count * width),
        "r_val": fit.r_val.mean(axis=1).ravel(),
        "r_test": fit.r_test.mean(axis=1).ravel(),
        **{f"r_test_fold{f}": fit.r_test[:, f].ravel() for f in range(folds)},
        **{f"alpha_fold{f}": alphas[:, f].ravel() for f in range(folds)},
        "alpha_at_edge": (
            ((fit.choice == 0) | (alphas == fit.alphas[np.isfinite(fit.alphas)].max()) & ends)
            .any(axis=1)
            .ravel()
        ),
        "alpha_gain_low": fit.edge_gain[0].mean(axis=1).ravel(),
        "alpha_gain_high": fit.edge_gain[1].mean(axis=1).ravel(),
        "chosen": (
            np.repeat(np.arange(layers)[:, None] == fit.chosen[None, :], width, axis=1).ravel()
        ),
    }
    return pd.DataFrame(table)


def write_influence(path: str | Path, found: SubjectFit, attrs: Mapping[str, object]) -> None:
    """Write influence and scores of the chosen layers, the groups of electrodes one after the
    other.

    Parameters
    ----------
    path
        The file.
    found
        The fits, with influence.
    attrs
        Attributes of the file.
    """
    fits = found.fits
    blocks = list(dict.fromkeys(label for fit in fits for label in fit.blocks))
    blocks.sort(key=lambda label: (label.rsplit(":", 1)[0], int(label.rsplit(":", 1)[1])))
    position = {label: k for k, label in enumerate(blocks)}
    coords: dict[str, Any] = {
        "part": list(PARTS),
        "block": blocks,
        "fold": np.arange(fits[0].r_test.shape[1]),
        "electrode": np.concatenate(found.electrodes),
        "bin_ms": found.trials.bins_ms,
    }
    with labelled.create(path, coords, attrs) as file:
        text = "influence of a block's events on z, as test and as training events"
        labelled.add(
            file, "influence", ("part", "block", "electrode", "bin_ms"), attrs={"long_name": text}
        )
        labelled.add(
            file,
            "influence_fold",
            ("fold", "part", "block", "electrode", "bin_ms"),
            attrs={"long_name": f"{text}, by fold"},
        )
        arrays: dict[str, tuple[Callable[[Fit], np.ndarray], tuple[str, ...], str]] = {
            "z": (lambda fit: fit.z, ("electrode", "bin_ms"), "mean over folds of atanh r, test"),
            "z_val": (
                lambda fit: fit.of_layer(fit.z_val).mean(axis=0),
                ("electrode", "bin_ms"),
                "mean over folds of atanh r, validation",
            ),
            "r": (lambda fit: fit.r, ("electrode", "bin_ms"), "mean over folds of Pearson r, test"),
            "z_fold": (
                lambda fit: fisher(fit.of_layer(fit.r_test)),
                ("fold", "electrode", "bin_ms"),
                "atanh r of each fold, test",
            ),
            "z_val_fold": (
                lambda fit: fit.of_layer(fit.z_val),
                ("fold", "electrode", "bin_ms"),
                "atanh r of each fold, validation",
            ),
            "layer": (
                lambda fit: np.array(fit.layers, dtype=object)[fit.chosen],
                ("electrode",),
                "layer with the highest validation r",
            ),
            "layer_fold": (
                lambda fit: np.array(fit.layers, dtype=object)[fit.layer],
                ("fold", "electrode"),
                "layer that each fold uses",
            ),
        }
        for name, (of, dims, text) in arrays.items():
            joined = np.concatenate([of(fit) for fit in fits], axis=dims.index("electrode"))
            labelled.add(
                file,
                name,
                dims,
                joined if joined.dtype.kind == "O" else joined.astype(np.float32),
                attrs={"long_name": text},
            )
        start = 0
        for fit in fits:
            at = [position[label] for label in fit.blocks]
            stop = start + fit.r_test.shape[2]
            total = np.zeros((len(PARTS), len(blocks), *fit.r_test.shape[2:]), np.float32)
            assert fit.influence is not None
            for f, own in enumerate(fit.influence):
                placed = np.zeros_like(total)
                placed[:, at] = own
                file["influence_fold"][f, :, :, start:stop, :] = placed
                total += placed
            file["influence"][:, :, start:stop, :] = total
            start = stop


def write_predictions(path: str | Path, found: SubjectFit, attrs: Mapping[str, object]) -> None:
    """Write out-of-fold predictions; NaN where an electrode has no such event, or no fold tests it.

    Parameters
    ----------
    path
        The file.
    found
        The fits, with predictions.
    attrs
        Attributes of the file.
    """
    trials = found.trials
    coords = {
        "event": trials.event,
        "electrode": np.concatenate(found.electrodes),
        "bin_ms": trials.bins_ms,
    }
    with labelled.create(path, coords, attrs) as file:
        for name in ("stimulus", "recording"):
            labelled.add(file, name, ("event",), getattr(trials, name))
        labelled.add(file, "fold", ("event",), found.fold)
        out = labelled.add(
            file,
            "prediction",
            ("event", "electrode", "bin_ms"),
            attrs={"long_name": "out-of-fold prediction, in the unit of the response"},
            by="electrode",
        )
        start = 0
        for fit, group in zip(found.fits, trials.groups, strict=True):
            assert fit.predictions is not None
            values = fit.predictions
            if len(group.rows) < len(trials):
                values = np.full((len(trials), *values.shape[1:]), np.nan, np.float32)
                values[group.rows] = fit.predictions
            stop = start + len(group.electrodes)
            out[:, start:stop, :] = values
            start = stop
