"""One sample of the audit: some electrodes of one or two fits, and their contrast."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from fusion.audit import compare, refit
from fusion.audit.spec import AuditSpec, Sample
from fusion.contrasts.calibrated import Calibrated
from fusion.contrasts.fits import scores_of
from fusion.contrasts.frame import contrast_table
from fusion.encoding.inputs import Activations
from fusion.encoding.result import Fit
from fusion.encoding.spec import Settings
from fusion.encoding.trials import Group, Trials
from fusion.seeds import rng_for

log = logging.getLogger(__name__)


def audit_sample(
    sample: Sample,
    spec: AuditSpec,
    trials: Trials,
    layers: Sequence[Activations],
    stored: Sequence[pd.DataFrame],
    contrasts: pd.DataFrame | None,
) -> pd.DataFrame:
    """Return what another library says of the sample's fits, beside what the run says.

    Parameters
    ----------
    sample
        What was drawn.
    spec
        How many electrodes, and how exact.
    trials
        The subject's trials.
    layers
        The activations of each fit.
    stored
        The scores of each fit (``scores.parquet``).
    contrasts
        The contrasts of the subject and alignment, where the sample has one.

    Returns
    -------
    pd.DataFrame
        :data:`fusion.audit.compare.COLUMNS`.
    """
    group = draw(trials, spec, sample)
    fold = trials.held_out(sample.fits[0].settings)[group.rows]
    tables, fits = [], []
    for own, activations, scores in zip(sample.fits, layers, stored, strict=True):
        settings = Settings(**own.settings.plain())
        fit = refit.by_himalaya(group, fold, activations, settings)
        fits.append(fit)
        name = str(own.fits[0])
        rows = [
            compare.with_himalaya(scores, fit, group.electrodes, trials.bins_ms, spec.tolerance),
            scikit_learn_row(group, fold, activations, settings, fit, spec.tolerance),
        ]
        tables.append(pd.concat(rows).assign(fit=name))
        log.info("%s of subject %s, %s: made again", name, sample.subject, sample.alignment)
    if sample.comparison and contrasts is not None and spec.statistics:
        tables.append(effect_row(sample, spec, group, fits, contrasts))
    table = pd.concat(tables, ignore_index=True)
    table["subject"], table["alignment"] = sample.subject, sample.alignment
    table["electrodes"] = ", ".join(group.electrodes)
    return table[compare.COLUMNS]


def draw(trials: Trials, spec: AuditSpec, sample: Sample) -> Group:
    """Return some electrodes that share their recordings, drawn at random."""
    rng = rng_for(spec.seed, "audit", sample.subject, sample.alignment)
    groups = trials.groups
    sizes = np.array([len(group.electrodes) for group in groups])
    group = groups[int(rng.choice(len(groups), p=sizes / sizes.sum()))]
    count = min(spec.electrodes, len(group.electrodes))
    some = np.sort(rng.choice(len(group.electrodes), count, replace=False))
    return replace(group, electrodes=group.electrodes[some])


def scikit_learn_row(
    group: Group,
    fold: np.ndarray,
    activations: Activations,
    settings: Settings,
    fit: Fit,
    tolerance: float,
) -> pd.DataFrame:
    """Return the comparison of himalaya's test scores with scikit-learn's, at one layer.

    The layer is that of the first electrode; penalties are those that himalaya's scores chose.
    """
    layer = int(fit.chosen[0])
    features = activations.read(fit.layers[layer], group.trials.recordings)
    n_folds = fit.r_test.shape[1]
    alphas = fit.alphas[fit.choice[layer]].reshape(n_folds, -1)
    r = refit.by_scikit_learn(group, fold, features, alphas, settings)
    own = fit.r_test[layer].reshape(n_folds, -1)
    return compare.values("scikit-learn", "r_test", own, r, tolerance)


def effect_row(
    sample: Sample, spec: AuditSpec, group: Group, fits: Sequence[Fit], contrasts: pd.DataFrame
) -> pd.DataFrame:
    """Return the comparison of a contrast's effect and standard error with those of new fits."""
    assert sample.comparison is not None and spec.statistics is not None
    names = [str(own.fits[0]) for own in sample.fits]
    scored = [
        scores_of(fit, name, list(group.electrodes), group.trials.bins_ms)
        for fit, name in zip(fits, names, strict=True)
    ]
    windows = {spec.window: spec.window_ms}
    rng = rng_for(spec.seed, "audit", "multipliers")
    procedure = Calibrated(spec.statistics, rng)
    again = contrast_table(scored, sample.comparison, windows, procedure, spec.validation)
    rows = contrasts[
        (contrasts["contrast"] == sample.comparison.name) & (contrasts["window"] == spec.window)
    ]
    run = rows.set_index("electrode").reindex(list(group.electrodes))
    other = again.set_index("electrode").reindex(list(group.electrodes))
    both = run["tested"].fillna(False).to_numpy(bool) & other["tested"].to_numpy(bool)
    parts = [
        compare.values("himalaya", key, run.loc[both, key], other.loc[both, key], spec.tolerance)
        for key in ("effect", "se")
    ]
    return pd.concat(parts).assign(fit=" against ".join(names))
