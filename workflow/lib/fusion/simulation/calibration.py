"""Simulated subjects with planted truth, and every contrast's p-values at their electrodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from fusion.contrasts import paper
from fusion.contrasts.fits import Fit
from fusion.contrasts.table import contrast_table, side, window_bins
from fusion.encoding.fit import Settings, fit_electrodes
from fusion.encoding.scores import fisher
from fusion.seeds import rng_for
from fusion.simulation import planted
from fusion.simulation.geometry import Geometry


def simulate_fits(
    geometry: Geometry,
    follows: list[dict[str, float]],
    world: planted.World,
    effect: float,
    spec: dict,
    settings: Settings,
    repetition: int,
) -> list[Fit]:
    """Return the fits of one simulated subject, one per model, by the encoding stage's own
    functions.

    Parameters
    ----------
    geometry
        Events, bins and noise.
    follows
        What each electrode follows (E).
    world
        Drift, time constants and what models know.
    effect
        Peak of the evoked response over the SD of the noise.
    spec
        ``fits`` (names), ``modality`` (model -> modality), ``parts`` (model -> parts, for
        concatenations), ``width``, ``seed``.
    settings
        How the fits are made.
    repetition
        Number of the simulated subject, a part of every seed.
    """
    ids = (spec["seed"], "calibrate", repetition)
    clock = geometry.clock_s
    streams = planted.latents(rng_for(*ids, "streams"), clock, spec["width"], world.taus_s)
    rng = rng_for(*ids, "responses")
    values = np.hstack([planted.signal(rng, streams, own, 1) for own in follows])
    responses = planted.respond(rng, geometry, values, effect, world.drift)
    names = tuple(f"E{k}" for k in range(len(follows)))
    out = []
    for name in spec["fits"]:
        seed = int(rng_for(*ids, "model").integers(2**31))
        layer = planted.features(name, streams, clock, world, spec["modality"], spec["parts"], seed)
        fit = fit_electrodes(
            {"layer": layer}, responses, geometry.onset_s, geometry.stimulus, settings
        )
        z_val, z = (
            fit.of_layer(fit.z_val).astype(float),
            fisher(fit.of_layer(fit.r_test)).astype(float),
        )
        tested = int((fit.fold >= 0).sum())
        out.append(
            Fit(
                name,
                names,
                tuple(fit.blocks),
                geometry.bins_ms,
                z,
                z_val,
                fit.influence,
                ("layer",) * len(names),
                tested,
            )
        )
    return out


def binwise_p(fits: list[Fit], spec: dict) -> np.ndarray:
    """Return the p-values of the paper's test across all bins, on the same scores as the other
    procedures (no gate).
    """
    by_name = {fit.name: fit for fit in fits}
    every = np.ones(len(fits[0].bins), bool)
    a, b = (
        np.tanh(side(by_name, spec[label], every, spec["validation"]).z).mean(axis=0)
        for label in "ab"
    )
    return paper.binwise_test(a - b, np.isfinite(a - b), spec["alternative"])["p"]


def run_world(
    geometry: Geometry,
    kinds: dict[str, planted.World],
    effect: float,
    repetitions: range,
    spec: dict,
    settings: Settings,
) -> Iterator[pd.DataFrame]:
    """Yield, for each repetition, the p-values of every contrast at every electrode of a world.

    Parameters
    ----------
    geometry, effect, settings
        As in :func:`simulate_fits`.
    kinds
        Name -> what electrodes of this kind follow; electrodes take turns (``planted.kinds_of``).
        Time constants and what models know are those of the first.
    repetitions
        Numbers of the simulated subjects.
    spec
        As in :func:`simulate_fits`, and ``contrasts`` (name -> ``a``, ``b``, ``alternative``),
        ``window`` (name), ``windows``, ``validation``, ``bin_weights``, ``multipliers``,
        ``min_blocks``.

    Yields
    ------
    pd.DataFrame
        ``follows, repetition, electrode, contrast, truth`` (whether the contrast's alternative is
        true), ``p, p_max, p_binwise, effect, se, r_a, r_b``.
    """
    names = [list(kinds)[k % len(kinds)] for k in range(geometry.n_electrodes)]
    worlds = [kinds[name] for name in names]
    some = replace(worlds[0], follows={}, drift=max(w.drift for w in worlds))
    window_bins(geometry.bins_ms, spec["window"], spec["windows"][spec["window"]])
    for repetition in repetitions:
        fits = simulate_fits(
            geometry, [w.follows for w in worlds], some, effect, spec, settings, repetition
        )
        by_name = {fit.name: fit for fit in fits}
        for contrast, sides in spec["contrasts"].items():
            windows = {spec["window"]: spec["windows"][spec["window"]]}
            own = {
                **spec,
                **sides,
                "contrast": contrast,
                "subject": str(repetition),
                "alignment": "",
                "windows": windows,
            }
            wanted = [fit for label in "ab" for fit in (sides[label] or {"of": []})["of"]]
            chosen = [by_name[fit] for fit in dict.fromkeys(wanted)]
            table = contrast_table(
                chosen, own, rng_for(spec["seed"], "calibrate", repetition, contrast)
            )
            truth = [
                planted.differs(
                    sides["a"], sides["b"], sides["alternative"], w, spec["modality"], spec["parts"]
                )
                for w in worlds
            ]
            kept = table[["electrode", "contrast", "p", "p_max", "effect", "se", "r_a", "r_b"]]
            yield kept.assign(
                follows=names, repetition=repetition, truth=truth, p_binwise=binwise_p(chosen, own)
            )
