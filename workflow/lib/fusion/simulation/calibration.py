"""Simulated subjects with planted truth, and the p-values of every contrast at their electrodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from fusion.contrasts import paper
from fusion.contrasts.calibrated import Calibrated
from fusion.contrasts.fits import FitScores, scores_of
from fusion.contrasts.frame import contrast_table, side, window_bins
from fusion.contrasts.spec import CalibratedSpec, Comparison
from fusion.encoding.fit import fit_electrodes
from fusion.encoding.spec import Settings
from fusion.encoding.streams import Features
from fusion.ids import NOTHING, FitId, Operand, unique
from fusion.seeds import rng_for
from fusion.simulation import planted
from fusion.simulation.geometry import Geometry, lasting
from fusion.simulation.noise import NOISES
from fusion.simulation.spec import ComparisonSpec, SimulationSpec, WorldSpec

KEPT = ["electrode", "contrast", "p", "p_max", "estimate", "se", "r_a", "r_b"]


def simulate_fits(
    geometry: Geometry,
    follows: list[dict[str, float]],
    world: planted.World,
    spec: SimulationSpec,
    *,
    effect: float,
    settings: Settings,
    repetition: int,
) -> list[FitScores]:
    """Return the fits of one simulated subject, made by the functions of the encoding stage.

    Parameters
    ----------
    geometry
        Events, bins and noise.
    follows
        For each electrode, latent -> its part of the variance of the signal.
    world
        Drift, time constants and what models know.
    spec
        Which fits, of what width, from which seed.
    effect
        Peak of the evoked response over the SD of the noise.
    settings
        How the fits are made.
    repetition
        Number of the simulated subject, a part of every seed.

    Returns
    -------
    list of FitScores
        One a name in ``spec.fits``.
    """
    ids = (spec.seed, "calibrate", repetition)
    clock = geometry.clock_s
    streams = planted.latents(rng_for(*ids, "streams"), clock, spec.width, world.taus_s)
    rng = rng_for(*ids, "responses")
    values = np.hstack([planted.signal(rng, streams, own, 1) for own in follows])
    responses = planted.respond(rng, geometry, values, effect, world.drift, NOISES[spec.noise])
    names = tuple(f"E{k}" for k in range(len(follows)))
    out = []
    seed = int(rng_for(*ids, "model").integers(2**31))
    for name in spec.fits:
        one = FitId.parse(name)
        made = planted.features(one, streams, clock, world, spec=spec, seed=seed)
        layer: Features = made
        if one.model in spec.projected:
            first, second = np.hsplit(made, 2)
            layer = (first, second)
        fit = fit_electrodes(
            {"layer": layer}, responses, geometry.onset_s, geometry.stimulus, settings
        )
        out.append(scores_of(fit, name, names, geometry.bins_ms))
    return out


def binwise_p(fits: list[FitScores], contrast: ComparisonSpec, spec: SimulationSpec) -> np.ndarray:
    """Return the p-values of the paper's test across all bins, without its gate.

    Parameters
    ----------
    fits
        All fits that the contrast compares.
    contrast
        The contrast.
    spec
        Which events choose among the fits of a side.

    Returns
    -------
    np.ndarray
        (n_electrodes,).
    """
    by_name = {fit.name: fit for fit in fits}
    every = np.ones(len(fits[0].bins), bool)
    a, b = (
        np.tanh(side(by_name, operand, every, spec.validation).z).mean(axis=0)
        for operand in _operands(contrast)
    )
    p: np.ndarray = paper.binwise_test(a - b, np.isfinite(a - b), contrast.alternative)["p"]
    return p


def run_cases(geometry: Geometry, spec: WorldSpec, settings: Settings) -> Iterator[pd.DataFrame]:
    """Yield the p-values of every case, repetition and contrast of a world, see :func:`run_world`.

    Parameters
    ----------
    geometry
        Events, bins and noise of the recording.
    spec
        The world, its cases, and what is fitted and tested.
    settings
        How the fits are made.

    Yields
    ------
    pd.DataFrame
        The columns of :func:`run_world`, and ``world, alignment, effect, minutes``.
    """
    for effect, minutes in spec.cases:
        film = geometry
        if minutes is not None:
            rng = rng_for(spec.simulation.seed, "film", minutes)
            film = lasting(geometry, minutes, rng)
        for rows in run_world(
            film,
            planted.kinds_of(spec.world),
            range(spec.repetitions),
            spec.simulation,
            effect=effect,
            settings=settings,
        ):
            yield rows.assign(
                world=spec.world, alignment=spec.alignment, effect=effect, minutes=film.minutes
            )


def run_world(
    geometry: Geometry,
    kinds: Mapping[str, planted.World],
    repetitions: Iterable[int],
    spec: SimulationSpec,
    *,
    effect: float,
    settings: Settings,
) -> Iterator[pd.DataFrame]:
    """Yield the p-values of one contrast after the other, for every repetition of a world.

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
        What is fitted and tested.

    Yields
    ------
    pd.DataFrame
        ``follows, repetition, electrode, contrast, truth`` (whether the contrast's alternative is
        true), ``p, p_max, p_binwise, se, r_a, r_b``, and ``estimate``, the effect as the contrast
        estimates it.
    """
    names = [list(kinds)[k % len(kinds)] for k in range(geometry.n_electrodes)]
    worlds = [kinds[name] for name in names]
    some = replace(worlds[0], follows={}, drift=max(w.drift for w in worlds))
    window_bins(geometry.bins_ms, spec.window, spec.windows[spec.window])
    for repetition in repetitions:
        fits = simulate_fits(
            geometry,
            [w.follows for w in worlds],
            some,
            spec,
            effect=effect,
            settings=settings,
            repetition=repetition,
        )
        by_name = {fit.name: fit for fit in fits}
        for name, contrast in spec.contrasts.items():
            sides = [one for one in (contrast.a, contrast.b) if one]
            chosen = [by_name[fit] for fit in unique(fit for one in sides for fit in one.of)]
            table = contrast_table(
                chosen,
                Comparison(name, *_operands(contrast), contrast.alternative),
                {spec.window: spec.windows[spec.window]},
                Calibrated(
                    CalibratedSpec(spec.bin_weights, spec.multipliers, spec.min_blocks),
                    rng_for(spec.seed, "calibrate", repetition, name),
                ),
                spec.validation,
            )
            truth = [planted.differs(contrast, world, spec) for world in worlds]
            # ``effect`` is the size that was planted.
            table = table.rename(columns={"effect": "estimate"})
            yield table[KEPT].assign(
                follows=names,
                repetition=repetition,
                truth=truth,
                p_binwise=binwise_p(chosen, contrast, spec),
            )


def _operands(contrast: ComparisonSpec) -> tuple[Operand, Operand]:
    a, b = (Operand.parse(one.plain() if one else NOTHING) for one in (contrast.a, contrast.b))
    return a, b
