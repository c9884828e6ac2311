"""Floors: contrasts in which nothing should be found, on the data at hand.

Two random inits of one network, two neighbouring layers of one network, two seeds of one training:
neither knows more about vision and language than the other. How many sites such a contrast names is
what the real ones are to be held against."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from fusion.controls.battery import Design, versus

COLUMNS = (
    "floor",
    "a",
    "b",
    "effect",
    "se",
    "ci_low",
    "ci_high",
    "t",
    "df",
    "p",
    "n_blocks",
    "r_a",
    "r_b",
)


def floors(
    design: Design, networks: dict[str, list[np.ndarray]], pairs: list[tuple[str, str, str]]
) -> pd.DataFrame:
    """Test, two-sided, pairs of feature sets that should not differ.

    Parameters
    ----------
    design
        Responses, folds and blocks.
    networks
        Name -> (n, p) features.
    pairs
        (floor, a, b): kind of the floor and the names compared.

    Returns
    -------
    pd.DataFrame
        ``electrode, floor, a, b, r_a, r_b, effect, se, ci_low, ci_high, t, df, p``.
    """
    fits = {
        name: design.fit([networks[name]])
        for name in dict.fromkeys(itertools.chain.from_iterable((a, b) for _, a, b in pairs))
    }
    electrode = np.arange(design.y.shape[1])
    tables = [
        pd.DataFrame(
            {
                "electrode": electrode,
                "floor": floor,
                "a": a,
                "b": b,
                **versus(design, fits[a], [fits[b]], "two-sided"),
            }
        )
        for floor, a, b in pairs
    ]
    empty = pd.DataFrame({"electrode": electrode[:0], **dict.fromkeys(COLUMNS, electrode[:0])})
    return pd.concat(tables, ignore_index=True) if tables else empty


def layer_pairs(names: list[str]) -> list[tuple[str, str]]:
    """Return the two middle neighbours of a network's layers, as one pair; none where there is one
    layer.
    """
    middle = len(names) // 2
    return [(names[middle - 1], names[middle])] if len(names) > 1 else []
