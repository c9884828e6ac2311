"""All contrasts of one subject and alignment: every file is read once, piece by piece."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from fusion.contrasts import frame
from fusion.contrasts.by_region import ByRegion
from fusion.contrasts.fits import FitScores, align
from fusion.contrasts.frame import Procedure
from fusion.contrasts.spec import Comparison, ContrastsSpec

log = logging.getLogger(__name__)

#: Memory for the influences of a piece of the electrodes (MB).
PIECE_MB = 256


def test_contrasts(
    fits: Sequence[FitScores],
    spec: ContrastsSpec,
    procedures: Callable[[Comparison], Procedure],
    piece_mb: float = PIECE_MB,
    by_region: ByRegion | None = None,
) -> pd.DataFrame:
    """Return the rows of all contrasts.

    Electrodes are taken in pieces whose influences, of all fits together, fill ``piece_mb``. The
    peak is about three times that, whatever the numbers of fits and electrodes.

    Parameters
    ----------
    fits
        All fits that the contrasts name; their influences may still be in files.
    spec
        The contrasts.
    procedures
        Contrast -> how it is tested.
    piece_mb
        Memory for the influences that are held at a time (MB).
    by_region
        Is given what is found in the primary window.

    Returns
    -------
    pd.DataFrame
        ``subject, alignment`` and :data:`fusion.contrasts.frame.COLUMNS`, by contrast, window and
        electrode.

    Raises
    ------
    InputError
        If a window holds no bin, or fits do not belong together.
    """
    aligned = align(fits)
    some = aligned[0]
    for name, window in spec.windows.items():
        frame.window_bins(some.bins, name, window)
    ways = {own.name: procedures(own) for own in spec.comparisons}
    rows: dict[tuple[str, str], list[pd.DataFrame]] = {
        (own.name, window): [] for own in spec.comparisons for window in spec.windows
    }
    n_electrodes = len(some.electrodes)
    step = piece_size(aligned, piece_mb)
    for start in range(0, max(n_electrodes, 1), step):
        piece = {fit.name: fit.load(slice(start, start + step)) for fit in aligned}
        for own in spec.comparisons:
            for name, window in spec.windows.items():
                keep = None
                if by_region is not None and name == spec.primary_window:
                    keep = partial(by_region.add, own, next(iter(piece.values())).electrodes)
                found = frame.contrast_rows(
                    piece, own, name, window, ways[own.name], spec.validation, keep
                )
                rows[own.name, name].append(found)
    parts = [part for tables in rows.values() for part in tables]
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "subject", spec.subject)
    table.insert(1, "alignment", spec.alignment)
    keys = ["contrast", "window", "reason"]
    for names, count in table[~table["tested"]].groupby(keys, sort=False).size().items():
        log.warning("%s: %d electrodes not tested", names, count)
    return table


def piece_size(fits: Sequence[FitScores], piece_mb: float) -> int:
    """Return how many electrodes are worked on at a time."""
    each = sum(4 * np.prod(fit.z.shape[::2]) * 2 * len(fit.blocks) for fit in fits)
    return max(1, int(piece_mb * 2**20 // max(each, 1)))
