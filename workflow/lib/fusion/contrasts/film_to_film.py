"""From film to film: fits that train on one film and test on another, contrast by contrast.

The folds of a verdict mix all films of a subject. Here a fold is an ordered pair of films, so what
is found in a film rests on fits that have seen none of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from fusion.contrasts import frame
from fusion.contrasts.calibrated import (
    Calibrated,
    influence_difference,
    reasons,
    window_weights,
)
from fusion.contrasts.fits import FitScores, scores_of
from fusion.contrasts.frame import Found, Side
from fusion.contrasts.influence import CONFIDENCE, p_value, studentised
from fusion.contrasts.spec import FilmToFilmSpec
from fusion.encoding.fit import fit_electrodes
from fusion.encoding.folds import film_pairs
from fusion.encoding.inputs import Activations
from fusion.encoding.spec import Settings
from fusion.encoding.trials import Group, Trials, bins_apart
from fusion.ids import Alternative
from fusion.seeds import rng_for

log = logging.getLogger(__name__)

COLUMNS = ["subject", "alignment", "trained_on", "tested_on", *frame.COLUMNS]
#: Memory for the influences that are held at a time (MB).
PIECE_MB = 1500


class BetweenFilms(Calibrated):
    """The test by block influences where the films that train and test are different ones.

    Influences add up to zero within each film, as test and as training events, so variances are
    taken about each film's own mean. Degrees of freedom are Satterthwaite's.
    """

    def _found(
        self,
        fits: Mapping[str, FitScores],
        a: Side,
        b: Side,
        alternative: Alternative,
        in_window: np.ndarray,
    ) -> Found:
        z = a.z - b.z
        weights = window_weights(a, b, self.spec.bin_weights)
        influence = influence_difference(fits, a, b, in_window)
        sums = np.einsum("fpkeb,feb->pke", influence, weights).astype(float)
        blocks = next(iter(fits.values())).blocks
        variance, df, n_blocks = film_variance(sums, (influence != 0).any(axis=(0, 4)), blocks)
        effect, se = (z * weights).sum(axis=2).mean(axis=0), np.sqrt(variance)
        t, half = studentised(effect, se), stdtrit(df, (1 + CONFIDENCE) / 2) * se
        return Found(
            effect=effect,
            se=se,
            ci_low=effect - half,
            ci_high=effect + half,
            t=t,
            df=df,
            p=p_value(t, df, alternative),
            p_max=np.full(len(t), np.nan),
            by_bin=z.mean(axis=0),
            n_blocks=n_blocks,
            reason=reasons(a, b, t, n_blocks, self.spec.min_blocks),
        )


def film_variance(
    sums: np.ndarray, active: np.ndarray, blocks: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return variance, degrees of freedom and number of test blocks of a score (n_electrodes,).

    Parameters
    ----------
    sums
        (2, n_blocks, n_electrodes) block sums of influences on test and training events.
    active
        (2, n_blocks, n_electrodes) bool, which blocks have such events.
    blocks
        Labels of the blocks, ``{film}:{k}``.

    Returns
    -------
    tuple
        V = sum over parts and films of K/(K-1) sum_k (B_k - mean B)^2, its degrees of freedom by
        Satterthwaite (1946), and the blocks that were tested. A film with fewer than two blocks
        leaves V unknown (NaN).
    """
    film = np.array([label.rsplit(":", 1)[0] for label in blocks])
    total, squares = (np.zeros(sums.shape[2]) for _ in range(2))
    for part, there in zip(sums, active, strict=True):
        for name in np.unique(film):
            own = there[film == name]
            count = own.sum(axis=0)
            values = np.where(own, part[film == name], 0.0)
            spread = (values**2).sum(axis=0) - values.sum(axis=0) ** 2 / np.maximum(count, 1)
            with np.errstate(divide="ignore", invalid="ignore"):
                variance = np.maximum(spread, 0) * count / (count - 1.0)
            variance = np.where(count > 1, variance, np.where(count == 1, np.nan, 0.0))
            total += variance
            squares += variance**2 / np.maximum(count - 1, 1)
    df = np.divide(total**2, squares, out=np.ones_like(total), where=squares > 0)
    return total, df, active[0].sum(axis=0)


def film_to_film(
    trials: Trials,
    activations: Sequence[Activations],
    spec: FilmToFilmSpec,
    progress: Callable[[int], object] = lambda fits: None,
) -> pd.DataFrame:
    """Return the contrasts of a subject in each film, by fits on the other films.

    Parameters
    ----------
    trials
        The subject's trials.
    activations
        The layers of each fit of ``spec.fits``.
    spec
        Fits, contrasts and how they are tested.
    progress
        Called with the number of fits that have been finished.

    Returns
    -------
    pd.DataFrame
        ``subject, alignment``, the films ``trained_on`` and ``tested_on``, and
        :data:`fusion.contrasts.frame.COLUMNS`. Electrodes that were recorded during one film only,
        or during films too short for the folds, have no rows.
    """
    bins = bins_apart(trials.bins_ms.astype(float), spec.window, spec.bin_width_ms)
    parts = [pd.DataFrame(columns=COLUMNS)]
    for group in trials.groups:
        if len(group.trials.films) < 2:
            log.info("%d electrodes were recorded during one film", len(group.electrodes))
            continue
        step = _step(group, spec, len(bins))
        for start in range(0, len(group.electrodes), step):
            piece = replace(group, electrodes=group.electrodes[start : start + step])
            try:
                fits = _fits(piece, bins, activations, spec, progress)
            except ValueError as error:
                log.warning("%d electrodes left out: %s", len(piece.electrodes), error)
                break
            parts.append(_rows(piece, fits, spec))
    table = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    return table.assign(subject=spec.subject, alignment=spec.alignment)[COLUMNS]


def _step(group: Group, spec: FilmToFilmSpec, n_bins: int) -> int:
    """Return how many electrodes are fitted at a time."""
    blocks = len(group.trials.blocks(spec.fits[0].settings.block_s)[0])
    pairs = len(film_pairs(group.trials.stimulus))
    each = 4 * pairs * 2 * blocks * n_bins * len(spec.fits)
    return int(max(1, PIECE_MB * 2**20 // max(each, 1)))


def _fits(
    group: Group,
    bins: np.ndarray,
    activations: Sequence[Activations],
    spec: FilmToFilmSpec,
    progress: Callable[[int], object],
) -> list[FitScores]:
    own = group.trials
    responses = group.responses(bins)
    found = []
    for fit, layers in zip(spec.fits, activations, strict=True):
        settings = Settings(**fit.settings.plain(), keep_predictions=False)
        settings = replace(settings, split="one_film", validation="nested")
        features = {name: partial(layers.features, name, own.recordings) for name in layers.layers}
        made = fit_electrodes(
            features, responses, own.onset_s, own.stimulus, settings, recording=own.recording
        )
        bins_ms = own.bins_ms[bins].astype(float)
        found.append(scores_of(made, str(fit.fits[0]), list(group.electrodes), bins_ms))
        progress(1)
    return found


def _rows(group: Group, fits: Sequence[FitScores], spec: FilmToFilmSpec) -> pd.DataFrame:
    """Return the contrasts of some electrodes, for every ordered pair of films."""
    pairs = film_pairs(group.trials.stimulus)
    rows = []
    for f, (trained, tested) in enumerate(pairs):
        n_events = int((group.trials.stimulus == tested).sum())
        own = {
            fit.name: replace(
                fit,
                z=fit.z[[f]],
                z_val=fit.z_val[[f]],
                # Influences are on the mean over all folds.
                influence=fit.influence[[f]] * np.float32(len(pairs)),
                n_events=n_events,
            )
            for fit in fits
        }
        for comparison in spec.comparisons:
            rng = rng_for(spec.seed, "film_to_film", spec.subject, spec.alignment, comparison.name)
            table = frame.contrast_rows(
                own,
                comparison,
                spec.window_name,
                spec.window,
                BetweenFilms(spec.calibrated, rng),
                "nested",
            )
            rows.append(table.assign(trained_on=trained, tested_on=tested))
    return pd.concat(rows, ignore_index=True)
