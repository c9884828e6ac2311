"""Verdicts at the demo's planted sites, over many draws of the brains: sensitivity and realised
false-discovery rate.

    python benchmarks/sites.py run results/demo --seeds 0 20 --out DIR
    python benchmarks/sites.py table DIR

The film and its activations are those of a finished demo (RESULTS); what differs between seeds is
what the demo's simulator draws for the subjects: implants, which contacts are planted with what,
each site's weights and latency, and all noise. Sources and noise are simulated as they are after
the Laplacian, at 64 Hz instead of 512 (what the analysis sees is below 2.5 Hz), then filtered, cut,
fitted and tested by the workflow's own functions, with the demo's own contrasts. Bins are 100 ms
apart and cover the primary window."""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from fusion.contrasts import correct, sites  # noqa: E402
from fusion.contrasts.calibrated import Calibrated  # noqa: E402
from fusion.contrasts.fits import scores_of  # noqa: E402
from fusion.contrasts.frame import contrast_table  # noqa: E402
from fusion.contrasts.spec import TESTS, CalibratedSpec, Comparison, SitesSpec  # noqa: E402
from fusion.demo import confusion, film, recording, scenes, sources, voice  # noqa: E402
from fusion.design.zoo import load_zoo  # noqa: E402
from fusion.encoding.fit import fit_electrodes  # noqa: E402
from fusion.encoding.spec import Settings  # noqa: E402
from fusion.ids import Contrast  # noqa: E402
from fusion.ieeg import filters  # noqa: E402
from fusion.io.labelled import open_labelled  # noqa: E402
from fusion.io.tables import read_tsv  # noqa: E402
from fusion.seeds import rng_for  # noqa: E402

SFREQ, LEAD_S = 64.0, 8.0
BINS_MS = np.arange(0.0, 1001, 100)
LEVEL = 0.05
KINDS = tuple(confusion.EXPECTED)


def read_layers(results, zoo, alignment, fit):
    """Return (layer -> features, event ids) of a fit, joined if it is a concatenation."""
    model, init, pairing = fit.split("-")
    parts = zoo[model].get("parts") or {model: None}
    found, events = [], None
    for part, layer in parts.items():
        with open_labelled(
            results
            / "intermediate"
            / "activations"
            / f"film_{alignment}_{part}-{init}-{pairing}.nc"
        ) as data:
            own = {
                str(v.attrs["layer"]): v.values
                for v in data.data_vars.values()
                if "layer" in v.attrs
            }
            assert events is None or (events == data["event"].values).all()
            events = data["event"].values
        found.append(own if layer is None else {layer: own[layer]})
    if len(found) == 1:
        return found[0], events
    return {"joined": np.hstack([next(iter(own.values())) for own in found])}, events


def brains(results, config, seed):
    """Return the contacts of all subjects that can be tested, and their cleaned signals (contact,
    sample), from ``LEAD_S`` on.
    """
    how = config["simulate"]
    onsets = film.draw_cuts(how["film_s"], rng_for(config["seed"], "simulate", "cuts"))
    content = scenes.draw_scenes(len(onsets), rng_for(config["seed"], "simulate", "scenes"))
    words = read_tsv(results / "bids" / "stimuli" / "film_words.tsv", dtype={"word": str})
    cuts = read_tsv(results / "bids" / "stimuli" / "film_cuts.tsv")
    assert np.allclose(onsets, cuts["onset"], atol=1e-3), "the film of these results is another one"
    features = {
        **sources.scene_features(content),
        "language": sources.word_features(words),
        "voice": voice.draw_voices(words, rng_for(config["seed"], "simulate", "voices")),
        "match": sources.matches(words, onsets, content)[:, None],
    }
    samples = round((how["film_s"] + 2 * LEAD_S) * SFREQ)
    tables, signals = [], []
    for subject in range(how["subjects"]):
        rng = rng_for(seed, "benchmark", "subject", subject)
        contacts = recording.implant(subject, how["shafts"], how["contacts"], rng)
        if how["voices"]:
            contacts = pd.concat([contacts, recording.implant_voice(rng)], ignore_index=True)
        last = ~contacts["shaft"].eq(contacts["shaft"].shift(-1))
        bad = contacts["status"] == "bad"
        near_bad = bad.shift(-1, fill_value=False)
        contacts = contacts[~(last | (contacts["contact"] == 1) | bad | near_bad)].reset_index(
            drop=True
        )
        noise = recording.pink_noise(len(contacts), samples, SFREQ, rng)
        for k, kind in enumerate(contacts["planted"]):
            if kind != "none":
                course = sources.site_course(
                    kind, features, onsets, words["onset_s"].to_numpy(), how["film_s"], SFREQ, rng
                )
                first = round(LEAD_S * SFREQ)
                noise[k, first : first + len(course)] += (
                    sources.strength(kind)
                    * how["effect"]
                    / recording.seen_sd(course, SFREQ)
                    * course
                )
        tables.append(contacts.assign(subject=f"{subject + 1:02d}"))
        high_pass = filters.high_pass_sos(config["ieeg"]["high_pass_hz"], SFREQ)
        signals.append(
            np.stack([filters.zero_phase(high_pass, row.astype(float)) for row in noise])
        )
    return pd.concat(tables, ignore_index=True), np.concatenate(signals)


def responses(signals, onset_s, bin_width_ms):
    """Return (event, contact, bin) means over bins."""
    total = np.pad(np.cumsum(signals, axis=1), ((0, 0), (1, 0)))
    width = round(bin_width_ms / 1000 * SFREQ)
    first = np.round((LEAD_S + onset_s[:, None] + BINS_MS / 1000) * SFREQ).astype(int) - width // 2
    return (
        ((total[:, first + width] - total[:, first]) / width).transpose(1, 0, 2).astype(np.float32)
    )


def one_seed(results, config, zoo, layers, seed):
    """Return the sites of one draw of the brains, with what was planted."""
    contacts, signals = brains(results, config, seed)
    fit_settings = Settings(**{**config["encoding"], "keep_predictions": False})
    tables, window = [], config["statistics"]["primary_window"]
    for alignment in config["events"]["alignments"]:
        events = read_tsv(
            results / "intermediate" / "events" / f"film_{alignment}.tsv", dtype={"event": str}
        )
        ids = events["event"].to_numpy().astype(str)
        y = responses(signals, events["onset_s"].to_numpy(), config["responses"]["bin_width_ms"])
        fits = {}
        for name, (own, order) in layers[alignment].items():
            assert (order.astype(str) == ids).all()
            fits[name] = fit_electrodes(
                own, y, events["onset_s"].to_numpy(), np.full(len(ids), "film"), fit_settings
            )
        for subject, rows in contacts.groupby("subject"):
            at = rows.index.to_numpy()
            everything = {
                name: scores_of(fit, name, list(contacts["electrode"]), BINS_MS)
                for name, fit in fits.items()
            }
            part = slice(at.min(), at.max() + 1)
            assert (np.arange(part.start, part.stop) == at).all()
            for name, contrast in contrasts_of(config).items():
                loaded = [everything[str(fit)].load(part) for fit in contrast.fits]
                procedure = Calibrated(
                    CalibratedSpec.take(
                        config["statistics"], config["statistics"]["calibrated"], multipliers=100
                    ),
                    rng_for(seed, subject, alignment, name),
                )
                windows = {window: tuple(config["statistics"]["windows"][window])}
                rows = contrast_table(
                    loaded,
                    Comparison.of(contrast),
                    windows,
                    procedure,
                    config["encoding"]["validation"],
                )
                tables.append(rows.assign(subject=subject, alignment=alignment))
    spec = SitesSpec(
        roles={name: one.role for name, one in contrasts_of(config).items()},
        alone=tuple(name for name, one in contrasts_of(config).items() if one.is_alone),
        alignments=tuple(config["events"]["alignments"]),
        window=window,
        level=config["statistics"]["level"],
        correction=config["statistics"]["correction"],
        modality={name: row.get("modality") for name, row in zoo.items()},
        subjects={},
    )
    contrasts = correct.add_families(pd.concat(tables, ignore_index=True), spec)
    electrodes = contacts.assign(kept=True, reason=None, space="MNI")
    table, _ = sites.site_table(electrodes, contrasts, spec)
    return table.merge(
        contacts[["subject", "electrode", "planted"]], on=["subject", "electrode"]
    ).assign(seed=seed)


def contrasts_of(config):
    """Return name -> contrast of a config."""
    alignments = config["events"]["alignments"]
    return {
        name: Contrast.parse(name, given, alignments) for name, given in config["contrasts"].items()
    }


def run(args):
    """Simulate seeds and write their sites."""
    config = yaml.safe_load((args.results / "config.yaml").read_text())
    zoo = load_zoo(config["zoo"], Path(__file__).parents[1])
    roles = {name: sides for name, sides in config["contrasts"].items() if sides["role"]}
    config["contrasts"] = roles
    fits = list(
        dict.fromkeys(str(fit) for one in contrasts_of(config).values() for fit in one.fits)
    )
    layers = {
        alignment: {fit: read_layers(args.results, zoo, alignment, fit) for fit in fits}
        for alignment in config["events"]["alignments"]
    }
    args.out.mkdir(parents=True, exist_ok=True)
    for seed in range(*args.seeds):
        start = time.process_time()
        table = one_seed(args.results, config, zoo, layers, seed)
        table.to_parquet(args.out / f"sites_{seed:03d}.parquet")
        print(
            pd.crosstab(table["planted"], table["verdict"]).to_string(),
            f"\nseed {seed}: {time.process_time() - start:.0f} CPU s",
            flush=True,
        )


def table(args):
    """Print verdicts against what was planted, and each claim's rates."""
    found = pd.concat(
        map(pd.read_parquet, sorted(args.out.glob("sites_*.parquet"))), ignore_index=True
    )
    counts = pd.crosstab(found["planted"], found["verdict"]).reindex(KINDS, fill_value=0)
    print(f"{found['seed'].nunique()} seeds, {len(found)} electrodes\n")
    print(
        "| planted | " + " | ".join(counts.columns) + " |\n|" + " --- |" * (len(counts.columns) + 1)
    )
    for kind, row in counts.iterrows():
        print(f"| {kind} | " + " | ".join(map(str, row)) + " |")
    claims = {
        rung: (found[f"q_{rung}"] < LEVEL, found["planted"].isin(kinds))
        for rung, kinds in confusion.TRUE_RUNGS.items()
        if found[f"q_{rung}"].notna().any()
    }
    claims["any signal (not none)"] = (found["verdict"] != "none", found["planted"] != "none")
    for test in TESTS:
        if found[test].notna().any():
            claims[test] = (found[test].eq(True), found["planted"].isin(("joint", "colour")))
    print(
        "\n| claim | sensitivity | realised FDR (mean over seeds) | claims | false |\n| --- | --- |"
        " --- | --- | --- |"
    )
    for name, (claimed, true) in claims.items():
        false = (claimed & ~true).groupby(found["seed"]).sum() / np.maximum(
            claimed.groupby(found["seed"]).sum(), 1
        )
        print(
            f"| {name} | {claimed[true].mean():.2f} | {false.mean():.3f} | {claimed.sum()} |"
            f" {(claimed & ~true).sum()} |"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("run")
    one.add_argument("results", type=Path)
    one.add_argument("--seeds", type=int, nargs=2, default=(0, 20))
    one.add_argument("--out", type=Path, required=True)
    one.set_defaults(do=run)
    two = commands.add_parser("table")
    two.add_argument("out", type=Path)
    two.set_defaults(do=table)
    chosen = parser.parse_args()
    chosen.do(chosen)
