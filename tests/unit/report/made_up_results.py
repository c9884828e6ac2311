"""Results as the workflow would write them, made up: for tests of figures and of the report, at any
size.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy import stats

from fusion.contrasts import correct, people, summary
from fusion.contrasts import regions as region_tables
from fusion.contrasts import sites as site_tables
from fusion.contrasts.by_region import OF_SUBJECT
from fusion.contrasts.places import PLACE, merge_electrodes
from fusion.contrasts.spec import SitesSpec
from fusion.design import config as settings
from fusion.io import labelled, tables

MODELS = {
    "slip": "vision-language",
    "slip_clip": "vision-language",
    "slip_simclr": "vision",
    "sbert": "language",
}
CONTRASTS = {
    "multimodal_vs_unimodal": {
        "a": ["slip", "slip_clip"],
        "b": ["slip_simclr", "sbert"],
        "role": "multimodal",
    },
    "slip_vs_simclr": {"a": "slip", "b": "slip_simclr", "role": "matched"},
    "multimodal_vs_linear": {"a": ["slip", "slip_clip"], "b": "linear", "role": "linear"},
    "any_vs_nothing": {"a": list(MODELS), "b": "nothing", "role": "signal"},
    "vision_vs_nothing": {"a": "slip_simclr", "b": "nothing", "role": "vision"},
    "language_vs_nothing": {"a": "sbert", "b": "nothing", "role": "language"},
    "slip_clip_vs_simclr": {"a": "slip_clip", "b": "slip_simclr", "role": None},
    "slip_vs_slip_clip": {"a": "slip", "b": "slip_clip", "alternative": "two-sided", "role": None},
    "trained_vs_random": {"a": "slip", "b": "slip-random0", "role": None},
}
GAIN = {
    "multimodal_vs_unimodal": {"joint": 0.14, "linear": 0.12, "unimodal": 0.12},
    "slip_vs_simclr": {"joint": 0.14, "linear": 0.13, "unimodal": 0.12},
    "multimodal_vs_linear": {"joint": 0.12, "linear": 0.11},
    "any_vs_nothing": {
        "joint": 0.3,
        "linear": 0.3,
        "unimodal": 0.3,
        "vision": 0.2,
        "language": 0.2,
        "both": 0.2,
    },
    "vision_vs_nothing": {"linear": 0.1, "vision": 0.18, "both": 0.15},
    "language_vs_nothing": {"linear": 0.1, "language": 0.18, "both": 0.15},
    "slip_clip_vs_simclr": {"linear": 0.1},
    "slip_vs_slip_clip": {"linear": 0.03},
    "trained_vs_random": {"linear": 0.2, "vision": 0.15, "language": 0.12, "both": 0.12},
}
REGIONS = [
    "superiortemporal",
    "middletemporal",
    "inferiorparietal",
    "supramarginal",
    "insula",
    "superiorfrontal",
    "caudalmiddlefrontal",
    "inferiortemporal",
    "fusiform",
    "lateralorbitofrontal",
    "rostralmiddlefrontal",
    "parsopercularis",
    "parstriangularis",
    "precentral",
    "postcentral",
    "entorhinal",
    "parahippocampal",
    "temporalpole",
    "bankssts",
    "lateraloccipital",
    "medialorbitofrontal",
    "precuneus",
    "superiorparietal",
    "transversetemporal",
]
UNCOVERED = ["cuneus", "pericalcarine", "lingual", "frontalpole"]
BINS_MS = np.arange(-2000, 2001, 25.0)


def electrodes_of(
    subjects: int, electrodes: int, space="MNI152NLin2009cAsym", regions=True, seed=0
) -> pd.DataFrame:
    """Return ``electrodes`` kept channels on shafts of eight, spread over ``subjects``, and one
    dropped for every twelve.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for s, indices in enumerate(np.array_split(np.arange(electrodes), subjects)):
        for start in range(0, len(indices), 8):
            hemisphere = "LR"[rng.integers(2)]
            region = REGIONS[rng.integers(len(REGIONS))]
            entry = rng.normal(size=3)
            entry[0] = abs(entry[0]) * (-1 if hemisphere == "L" else 1)
            entry = entry / np.linalg.norm(entry) * [62, 85, 58] + [0, -18, 14]
            shaft = f"{chr(65 + start // 8 % 26)}{'x' * (start // 8 // 26)}"
            for depth in range(min(8, len(indices) - start)):
                x, y, z = np.round(entry * (1 - 0.09 * depth), 2) if space else (np.nan,) * 3
                rows.append(
                    {
                        "subject": f"{s + 1:02d}",
                        "electrode": f"{shaft}{depth + 1}",
                        "kept": True,
                        "reason": np.nan,
                        "x": x,
                        "y": y,
                        "z": z,
                        "space": space if space else np.nan,
                        "region": region if regions and rng.random() > 0.05 else np.nan,
                        "hemisphere": hemisphere if regions else np.nan,
                        "shaft": shaft,
                    }
                )
    table = pd.DataFrame(rows).astype(
        {"region": object, "hemisphere": object, "space": object, "reason": object}
    )
    dropped = table[table.index % 12 == 7].copy()
    dropped["electrode"], dropped["kept"] = "Z" + dropped.electrode, False
    dropped["reason"] = np.resize(
        ["end of shaft", "marked bad in channels.tsv", "flat"], len(dropped)
    )
    return pd.concat([table, dropped]).sort_values("subject", kind="stable", ignore_index=True)


def contrasts_at(
    channels: pd.DataFrame, alignments, effect=1.0, seed=0
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the rows of all contrasts at the kept channels, and what was planted in each."""
    rng = np.random.default_rng([seed, 2])
    kept = channels[channels.kept]
    n = len(kept)
    kind = (
        rng.choice(
            ["joint", "linear", "unimodal", "vision", "language", "both", "none"],
            n,
            p=[0.05, 0.05, 0.05, 0.12, 0.15, 0.08, 0.5],
        )
        if effect
        else np.repeat("none", n)
    )
    scored = rng.random(n) > 0.06
    parts = []
    for contrast, sides in CONTRASTS.items():
        alternative = sides.get("alternative", "greater")
        for alignment in alignments:
            for window in ("after", "all"):
                scale = (
                    effect
                    * (1.0 if alignment == "language" else 0.7)
                    * (1 if window == "after" else 0.5)
                )
                se, df = rng.gamma(20, 0.001, n), 29.0
                d = (
                    np.array([GAIN[contrast].get(k, 0.0) for k in kind])
                    * scale
                    * rng.uniform(0.6, 1.4, n)
                    + rng.normal(0, 1, n) * se
                )
                t = d / se
                base = (
                    0.0
                    if sides["b"] == "nothing"
                    else np.where(kind == "none", rng.normal(0, 0.012, n), rng.gamma(5, 0.03, n))
                )
                part = pd.DataFrame(
                    {
                        "subject": kept.subject,
                        "electrode": kept.electrode,
                        "alignment": alignment,
                        "contrast": contrast,
                        "window": window,
                        "alternative": alternative,
                        "a": f"{rng.choice(np.ravel(sides['a']))}-trained-true".replace(
                            "random0-trained", "random0"
                        ),
                        "b": (
                            "nothing"
                            if sides["b"] == "nothing"
                            else f"{np.ravel(sides['b'])[0]}-trained-true"
                        ),
                        "layer_a": "blocks.3",
                        "layer_b": "blocks.2",
                        "r_a": np.tanh(np.arctanh(base) + d),
                        "r_b": base,
                        "effect": d,
                        "se": se,
                        "ci_low": d - stats.t.ppf(0.975, df) * se,
                        "ci_high": d + stats.t.ppf(0.975, df) * se,
                        "t": t,
                        "df": df,
                        "p": (
                            stats.t.sf(t, df)
                            if alternative == "greater"
                            else 2 * stats.t.sf(abs(t), df)
                        ),
                        "p_max": np.clip(stats.t.sf(t, df) * 3, 0.001, 1),
                        "latency_ms": np.clip(np.round(rng.normal(350, 180, n) / 25) * 25, 0, 1000),
                        "n_events": 1600.0,
                        "n_blocks": 30.0,
                        "tested": scored,
                        "reason": np.where(scored, "", "no score for a"),
                    }
                )
                if contrast == "any_vs_nothing":
                    part["a"] = [f"{m}-trained-true" for m in rng.choice(list(MODELS), n)]
                parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    numbers = [
        "r_a",
        "r_b",
        "effect",
        "se",
        "ci_low",
        "ci_high",
        "t",
        "df",
        "p",
        "p_max",
        "latency_ms",
    ]
    table.loc[~table.tested, numbers] = np.nan
    return table, pd.Series(kind, pd.MultiIndex.from_frame(kept[["subject", "electrode"]]))


def sites(
    subjects: int,
    electrodes: int,
    alignments=("language", "vision"),
    space="MNI152NLin2009cAsym",
    regions=True,
    effect=1.0,
    seed=0,
):
    """Return (sites, contrasts, channels, truth, interaction control, evidence); ``effect`` 0
    plants nothing.
    """
    channels = electrodes_of(subjects, electrodes, space, regions, seed)
    contrasts, kind = contrasts_at(channels, alignments, effect, seed)
    spec = SitesSpec(
        roles={name: c["role"] for name, c in CONTRASTS.items()},
        alone=tuple(name for name, c in CONTRASTS.items() if c["b"] == "nothing"),
        alignments=tuple(alignments),
        window="after",
        level=0.05,
        correction="bh",
        modality=MODELS,
        subjects={},
    )
    contrasts = correct.add_families(contrasts, spec)
    tables_ = {(s, f"sub-{s}_task-film_run-1"): part for s, part in channels.groupby("subject")}
    interaction = interaction_at(kind, alignments, seed)
    table, evidence = site_tables.site_table(
        merge_electrodes(tables_), contrasts, spec, interaction
    )
    truth = kind.rename("planted").rename_axis(["subject", "electrode"]).reset_index()
    return table, contrasts, channels, truth, interaction, evidence


TESTS = (
    "better_than_unimodal",
    "better_than_concatenation",
    "unique",
    "language_shuffle",
    "vision_shuffle",
    "both_shuffles",
    "interaction_unpaired",
    "interaction",
    "integration",
)


def interaction_at(kind: pd.Series, alignments, seed=0) -> pd.DataFrame:
    """Return the table of the interaction control: true where the kind is ``joint``."""
    rng = np.random.default_rng([seed, 4])
    where, parts = kind.index.to_frame(index=False), []
    for alignment in alignments:
        for test in TESTS:
            joins = test.startswith("inte") & (kind == "joint").to_numpy()
            effect = np.where(joins, 0.06, 0.0) + rng.normal(0, 0.01, len(kind))
            p = stats.norm.sf(effect / 0.01)
            q = stats.false_discovery_control(p) if len(p) else p
            numbers = dict(effect=effect, ci_low=effect - 0.02, ci_high=effect + 0.02, p=p, q=q)
            parts.append(
                where.assign(network="slip_joint", test=test, alignment=alignment, **numbers)
            )
    return pd.concat(parts, ignore_index=True)


def regions(sites: pd.DataFrame) -> pd.DataFrame:
    """Return the table of regions that belongs to ``sites``; some regions have no electrode."""
    atlas = pd.DataFrame(
        [(r, h) for r in (*REGIONS, *UNCOVERED) for h in "LR"], columns=["region", "hemisphere"]
    )
    return region_tables.region_table(sites, atlas, "bh")


def by_region(sites: pd.DataFrame, contrasts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the effects of every subject by region, and those over subjects; of so few regions
    that subjects have some in common.
    """
    few = {region: REGIONS[k % 4] for k, region in enumerate(REGIONS)}
    rows = contrasts[contrasts["tested"] & (contrasts["window"] == "after")].merge(
        sites[PLACE[:4]].assign(
            region=sites["region"].map(few).fillna("unknown"),
            hemisphere=sites["hemisphere"].fillna("n/a"),
        ),
        on=["subject", "electrode"],
    )
    found = []
    keys = ["subject", "alignment", "contrast", "alternative", "region", "hemisphere"]
    for names, own in rows.groupby(keys):
        n, effect = len(own), own["effect"].mean()
        se = np.sqrt((own["se"] ** 2).mean() / n)
        excess = own["effect"].var() - (own["se"] ** 2).mean()
        found.append((*names, n, effect, se, 29, stats.t.sf(effect / se, 29), excess))
    table = pd.DataFrame(found, columns=OF_SUBJECT)
    return table, people.over_subjects(table, "bh")


def scores(electrodes: list[str], layers: int, peak: np.ndarray, rng) -> pd.DataFrame:
    """Return one fit's scores: electrode x bin x layer, with a bump after the event of height
    ``peak`` (electrode).
    """
    shape = np.exp(-0.5 * ((BINS_MS - 300) / 250) ** 2)
    depth = 0.6 + 0.4 * np.sin(np.linspace(0.4, 2.6, layers))
    r = peak[:, None, None] * shape[None, :, None] * depth[None, None, :] + rng.normal(
        0, 0.01, (len(electrodes), len(BINS_MS), layers)
    )
    index = pd.MultiIndex.from_product(
        [electrodes, BINS_MS, [f"blocks.{k}" for k in range(layers)]],
        names=["electrode", "bin_ms", "layer"],
    )
    table = pd.DataFrame(
        {"r_val": (r + rng.normal(0, 0.005, r.shape)).ravel(), "r_test": r.ravel()},
        index=index,
        dtype="float32",
    ).reset_index()
    chosen = rng.integers(max(layers - 3, 0), layers, len(electrodes))
    table["alpha_fold0"], table["alpha_at_edge"] = np.float32(1000), False
    table["alpha_gain_low"], table["alpha_gain_high"] = np.float32(-0.002), np.float32(0)
    table["chosen"] = table.layer.to_numpy() == np.repeat(
        [f"blocks.{k}" for k in chosen], len(BINS_MS) * layers
    )
    return table


def config(subjects: int, alignments, dataset="made_up") -> dict:
    """Return the parts of the resolved config that the report reads."""
    base = Path(__file__).parents[3]
    schema = yaml.safe_load((base / "workflow/schemas/config.schema.yaml").read_text())
    sides = {name: dict(c) for name, c in CONTRASTS.items()}
    # the zoo of these tests has no row of concatenated features
    sides["multimodal_vs_linear"]["b"] = "slip_simclr"
    user = {
        "dataset": dataset,
        "source": "simulate",
        "models": list(MODELS),
        "random_inits": 1,
        "events": {"alignments": list(alignments)},
        "contrasts": sides,
        "stimuli": {
            "film": {"video": "film.mp4", "transcript": {"file": "w.tsv", "format": "words"}}
        },
        "simulate": {"subjects": subjects},
    }
    return settings.resolve(user, schema, dict.fromkeys(MODELS, {}))


def controls(sites: pd.DataFrame, alignments, seed=0) -> dict[str, pd.DataFrame]:
    """Return the tables of the controls, with the columns that figures read."""
    rng = np.random.default_rng([seed, 3])
    kept = sites[sites.tested][["subject", "electrode"]]
    n, out = (
        len(kept),
        {
            "partition": [],
            "floors": [],
            "leak": [],
            "passive": [],
        },
    )
    q = lambda p: stats.false_discovery_control(p) if n else p  # noqa: E731
    for alignment in alignments:
        parts = rng.dirichlet([3, 3, 1, 2], n) * rng.gamma(3, 0.06, (n, 1)) - 0.005
        for k, band in enumerate(["vision", "language", "lowlevel", "multimodal"]):
            out["partition"].append(
                kept.assign(
                    alignment=alignment,
                    band=band,
                    r_full=parts.sum(1),
                    part=parts[:, k],
                    unique=parts[:, k] ** 2,
                )
            )
        for a, b in (
            ("slip-random0-true", "slip-random1-true"),
            ("slip-trained-true:blocks.3", "slip-trained-true:blocks.5"),
        ):
            p = rng.random(n)
            out["floors"].append(
                kept.assign(
                    floor="two layers" if ":" in a else "two random inits",
                    a=a,
                    b=b,
                    alignment=alignment,
                    p=p,
                    q=q(p),
                )
            )
        leak = rng.normal(0.01, 0.02, n)
        out["leak"].append(
            kept.assign(
                alignment=alignment,
                leak="position",
                r_leak=leak,
                r_model=leak + rng.gamma(2, 0.05, n),
                drift_share=rng.beta(1, 20, n),
                flagged=rng.random(n) < 0.05,
            )
        )
        for network in ("vision", "language", "multimodal"):
            for feature in ("luminance", "motion_energy", "envelope", "word_rate", "contrast"):
                bins = np.arange(-2000, 2001, 200.0)
                r = rng.uniform(0.1, 0.4) * np.exp(-0.5 * (bins / 500) ** 2)
                out["passive"].append(
                    pd.DataFrame(
                        {
                            "stimulus": "film",
                            "alignment": alignment,
                            "network": network,
                            "feature": feature,
                            "latency_ms": bins,
                            "r": r,
                        }
                    )
                )
    out = {name: pd.concat(rows, ignore_index=True) for name, rows in out.items()}
    rows = [
        (
            a,
            w,
            1.0,
            10.0,
            c,
            pr,
            500 * (w == "none"),
            rng.beta(5, 95),
            0.01,
            500 * (w != "none"),
            rng.beta(5, 3),
        )
        for a in alignments
        for w in ("none", "drift", "vision", "interaction")
        for c in CONTRASTS
        for pr in ("calibrated", "calibrated, any bin", "bin-wise (paper)")
    ]
    names = [
        "alignment",
        "world",
        "effect",
        "minutes",
        "contrast",
        "procedure",
        "nulls",
        "fpr_05",
        "fpr_05_se",
        "alternatives",
        "power_fdr",
    ]
    out["calibration"] = pd.DataFrame(rows, columns=names)
    pairs = pd.MultiIndex.from_product([alignments, CONTRASTS], names=["alignment", "contrast"])
    out["calibration_recorded"] = pairs.to_frame(index=False).assign(
        called_05=12,
        nulls=240,
        level="holds",
        detectable=[0.05, *[np.nan] * (len(pairs) - 1)],
        median_effect=0.01,
        median_found=0.06,
    )
    plan = [(*pair, m, n) for pair in pairs for m in (5.0, 20.0, 80.0) for n in (1, 100)]
    planned = pd.DataFrame(plan, columns=["alignment", "contrast", "minutes", "electrodes"])
    out["planning"] = planned.assign(
        measured=planned["minutes"] == 20,
        detectable=0.1 / np.sqrt(planned["minutes"]) * (1 + np.log10(planned["electrodes"])),
    )
    return out


def write_results(
    folder,
    subjects=3,
    electrodes=72,
    layers=4,
    alignments=("language", "vision"),
    with_scores=True,
    seed=0,
    **options,
) -> Path:
    """Write everything the report reads to ``folder`` and return it. ``options`` go to
    :func:`sites`.
    """
    folder = Path(folder)
    rng = np.random.default_rng([seed, 1])
    table, contrasts, channels, truth, interaction, evidence = sites(
        subjects, electrodes, alignments, seed=seed, **options
    )
    tables.write_tsv(interaction, folder / "tables/interaction.tsv")
    tables.write_tsv(evidence, folder / "tables/evidence.tsv")
    tables.write_tsv(table, folder / "sites.tsv")
    tables.write_tsv(regions(table), folder / "regions.tsv")
    of_subjects, over_subjects = by_region(table, contrasts)
    tables.write_tsv(of_subjects, folder / "tables/region_subjects.tsv")
    tables.write_tsv(over_subjects, folder / "tables/region_effects.tsv")
    tables.write_parquet(contrasts, folder / "tables/contrasts.parquet")
    tables.write_tsv(summary.overlap_table(table, 0.05), folder / "tables/overlap.tsv")
    verdicts = (
        pd.crosstab(table.subject, table.verdict)
        .add_prefix("n_")
        .rename_axis(columns=None)
        .reset_index()
    )
    tables.write_tsv(verdicts, folder / "tables/subjects.tsv")
    tables.write_tsv(truth, folder / "intermediate/truth.tsv")
    merged = truth.merge(table[["subject", "electrode", "verdict"]])
    confusion = pd.crosstab(merged.planted, merged.verdict).rename_axis(columns=None).reset_index()
    tables.write_tsv(confusion, folder / "tables/confusion.tsv")
    (folder / "config.yaml").write_text(
        yaml.safe_dump(config(subjects, alignments), sort_keys=False)
    )
    for name, control in controls(table, alignments, seed).items():
        tables.write_tsv(control, folder / f"tables/{name}.tsv")
    summed = channels.groupby("subject").kept.agg(kept="sum", neural="size").reset_index()
    tables.write_tsv(
        summed.assign(recording="sub-" + summed.subject + "_task-film_run-1"),
        folder / "recordings.tsv",
    )
    for subject, part in channels.groupby("subject"):
        tables.write_tsv(
            part.drop(columns="subject"),
            folder / f"intermediate/electrodes/sub-{subject}_task-film_run-1.tsv",
        )
        if with_scores:
            signal = table.set_index(["subject", "electrode"]).r_best
            kept = part[part.kept]
            peak = (
                signal.reindex(pd.MultiIndex.from_frame(kept[["subject", "electrode"]]))
                .clip(lower=0)
                .fillna(0)
                .to_numpy()
            )
            write_fits(folder, subject, kept.electrode.tolist(), peak, alignments, layers, rng)
    for model, modality in MODELS.items():
        for alignment in alignments:
            card = {
                "model": model,
                "modality": modality,
                "parameters": 86_000_000,
                "sha256": "0" * 64,
                "licence": "MIT",
                "trained_on": "YFCC15M",
            }
            path = folder / f"intermediate/activations/film_{alignment}_{model}-trained-true.nc"
            with labelled.create(
                path, {"event": ["w0", "w1"], "feature_00": 3}, {"card": json.dumps(card)}
            ) as file:
                labelled.add(
                    file,
                    "layer_00",
                    ("event", "feature_00"),
                    np.zeros((2, 3), "float32"),
                    attrs={"layer": "blocks.0"},
                )
    return folder


def write_fits(
    folder: Path, subject: str, names: list[str], base: np.ndarray, alignments, layers: int, rng
) -> None:
    """Write scores, influence, predictions and responses of one subject; ``base`` is the peak r of
    each electrode.
    """
    blocks = [f"film:{k}" for k in range(30)]
    events, onset = [f"w{k:05d}" for k in range(400)], np.sort(rng.uniform(0, 600, 400))
    shape = np.exp(-0.5 * ((BINS_MS - 300) / 250) ** 2)
    for alignment in alignments:
        wave = rng.normal(size=(400, 1, 1)).astype("float32")
        response = 8 * (
            wave * base[None, :, None] * 3 * shape
            + rng.normal(size=(400, len(names), len(BINS_MS)))
        ).astype("float32")
        path = folder / f"intermediate/responses/sub-{subject}_task-film_run-1_{alignment}.nc"
        attrs = {
            "subject": subject,
            "stimulus": "film",
            "alignment": alignment,
            "recording": f"sub-{subject}_task-film_run-1",
            "sfreq_hz": 512.0,
            "unit": "µV",
            "dropped": json.dumps({"window outside the recording": 7}),
        }
        with labelled.create(
            path, {"event": events, "electrode": names, "bin_ms": BINS_MS}, attrs
        ) as file:
            labelled.add(file, "response", ("event", "electrode", "bin_ms"), response)
            labelled.add(file, "onset_s", ("event",), onset)
        for model in MODELS:
            for init in ("trained", "random0"):
                out = folder / f"intermediate/encoding/{subject}_{alignment}_{model}-{init}-true"
                scale = (1.0 if init == "trained" else 0.3) * {"slip": 1.1, "slip_clip": 1.05}.get(
                    model, 0.9
                )
                table = scores(names, layers, base * scale, rng)
                tables.write_parquet(table, out / "scores.parquet")
                if init == "trained" and model in ("slip", "slip_simclr"):
                    write_influence(out / "influence.nc", table, names, blocks, rng)
                    predicted = wave * base[None, :, None] * 3 * scale * shape * 8
                    attrs = {
                        "subject": subject,
                        "alignment": alignment,
                        "fit": f"{model}-trained-true",
                    }
                    with labelled.create(
                        out / "predictions.nc",
                        {"event": events, "electrode": names, "bin_ms": BINS_MS},
                        attrs,
                    ) as file:
                        labelled.add(file, "stimulus", ("event",), np.repeat("film", len(events)))
                        labelled.add(
                            file,
                            "recording",
                            ("event",),
                            np.repeat(f"sub-{subject}_task-film_run-1", len(events)),
                        )
                        labelled.add(
                            file,
                            "prediction",
                            ("event", "electrode", "bin_ms"),
                            predicted.astype("float32"),
                        )
                        labelled.add(
                            file, "fold", ("event",), (onset // 120).astype("int16"), dtype="int16"
                        )


def write_influence(path: Path, table: pd.DataFrame, names, blocks, rng) -> None:
    """Write a fit's block influences, with the chosen layer's z."""
    chosen = (
        table[table.chosen]
        .pivot_table(index="electrode", columns="bin_ms", values="r_test")
        .loc[names]
    )
    z = np.arctanh(chosen.to_numpy()).astype("float32")
    drift = rng.normal(0, 0.004 / np.sqrt(len(blocks)), (2, len(blocks), 1, 1))
    influence = (
        drift + rng.normal(0, 0.02 / np.sqrt(len(blocks)), (2, len(blocks), *z.shape))
    ).astype("float32")
    layer = (
        table[table.chosen]
        .drop_duplicates("electrode")
        .set_index("electrode")
        .layer.loc[names]
        .to_numpy(dtype=object)
    )
    with labelled.create(
        path,
        {
            "part": ["test", "training"],
            "block": blocks,
            "fold": np.arange(5),
            "electrode": names,
            "bin_ms": BINS_MS,
        },
    ) as file:
        labelled.add(file, "influence", ("part", "block", "electrode", "bin_ms"), influence)
        labelled.add(file, "z", ("electrode", "bin_ms"), z)
        labelled.add(file, "z_val", ("electrode", "bin_ms"), z)
        labelled.add(file, "r", ("electrode", "bin_ms"), np.tanh(z))
        labelled.add(file, "layer", ("electrode",), layer)
