"""Discoveries of a contrast after correction, against how it was tested before robust responses,
squared weights and families of electrodes with signal: same films, same noise, same seeds.

    python benchmarks/power.py --subjects 12 --procedures before default      # then --seed 1

Two networks of 64 features see one film of 20 minutes. Of 40 electrodes a subject, 4 follow what
both networks know, 4 follow it and what only network a knows, the rest is noise.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import signal
from statsmodels.stats.multitest import multipletests

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from fusion.contrasts.calibrated import Calibrated  # noqa: E402
from fusion.contrasts.fits import scores_of  # noqa: E402
from fusion.contrasts.frame import contrast_table  # noqa: E402
from fusion.contrasts.spec import CalibratedSpec, Comparison  # noqa: E402
from fusion.encoding.fit import fit_electrodes  # noqa: E402
from fusion.encoding.spec import Settings  # noqa: E402
from fusion.ids import Operand  # noqa: E402
from fusion.seeds import rng_for  # noqa: E402

RATE_HZ = 50
LEAD_S = 4.0
BINS_MS = np.arange(0.0, 1001, 100)
WIDTH_MS = 200
WINDOWS = {"after": (0, 1000)}
ALPHAS = tuple(10.0**k for k in range(0, 7))
#: Name -> high-pass (Hz), fit, weights, whether families are electrodes with signal.
PROCEDURES = {
    "before": (0.1, Settings(alphas=ALPHAS, clip_mad=False), "validation", False),
    "squared": (0.1, Settings(alphas=ALPHAS, clip_mad=False), "validation_squared", False),
    "families": (0.1, Settings(alphas=ALPHAS, clip_mad=False), "validation_squared", True),
    "high_pass_02": (0.2, Settings(alphas=ALPHAS, clip_mad=False), "validation_squared", True),
    "default": (0.2, Settings(alphas=ALPHAS), "validation_squared", True),
    "default_03": (0.3, Settings(alphas=ALPHAS), "validation_squared", True),
}
WORLDS = ("words", "bursts", "cuts", "sustained", "brief", "null", "null_bursts", "equal_bursts")


def events(rng, world, minutes):
    """Return onsets (s): words in runs of talk with pauses, or cuts."""
    if world == "cuts":
        gaps = rng.gamma(4, 3.5 / 4, int(minutes * 60 / 3.5) + 50) + 0.5
        onsets = np.cumsum(gaps)
    else:
        onsets, now = [], 0.0
        while now < minutes * 60:
            words = rng.geometric(1 / 14)
            own = now + np.cumsum(rng.gamma(4, 0.35 / 4, words))
            onsets.append(own)
            now = own[-1] + rng.exponential(2.5)
        onsets = np.concatenate(onsets)
    return onsets[onsets < minutes * 60]


def course(rng, n, size, tau_s, rate_hz=10.0):
    """Return (n, size) standardised AR(1) courses at ``rate_hz``."""
    keep = np.exp(-1 / (tau_s * rate_hz))
    noise = rng.standard_normal((n + 500, size))
    x = signal.lfilter([np.sqrt(1 - keep**2)], [1, -keep], noise, axis=0)[500:]
    return (x - x.mean(0)) / x.std(0)


def network(rng, known, nuisance):
    """Return (n, 64) features with a steep spectrum: what a network knows, rotated, and more."""
    latent = np.hstack([known, nuisance])
    scale = np.r_[np.ones(known.shape[1]), np.arange(1, nuisance.shape[1] + 1) ** -0.75]
    rotation = np.linalg.qr(rng.standard_normal((64, 64)))[0]
    return ((latent * scale) @ rotation[: latent.shape[1]]).astype(np.float32)


def film(rng, world, minutes):
    """Return onsets, features of both networks, and values that electrodes follow."""
    onsets = events(rng, world, minutes)
    n = int(minutes * 600) + 10
    at = (onsets * 10).astype(int)
    shared, extra = (course(rng, n, size, 2.0)[at] for size in (6, 3))
    a_more, b_more = (course(rng, n, size, 4.0)[at] for size in (55, 58))
    a = network(rng, np.hstack([shared, extra]), a_more)
    b = network(rng, shared, b_more)
    return onsets, {"a": a, "b": b}, shared, extra


def pink(rng, n, count):
    """Return (count, n) noise of 1/f power."""
    spectrum = rng.standard_normal((count, n // 2 + 1)) + 1j * rng.standard_normal(
        (count, n // 2 + 1)
    )
    freq = np.fft.rfftfreq(n, 1 / RATE_HZ)
    spectrum[:, 1:] /= np.sqrt(freq[1:])
    spectrum[:, 0] = 0
    x = np.fft.irfft(spectrum, n)
    return x / x.std(axis=1, keepdims=True)


def burst_gain(rng, n):
    """Return (n,) amplitude: two bursts a minute, 2 to 15 s, 2 to 6 times."""
    gain = np.ones(n)
    for _ in range(rng.poisson(2 * n / RATE_HZ / 60)):
        start = rng.integers(n)
        stop = start + int(rng.uniform(2, 15) * RATE_HZ)
        gain[start:stop] = np.maximum(gain[start:stop], rng.uniform(2, 6))
    return gain


KERNELS_S = {"sustained": (0.5, 2.0), "brief": (0.2, 0.15)}


def brain(rng, world, onsets, values):
    """Return (n_electrodes, n_samples) signals: evoked responses of some size in noise."""
    n = int((onsets[-1] + 2 * LEAD_S + 3) * RATE_HZ)
    noise = pink(rng, n, len(values))
    if world.endswith("bursts"):
        noise *= np.stack([burst_gain(rng, n) for _ in values])
    delay, length = KERNELS_S.get(world, (0.3, 0.3))
    time = np.arange(0, 5, 1 / RATE_HZ)
    kernel = np.exp(-0.5 * ((time - delay) / (length / 2)) ** 2)
    if world == "sustained":
        kernel = np.clip(time / delay, 0, 1) * np.exp(-np.maximum(time - delay, 0) / length)
    at = np.round((LEAD_S + onsets) * RATE_HZ).astype(int)
    for k, own in enumerate(values):
        if own is not None:
            train = np.zeros(n)
            np.add.at(train, at, own)
            evoked = np.convolve(train, kernel)[:n]
            noise[k] += SIZE[world] * evoked / evoked.std()
    return noise


#: SD of what is evoked over that of the noise.
SIZE = {"cuts": 0.2, "sustained": 0.15, "brief": 0.12, "bursts": 0.2} | dict.fromkeys(
    ("words", "null", "null_bursts", "equal_bursts"), 0.14
)


def binned(signals, onsets, high_pass_hz):
    """Return (n_events, n_electrodes, n_bins) of high-passed signals."""
    sos = signal.butter(4, high_pass_hz, "highpass", fs=RATE_HZ, output="sos")
    clean = signal.sosfiltfilt(sos, signals, axis=1)
    total = np.pad(np.cumsum(clean, axis=1), ((0, 0), (1, 0)))
    width = round(WIDTH_MS / 1000 * RATE_HZ)
    first = np.round((LEAD_S + onsets[:, None] + BINS_MS / 1000) * RATE_HZ).astype(int) - width // 2
    mean = (total[:, first + width] - total[:, first]) / width
    return mean.transpose(1, 0, 2).astype(np.float32)


def subject(world, number, seed, procedures, minutes=20, electrodes=40):
    """Return p-values of every procedure at the electrodes of one subject."""
    rng = rng_for(seed, "power", world, number)
    onsets, networks, shared, extra = film(rng, world, minutes)
    values, kinds = [], []
    for k in range(electrodes):
        kind = "noise"
        if not world.startswith("null"):
            kind = {0: "equal", 1: "equal" if world == "equal_bursts" else "better"}.get(
                k % 10, "noise"
            )
        own = shared @ rng.standard_normal(shared.shape[1])
        more = extra @ rng.standard_normal(extra.shape[1])
        own, more = own / own.std(), more / more.std()
        kinds.append(kind)
        values.append(
            None
            if kind == "noise"
            else own
            if kind == "equal"
            else own * 0.7**0.5 + more * 0.3**0.5
        )
    signals = brain(rng, world, onsets, values)
    names = [f"E{k}" for k in range(electrodes)]
    out, film_of = [], np.full(len(onsets), "film")
    responses = {f: binned(signals, onsets, f) for f in {p[0] for p in procedures.values()}}
    made = {}
    for name, (cut, settings, weights, families) in procedures.items():
        key = (cut, settings.clip_mad)
        if key not in made:
            settings = replace(settings, keep_predictions=False)
            made[key] = [
                scores_of(
                    fit_electrodes({"l": x}, responses[cut], onsets, film_of, settings),
                    f"{label}-trained-true",
                    names,
                    BINS_MS,
                )
                for label, x in networks.items()
            ]
        table = None
        for contrast, a, b in (("contrast", "a", "b"), ("signal", ["a", "b"], "nothing")):
            alternative = "greater"
            comparison = Comparison(contrast, Operand.parse(a), Operand.parse(b), alternative)
            spec = CalibratedSpec(weights, multipliers=200 if contrast == "contrast" else 1)
            rows = contrast_table(
                made[key], comparison, WINDOWS, Calibrated(spec, np.random.default_rng(number))
            )
            if table is None:
                table = rows[["electrode", "p", "p_max", "t", "r_a"]].copy()
            else:
                table["p_signal"] = rows["p"].to_numpy()
        p, inside = table["p"].to_numpy(), np.ones(electrodes, bool)
        if families:
            inside = multipletests(table["p_signal"], method="fdr_bh")[1] < 0.05
            p = np.maximum(p, table["p_signal"])
        q = np.ones(electrodes)
        if inside.any():
            q[inside] = multipletests(p[inside], method="fdr_bh")[1]
        out.append(table.assign(procedure=name, kind=kinds, q=q, subject=number, world=world))
    return pd.concat(out, ignore_index=True)


def summary(table):
    """Return level, power and realised false discovery rate of every world and procedure."""
    rows = []
    for (world, procedure), own in table.groupby(["world", "procedure"], sort=False):
        null, better = own[own["kind"] != "better"], own[own["kind"] == "better"]
        found = own[own["q"] < 0.05]
        by_subject = (found["kind"] != "better").groupby(found["subject"]).mean()
        n_subjects = own["subject"].nunique()
        rows.append(
            {
                "world": world,
                "procedure": procedure,
                "nulls": len(null),
                "0.05": (null["p"] < 0.05).mean(),
                "0.01": (null["p"] < 0.01).mean(),
                "any bin": (null["p_max"] < 0.05).mean(),
                "signal 0.05": (own.loc[own["kind"] == "noise", "p_signal"] < 0.05).mean(),
                "signal 0.01": (own.loc[own["kind"] == "noise", "p_signal"] < 0.01).mean(),
                "mean t": better["t"].mean(),
                "power": (better["p"] < 0.05).mean(),
                "after correction": (better["q"] < 0.05).mean(),
                "FDR": by_subject.sum() / n_subjects,
                "r": better["r_a"].mean(),
            }
        )
    return pd.DataFrame(rows)


def main():
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=WORLDS[:5])
    parser.add_argument("--procedures", nargs="+", choices=PROCEDURES, default=list(PROCEDURES))
    asked = parser.parse_args()
    chosen = {name: PROCEDURES[name] for name in asked.procedures}
    for world in asked.worlds:
        tables = [
            subject(world, k, asked.seed, chosen, asked.minutes) for k in range(asked.subjects)
        ]
        found = summary(pd.concat(tables, ignore_index=True))
        print(found.round(3).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
