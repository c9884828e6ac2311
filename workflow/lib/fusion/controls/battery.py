"""Every test of "does this electrode join vision and language?", from the weakest to the strict
one, on the same folds and blocks.

=============================== ========================================================
========================================== test                            contrast
what it shows, and what it does not ===============================
======================================================== ==========================================
``better_than_unimodal``        M > the better of V and L (chosen on validation)         a better
code of any kind, or two codes ``better_than_concatenation``   M > [V; L]
a better code of any kind ``unique``                      [V; L; M] > [V; L]
something V and L lack, joined or not ``language_shuffle``            M > M with language misaligned
follows language (alone, or joined) ``vision_shuffle``              M > M with vision misaligned
follows vision (alone, or joined) ``both_shuffles``               both of these
follows both, joined or side by side ``interaction_unpaired``        [B; M_int] > B
joins, if the streams are independent ``interaction``                 [B; C; M_int] > [B; C; shifted
M_int], banded            joins, if the streams are independent ``integration``
interaction and better_than_unimodal                     joins: the strict verdict
=============================== ========================================================
==========================================

M are the joint network's features, V and L a vision and a language network's (or towers'), B = [V;
L; the two additive parts of M], C the squares and products of V's and of L's leading features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fusion.contrasts.influence import bin_weights, difference
from fusion.controls.banded import ALPHAS, BandedFit, fit
from fusion.controls.interaction import second_order
from fusion.encoding.folds import Folds

SHOWS = {
    "better_than_unimodal": "a better code of any kind, or two codes",
    "better_than_concatenation": "a better code of any kind",
    "unique": "something that vision and language networks lack, joined or not",
    "language_shuffle": "follows language",
    "vision_shuffle": "follows vision",
    "both_shuffles": "follows vision and language, joined or side by side",
    "interaction_unpaired": "joins them, if the streams are independent",
    "interaction": "joins them, if the streams are independent",
    "integration": "joins them",
}


@dataclass(frozen=True)
class Design:
    """What all fits of an electrode set share."""

    y: np.ndarray
    """(n, E, B) responses."""
    folds: Folds
    block: np.ndarray
    """(n,) block of film time, 0 .. K-1."""
    alphas: tuple[float, ...] = ALPHAS

    def fit(self, bands: list[np.ndarray], scalings: np.ndarray | None = None) -> BandedFit:
        """Return the banded fit of all electrodes and bins; one band is plain ridge. Features come
        in their final scale.
        """
        n = len(self.y)
        scalings = np.ones((1, len(bands))) if len(bands) == 1 else scalings
        return fit(
            bands,
            self.y.reshape(n, -1),
            self.folds,
            self.block,
            scalings,
            self.alphas,
            standardise=False,
        )

    def electrodes(self, flat: np.ndarray) -> np.ndarray:
        """Return an array whose last axis is targets with that axis cut into (E, B)."""
        return flat.reshape(*flat.shape[:-1], *self.y.shape[1:])


def versus(
    design: Design, a: BandedFit, others: list[BandedFit], alternative: str = "greater"
) -> dict[str, np.ndarray]:
    """Test ``a`` against the mean of ``others``, bins weighted by validation; see
    :func:`fusion.contrasts.influence.difference`.
    """
    z_val = np.mean([b.z_val for b in others], axis=0)
    weights = bin_weights(design.electrodes(a.z_val), design.electrodes(z_val))
    z = design.electrodes(a.z - np.mean([b.z for b in others], axis=0))
    influence = design.electrodes(a.influence - np.mean([b.influence for b in others], axis=0))
    result = difference(z, influence, weights, alternative)
    result["r_a"] = over_bins(design, np.tanh(a.z), weights)
    result["r_b"] = over_bins(design, np.mean([np.tanh(b.z) for b in others], axis=0), weights)
    return result


def above_zero(design: Design, a: BandedFit) -> dict[str, np.ndarray]:
    """Test whether the score of ``a`` is above zero; returns what :func:`versus` does, with ``r_a``
    only.
    """
    weights = own_weights(design, a)
    result = difference(design.electrodes(a.z), design.electrodes(a.influence), weights, "greater")
    result["r_a"] = over_bins(design, np.tanh(a.z), weights)
    return result


def own_weights(design: Design, a: BandedFit) -> np.ndarray:
    """Return the bin weights (F, E, B) of one fit by its own validation scores."""
    z_val = design.electrodes(a.z_val)
    return bin_weights(z_val, z_val)


def over_bins(design: Design, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean over bins and the mean over folds (E,) of values (F, T)."""
    return (design.electrodes(values) * weights).sum(-1).mean(0)


def ranked(design: Design, fits: dict[str, BandedFit], rank: int) -> tuple[BandedFit, np.ndarray]:
    """Return, for each fold and electrode, the fit at ``rank`` by mean validation z over its bins;
    and the names over all folds (E,).
    """
    merit = np.stack([design.electrodes(fit.z_val).mean(-1) for fit in fits.values()])
    choice = np.argsort(-merit, axis=0, kind="stable")[rank - 1]
    overall = np.argsort(-merit.mean(1), axis=0, kind="stable")[rank - 1]
    wide = np.repeat(choice, design.y.shape[2], axis=1)

    def take(name):
        stacked = np.stack([getattr(fit, name) for fit in fits.values()])
        if stacked.ndim == 5:
            return np.take_along_axis(stacked, wide[None, :, None, None], 0)[0]
        return np.take_along_axis(stacked, wide[None], 0)[0]

    names = ("z", "z_val", "scaling", "alpha", "dof", "influence")
    picked = {name: take(name) for name in names}
    return (
        BandedFit(**picked, split=np.tanh(picked["z"])[None]),
        np.array(list(fits), object)[overall],
    )


def battery(
    design: Design, vision: np.ndarray, language: np.ndarray, streams: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Run every test on every electrode.

    Parameters
    ----------
    design
        Responses, folds and blocks.
    vision, language
        (n, p) features of vision networks and of language networks.
    streams
        The joint network's features at the same events, see :func:`fusion.controls.joint.streams`.

    Returns
    -------
    pd.DataFrame
        One row per electrode (index in ``design.y``) x test: ``electrode, test, r_a, r_b, effect,
        se, ci_low, ci_high, t, df, p``. Conjunctions carry the row of the part with the larger p.
    """
    named = {
        kind: [x for name, x in streams.items() if name.startswith(kind)]
        for kind in ("language_shuffled", "vision_shuffled", "shifted")
    }
    # Where streams correlate, the product of both tells of the square of one: squares and products
    # of either have to be beaten too.
    curved = second_order([vision, language])
    base = np.hstack([vision, language, streams["over_language"], streams["over_vision"]])
    alone, _ = ranked(
        design, {"vision": design.fit([vision]), "language": design.fit([language])}, 1
    )
    joint = design.fit([streams["joint"]])
    both = design.fit([np.hstack([vision, language])])
    all_three = design.fit([np.hstack([vision, language, streams["joint"]])])
    tests = {
        "better_than_unimodal": versus(design, joint, [alone]),
        "better_than_concatenation": versus(design, joint, [both]),
        "unique": versus(design, all_three, [both]),
        "language_shuffle": versus(
            design, joint, [design.fit([x]) for x in named["language_shuffled"]]
        ),
        "vision_shuffle": versus(
            design, joint, [design.fit([x]) for x in named["vision_shuffled"]]
        ),
        "interaction_unpaired": versus(
            design, design.fit([np.hstack([base, streams["interaction"]])]), [design.fit([base])]
        ),
        "interaction": interaction(
            design, np.hstack([base, curved]), streams["interaction"], named["shifted"]
        ),
    }
    tests["both_shuffles"] = conjunction(tests["language_shuffle"], tests["vision_shuffle"])
    tests["integration"] = conjunction(tests["interaction"], tests["better_than_unimodal"])
    electrode = np.arange(design.y.shape[1])
    return pd.concat(
        [pd.DataFrame({"electrode": electrode, "test": name, **tests[name]}) for name in SHOWS],
        ignore_index=True,
    )


# Weight of the interaction part relative to the base. Few ratios: a long search spends power on
# choosing (docs/controls.md).
RATIOS = np.array([[1.0, 1.0], [4.0, 1.0], [1.0, 4.0]]) / np.array([[2.0], [5.0], [5.0]])


def interaction(
    design: Design, base: np.ndarray, part: np.ndarray, shifts: list[np.ndarray]
) -> dict[str, np.ndarray]:
    """Test whether the interaction part adds to the base more than its own time-shifted copies do,
    in banded fits.
    """
    return versus(
        design,
        design.fit([base, part], RATIOS),
        [design.fit([base, shift], RATIOS) for shift in shifts],
    )


def conjunction(*tests: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return, per electrode, the row of the test with the largest p: all hold if that one does."""
    p = np.stack([test["p"] for test in tests])
    last = np.argmax(np.where(np.isnan(p), np.inf, p), axis=0)
    return {key: np.choose(last, [test[key] for test in tests]) for key in tests[0]}
