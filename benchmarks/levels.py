"""Levels and false-discovery rates of every kind of contrast, in noise as electrodes in patients
have it, on films of every kind.

    python benchmarks/levels.py run all --films 30 --out DIR      # may be stopped and started again
    python benchmarks/levels.py table DIR
    python benchmarks/levels.py summary DIR
    python benchmarks/levels.py weight RECORDING.vhdr      # how heavy bursts are, there and here

Three networks see a film: a and b know the same of what electrodes follow, and each knows as much
again for itself; c knows something else; d is b and c side by side. Of ten electrodes eight are
noise, one follows what a and b both know, and one what a alone knows too. a and b are built
alike, so that at the first nine no difference between them is there to be found (but in `unequal
numbers`, where the leaner one is the better). Four subjects of 50 electrodes see a film; in each of
them discoveries are corrected as the workflow corrects them: signal first. Everything after the
responses is done by the functions that the workflow runs.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import fft, signal
from scipy.stats import binomtest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "lib"))

from fusion.contrasts import correct
from fusion.contrasts.calibrated import Calibrated
from fusion.contrasts.fits import FitScores, scores_of
from fusion.contrasts.frame import contrast_table
from fusion.contrasts.spec import CalibratedSpec, Comparison, SitesSpec
from fusion.encoding.fit import fit_electrodes
from fusion.encoding.prepare import clipped
from fusion.encoding.spec import Settings
from fusion.ids import Operand
from fusion.seeds import rng_for
from fusion.simulation.noise import NOISES, Noise, disturbed

RATE_HZ = 20
LEAD_S = 4.0
BINS_MS = np.arange(0.0, 1001, 200)
WIDTH_MS = 200
WINDOWS = {"after": (0, 1000)}
SETTINGS = Settings(keep_predictions=False, infinite_alpha=True)
KINDS = ("noise",) * 8 + ("equal", "better")
#: Electrodes of a subject.
SUBJECT = 50
#: Of each kind of response its delay and width (s).
KERNELS_S = {"evoked": (0.3, 0.3), "brief": (0.2, 0.15), "sustained": (0.5, 2.0), "early": (0, 0.1)}
#: Contrast -> its sides and alternative, and the kinds of electrodes at which it is false.
CONTRASTS = {
    "a ≠ b": ("a", "b", "two-sided", ("noise", "equal")),
    "a > b": ("a", "b", "greater", ("noise", "equal")),
    "a > best of b, c": ("a", ["b", "c"], "greater", ("noise", "equal")),
    "a > best of d, b, c": ("a", ["d", "b", "c"], "greater", ("noise", "equal")),
    "rank 1 > rank 2": (
        {"rank": 1, "of": ["a", "b"]},
        {"rank": 2, "of": ["a", "b"]},
        "greater",
        ("noise", "equal"),
    ),
    "a > 0": ("a", "nothing", "greater", ("noise",)),
    "any > 0": (["a", "b", "c"], "nothing", "greater", ("noise",)),
}


@dataclass(frozen=True)
class World:
    """A film, its networks and its noise.

    Attributes
    ----------
    noise
        What is done to 1/f noise.
    minutes, films
        Length of all films together, and their number.
    talk
        ``words`` with short pauses, ``dialogue`` in runs of half a minute with as much silence, or
        ``cuts``.
    kernel
        Shape of the response.
    size
        SD of what is evoked over that of the noise.
    features
        Number of features of a, b and c.
    steepness
        The k-th direction that a network has for itself has an SD of k ** -steepness.
    alike
        Part of what a and b have for themselves that is the same in both.
    tau_s
        Time constants of what networks know, and of what they have for themselves.
    """

    noise: Noise = Noise()
    minutes: float = 20.0
    films: int = 1
    talk: str = "words"
    kernel: str = "evoked"
    size: float = 0.14
    features: tuple[int, int, int] = (64, 64, 64)
    steepness: float = 0.75
    alike: float = 0.0
    tau_s: tuple[float, float] = (2.0, 4.0)


WORLDS = {
    "gaussian": World(),
    "bursts": World(NOISES["bursts"]),
    "modulated": World(Noise(modulation=0.6)),
    "seizures": World(Noise(seizure_share=0.5)),
    "spikes": World(NOISES["spikes"]),
    "common 0.5": World(Noise(common=0.5)),
    "common 0.9": World(Noise(common=0.9)),
    "along shafts": World(Noise(on_shaft=0.6)),
    "recorded": World(NOISES["recorded"]),
    "dialogue": World(NOISES["bursts"], talk="dialogue"),
    "cuts": World(NOISES["bursts"], talk="cuts", size=0.2),
    "5 minutes": World(NOISES["bursts"], minutes=5),
    "10 minutes": World(NOISES["bursts"], minutes=10),
    "30 minutes": World(NOISES["bursts"], minutes=30),
    "90 minutes": World(NOISES["bursts"], minutes=90, size=0.07),
    "two films": World(NOISES["bursts"], films=2),
    "unequal numbers": World(NOISES["bursts"], features=(256, 32, 64)),
    "near duplicates": World(NOISES["bursts"], alike=0.95),
    "very steep": World(NOISES["bursts"], steepness=2.0),
    "very steep, 10 minutes": World(NOISES["bursts"], steepness=2.0, minutes=10),
    "slow features": World(NOISES["bursts"], tau_s=(30.0, 60.0)),
    "brief": World(NOISES["bursts"], kernel="brief", size=0.12),
    "sustained": World(NOISES["bursts"], kernel="sustained", size=0.15),
    "early": World(NOISES["bursts"], kernel="early", size=0.12),
}


def onsets(rng: np.random.Generator, talk: str, seconds: float) -> np.ndarray:
    """Return film times of events (s)."""
    if talk == "cuts":
        made = np.cumsum(rng.gamma(4, 3.5 / 4, int(seconds / 2)) + 0.5)
        return made[made < seconds]
    run, pause = {"words": (14, 2.5), "dialogue": (90, 30.0)}[talk]
    parts, now = [], 0.0
    while now < seconds:
        own = now + np.cumsum(rng.gamma(4, 0.35 / 4, rng.geometric(1 / run)))
        parts.append(own)
        now = own[-1] + rng.exponential(pause)
    made = np.concatenate(parts)
    return made[made < seconds]


def course(rng: np.random.Generator, n: int, size: int, tau_s: float) -> np.ndarray:
    """Return (n, size) standardised AR(1) courses at 10 Hz."""
    keep = np.exp(-1 / (tau_s * 10))
    noise = rng.standard_normal((n + 500, size), np.float32)
    x = signal.lfilter([np.sqrt(1 - keep**2)], [1, -keep], noise, axis=0)[500:]
    return (x - x.mean(0)) / x.std(0)


def network(
    rng: np.random.Generator, known: np.ndarray, own: np.ndarray, steepness: float
) -> np.ndarray:
    """Return (n, features): what a network knows and what it has for itself, rotated."""
    latent = np.hstack([known, own * np.arange(1, own.shape[1] + 1) ** -steepness])
    rotation = np.linalg.qr(rng.standard_normal((latent.shape[1],) * 2))[0]
    return (latent @ rotation).astype(np.float32)


def watch(rng: np.random.Generator, world: World) -> tuple[np.ndarray, np.ndarray, dict, tuple]:
    """Return film times, film and features of all events, and the two things that electrodes
    follow: what a and b know, and what a alone knows. b knows as much alone that none follows.
    """
    found = []
    each_s = world.minutes * 60 / world.films
    times = [onsets(rng, world.talk, each_s) for _ in range(world.films)]
    knows_s, own_s = world.tau_s
    for one in times:
        at, n = (one * 10).astype(int), int(each_s * 10) + 10
        width_a, width_b, width_c = world.features
        shared, extra, unused, other = (course(rng, n, size, knows_s)[at] for size in (6, 3, 3, 6))
        a, b, c = (
            course(rng, n, size, own_s)[at] for size in (width_a - 9, width_b - 9, width_c - 6)
        )
        same = min(a.shape[1], b.shape[1])
        b[:, :same] = world.alike * a[:, :same] + np.sqrt(1 - world.alike**2) * b[:, :same]
        found.append((shared, extra, unused, other, a, b, c))
    shared, extra, unused, other, a, b, c = (
        np.concatenate(parts) for parts in zip(*found, strict=True)
    )
    made = {
        "a": network(rng, np.hstack([shared, extra]), a, world.steepness),
        "b": network(rng, np.hstack([shared, unused]), b, world.steepness),
        "c": network(rng, other, c, world.steepness),
    }
    made["d"] = np.hstack([made["b"], made["c"]])
    film = np.repeat([f"film{k}" for k in range(world.films)], list(map(len, times)))
    return np.concatenate(times), film, made, (shared, extra)


def pink(rng: np.random.Generator, n: int, count: int) -> np.ndarray:
    """Return (n, count) noise of 1/f power and unit variance."""
    whole = fft.next_fast_len(n, real=True)
    freq = fft.rfftfreq(whole, 1 / RATE_HZ)
    spectrum = rng.standard_normal((2, count, len(freq)), np.float32)
    spectrum[..., 1:] /= np.sqrt(freq[1:]).astype(np.float32)
    spectrum[..., 0] = 0
    x = fft.irfft(spectrum[0] + 1j * spectrum[1], whole)[:, :n].T
    return np.ascontiguousarray(x / x.std(axis=0))


def high_passed(series: np.ndarray, high_pass_hz: float) -> np.ndarray:
    """Return (n_samples, n) series through a Butterworth filter of order 4, forth and back."""
    whole = fft.next_fast_len(len(series), real=True)
    freq = fft.rfftfreq(whole, 1 / RATE_HZ)
    gain = np.zeros(len(freq), np.float32)
    gain[1:] = 1 / (1 + (high_pass_hz / freq[1:]) ** 8)
    return fft.irfft(gain[:, None] * fft.rfft(series, whole, axis=0), whole, axis=0)[: len(series)]


def kernel(name: str) -> np.ndarray:
    """Return the response to one event at ``RATE_HZ``."""
    delay, length = KERNELS_S[name]
    time_s = np.arange(0, 6, 1 / RATE_HZ)
    if name == "sustained":
        return np.clip(time_s / delay, 0, 1) * np.exp(-np.maximum(time_s - delay, 0) / length)
    return np.exp(-0.5 * ((time_s - delay) / (length / 2)) ** 2)


def respond(
    rng: np.random.Generator,
    world: World,
    onset_s: np.ndarray,
    film: np.ndarray,
    values: np.ndarray,
    high_pass_hz: float,
) -> np.ndarray:
    """Return (n_events, n_electrodes, n_bins) responses: what events evoke, in noise, high-passed.

    Parameters
    ----------
    values
        (n_events, n_electrodes) what electrodes follow; 0 for nothing.
    """
    shape, half = kernel(world.kernel), round(WIDTH_MS / 2000 * RATE_HZ)
    parts = []
    for name in dict.fromkeys(film):
        own, times = values[film == name], LEAD_S + onset_s[film == name]
        n = int((times[-1] + LEAD_S + 3) * RATE_HZ)
        # Subjects have nothing in common, not even common noise.
        series = np.hstack(
            [
                disturbed(rng, world.noise, pink(rng, n, own[:, k : k + SUBJECT].shape[1]), RATE_HZ)
                for k in range(0, own.shape[1], SUBJECT)
            ]
        )
        at, some = np.round(times * RATE_HZ).astype(int), own.any(axis=0)
        train = np.zeros((n, some.sum()), np.float32)
        np.add.at(train, at, own[:, some])
        evoked = signal.oaconvolve(train, shape[:, None], axes=0)[:n]
        series[:, some] += world.size * evoked / evoked.std(axis=0)
        series = high_passed(series.astype(np.float32), high_pass_hz)
        total = np.pad(np.cumsum(series, axis=0, dtype=float), ((1, 0), (0, 0)))
        first = np.round((times[:, None] + BINS_MS / 1000) * RATE_HZ).astype(int) - half
        mean = (total[first + 2 * half] - total[first]) / (2 * half)
        parts.append(mean.transpose(0, 2, 1).astype(np.float32))
    return np.concatenate(parts)


def follow(
    rng: np.random.Generator, shared: np.ndarray, extra: np.ndarray, kinds: list[str]
) -> np.ndarray:
    """Return (n_events, n_electrodes) what electrodes of some kinds follow."""
    columns = []
    for kind in kinds:
        own, more = (x @ rng.standard_normal(x.shape[1]) for x in (shared, extra))
        own, more = own / own.std(), more / more.std()
        columns.append(
            {"noise": 0 * own, "equal": own, "better": 0.7**0.5 * own + 0.3**0.5 * more}[kind]
        )
    return np.stack(columns, axis=1)


def one_film(
    name: str,
    number: int,
    *,
    electrodes: int = 4 * SUBJECT,
    high_pass_hz: float = 0.2,
    settings: Settings = SETTINGS,
) -> pd.DataFrame:
    """Return the p- and q-values of all contrasts at the electrodes of some subjects."""
    world = WORLDS[name]
    rng = rng_for(0, "levels", name, number)
    onset_s, film, networks, (shared, extra) = watch(rng, world)
    kinds = [KINDS[k % len(KINDS)] for k in range(electrodes)]
    values = follow(rng, shared, extra, kinds)
    responses = respond(rng, world, onset_s, film, values, high_pass_hz)
    # The same bounds for every network: they come from responses alone.
    responses = clipped(responses, film, settings.clip_mad)
    settings = replace(settings, clip_mad=False)
    names = [f"E{k}" for k in range(electrodes)]
    fits = [
        scores_of(
            fit_electrodes({"layer": x}, responses, onset_s, film, settings),
            f"{network}-trained-true",
            names,
            BINS_MS,
        )
        for network, x in networks.items()
    ]
    table = pd.concat(tests(fits, number), ignore_index=True)
    at = table["electrode"].str[1:].astype(int)
    table["kind"], table["subject"] = np.array(kinds)[at], (at // SUBJECT).astype(str)
    roles = dict.fromkeys(CONTRASTS) | {"any > 0": "signal"}
    spec = SitesSpec(roles, ("a > 0", "any > 0"), ("language",), "after", 0.05, "bh", {}, {})
    # Each subject is a study: a family is one contrast in one alignment and window.
    corrected = correct.add_families(
        table.assign(alignment="language", window=table["subject"]), spec
    )
    return corrected[
        ["contrast", "subject", "electrode", "kind", "p", "p_max", "q", "effect", "se"]
    ].assign(world=name, film=number)


def tests(fits: list[FitScores], seed: int) -> Iterator[pd.DataFrame]:
    """Yield the table of one contrast after the other."""
    by_name = {fit.name: fit for fit in fits}
    spec = CalibratedSpec(multipliers=200)
    for name, (a, b, alternative, _) in CONTRASTS.items():
        comparison = Comparison(name, Operand.parse(a), Operand.parse(b), alternative)
        some = list(dict.fromkeys(fit for operand in comparison.operands for fit in operand.names))
        way = Calibrated(spec, rng_for(seed, "levels", name))
        yield contrast_table([by_name[fit] for fit in some], comparison, WINDOWS, way)


def rates(found: pd.DataFrame) -> pd.DataFrame:
    """Return level, false-discovery rate and power of every world and contrast."""
    rows = []
    for (world, contrast), own in found.groupby(["world", "contrast"], sort=False):
        study = [own["film"], own["subject"]]
        false = own["kind"].isin(CONTRASTS[str(contrast)][3])
        null, true = own[false], own[~false]
        claimed = (own["q"] < 0.05).groupby(study)
        wrong = ((own["q"] < 0.05) & false).groupby(study).sum()
        share = wrong / np.maximum(claimed.sum(), 1)
        row = {"world": world, "contrast": contrast, "films": own["film"].nunique()}
        for column, level in (("p", 0.05), ("p", 0.01), ("p_max", 0.05)):
            hits, n = int((null[column] < level).sum()), int(null[column].notna().sum())
            ends = binomtest(hits, n).proportion_ci(method="wilson")
            by_film = (null[column] < level).groupby(null["film"]).mean()
            what = f"any {level}" if column == "p_max" else str(level)
            row |= {
                "n": n,
                what: hits / n,
                f"{what} low": ends.low,
                f"{what} high": ends.high,
                f"{what} se": by_film.std() / np.sqrt(len(by_film)),
            }
        row |= {"fdr": share.mean(), "fdr se": share.sem(), "power": (true["q"] < 0.05).mean()}
        rows.append(row)
    return pd.DataFrame(rows)


def write_table(found: pd.DataFrame) -> None:
    """Print Markdown."""
    print(
        "| world | contrast | null electrodes (films) | 0.05 | 0.01 | any bin 0.05 | FDR |"
        " found of true |\n|" + " --- |" * 8
    )
    for row in rates(found).to_dict("records"):
        level, small, anywhere = (
            f"{row[what]:.3f} ({row[f'{what} low']:.3f}-{row[f'{what} high']:.3f})"
            for what in ("0.05", "0.01", "any 0.05")
        )
        print(
            f"| {row['world']} | {row['contrast']} | {row['n']} ({row['films']}) | {level} |"
            f" {small} | {anywhere} | {row['fdr']:.3f} ({row['fdr se']:.3f}) |"
            f" {row['power']:.2f} |"
        )


def write_summary(found: pd.DataFrame) -> None:
    """Print Markdown: every contrast over all worlds together."""
    found = found.assign(film=found["world"] + found["film"].astype(str), world="all")
    print(
        "| contrast | null electrodes | 0.05 | 0.01 | any bin 0.05 | FDR (studies) |"
        " found of true |\n|" + " --- |" * 7
    )
    studies = len(found[["film", "subject"]].drop_duplicates())
    for row in rates(found).to_dict("records"):
        level, small, anywhere = (f"{row[what]:.3f}" for what in ("0.05", "0.01", "any 0.05"))
        print(
            f"| {row['contrast']} | {row['n']} | {level} ({row['0.05 se']:.3f}) |"
            f" {small} ({row['0.01 se']:.3f}) | {anywhere} ({row['any 0.05 se']:.3f}) |"
            f" {row['fdr']:.3f} ({row['fdr se']:.3f}; {studies}) | {row['power']:.2f} |"
        )


def weight(series: np.ndarray, rate_hz: float) -> dict[str, float]:
    """Return how heavy the bursts of (n_samples, n_electrodes) are: SDs of pieces of 200 ms, over
    their median, within 5 s.
    """
    width, whole = round(0.2 * rate_hz), round(5 * rate_hz)
    parts = [
        series[k : k + whole] for k in range(0, max(1, len(series) - whole + 1), max(whole, 1))
    ]
    largest, spread = [], []
    for part in parts:
        pieces = part[: len(part) // width * width].reshape(-1, width, part.shape[1]).std(axis=1)
        largest.append(pieces.max(axis=0) / np.median(pieces, axis=0))
        spread.append(np.log(pieces).std(axis=0))
    peaks = np.stack(largest)
    return {
        "median contact": float(np.median(peaks)),
        "worst of 50": float(np.mean([np.sort(own)[-max(1, len(own) // 50)] for own in peaks])),
        "SD of log": float(np.median(np.stack(spread))),
    }


def write_weight(path: str) -> None:
    """Print how heavy bursts are in a recording, and in each noise of the worlds."""
    import mne

    raw = mne.io.read_raw(path, preload=True, verbose="error")
    data = raw.get_data(picks=["seeg", "ecog", "eeg"]).T
    rows = {"recording": weight(data - data.mean(0), raw.info["sfreq"])}
    for name, world in WORLDS.items():
        if world.noise != Noise() and name not in rows and world.talk == "words":
            rng = rng_for(0, "weight", name)
            rate = 250.0
            n = int(120 * rate)
            freq = np.fft.rfftfreq(n, 1 / rate)
            spectrum = rng.standard_normal((len(freq), 50)) + 1j * rng.standard_normal(
                (len(freq), 50)
            )
            spectrum /= np.sqrt(np.maximum(freq, 0.5))[:, None]
            series = np.fft.irfft(spectrum, n, axis=0)
            rows[name] = weight(disturbed(rng, world.noise, series / series.std(0), rate), rate)
    print(pd.DataFrame(rows).T.round(2).to_string())


def main() -> None:
    """Run films, or tabulate runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_subparsers(dest="what", required=True)
    run = what.add_parser("run")
    run.add_argument("worlds", nargs="+", help="names of worlds, or all")
    run.add_argument("--films", type=int, default=20)
    run.add_argument("--first", type=int, default=0)
    run.add_argument("--electrodes", type=int, default=4 * SUBJECT)
    run.add_argument("--out", type=Path, required=True)
    for name in ("table", "summary"):
        what.add_parser(name).add_argument("out", type=Path)
    what.add_parser("weight").add_argument("recording")
    asked = parser.parse_args()
    if asked.what == "weight":
        write_weight(asked.recording)
        return
    if asked.what in ("table", "summary"):
        tables = [pd.read_parquet(path) for path in sorted(asked.out.glob("*.parquet"))]
        found = pd.concat(tables, ignore_index=True)
        order = {name: k for k, name in enumerate(WORLDS)}
        found = found.sort_values("world", key=lambda w: w.map(order), kind="stable")
        (write_table if asked.what == "table" else write_summary)(found)
        return
    asked.out.mkdir(parents=True, exist_ok=True)
    worlds = list(WORLDS) if asked.worlds == ["all"] else asked.worlds
    started = time.process_time()
    for number in range(asked.first, asked.first + asked.films):
        for name in worlds:
            path = asked.out / f"{name.replace(' ', '_')}_{number:03d}.parquet"
            if not path.exists():
                one_film(name, number, electrodes=asked.electrodes).to_parquet(path)
        print(f"film {number}: {time.process_time() - started:.0f} CPU-s", file=sys.stderr)


if __name__ == "__main__":
    main()
