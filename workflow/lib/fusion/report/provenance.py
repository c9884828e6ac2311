"""What made the results: model cards, library versions, run times."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd

from fusion.io.labelled import open_labelled

LIBRARIES = (
    "snakemake",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
    "h5netcdf",
    "pyarrow",
    "statsmodels",
    "scikit-learn",
    "himalaya",
    "torch",
    "mne",
    "matplotlib",
    "nilearn",
    "jinja2",
)


def cards(paths) -> list[dict]:
    """Return the model cards of activation files, one per model."""
    found = {}
    for path in paths:
        with open_labelled(path) as file:
            card = json.loads(file.attrs.get("card", "{}"))
        found.setdefault(card.get("model", Path(path).stem), card)
    return [{"name": name, **card} for name, card in found.items()]


def card_rows(cards: list[dict]) -> pd.DataFrame:
    """Return the cards as a table, one row per model."""
    keys = ["family", "modality", "feed", "parameters", "trained_on", "licence", "sha256"]
    rows = []
    for card in cards:
        row = {"model": card["name"], **{key: card.get(key) for key in keys}}
        row["sha256"] = digest(row["sha256"])
        row["layers"] = len(card["layers"]) if isinstance(card.get("layers"), list) else None
        rows.append(row)
    return pd.DataFrame(rows, columns=["model", *keys, "layers"])


def digest(value) -> str | None:
    """Return the first twelve digits of a hash, or of each of several."""
    if isinstance(value, dict):
        return ", ".join(str(v)[:12] for v in value.values())
    if isinstance(value, list):
        return ", ".join(str(v)[:12] for v in value)
    return str(value)[:12] if value else None


def responses(paths) -> list[dict]:
    """Return, per response file, recording, alignment, number of events and the events dropped by
    reason.
    """
    out = []
    for path in paths:
        with open_labelled(path) as file:
            dropped = json.loads(file.attrs.get("dropped", "{}"))
            out.append(
                {
                    "recording": str(file.attrs["recording"]),
                    "alignment": str(file.attrs["alignment"]),
                    "events": file.sizes["event"],
                    "dropped": dropped,
                    "segments": int(file.attrs.get("segments", 1)),
                    "lost_s": float(file.attrs.get("lost_s", 0.0)),
                    "artefacts_percent": float(file.attrs.get("artefacts_percent", 0.0)),
                }
            )
    return out


def versions() -> pd.DataFrame:
    """Return the versions of the libraries in the environment that wrote the report; those not in
    it are left out.
    """
    rows = []
    for name in LIBRARIES:
        try:
            rows.append({"library": name, "version": version(name)})
        except PackageNotFoundError:
            continue
    return pd.DataFrame(rows)


def run_times(folder) -> pd.DataFrame:
    """Return, per rule, how many jobs have a benchmark file in ``folder``, their seconds together
    and the largest memory; empty without files."""
    rows = []
    for path in sorted(Path(folder).glob("*/*.tsv")) if Path(folder).is_dir() else []:
        try:
            table = pd.read_csv(path, sep="\t", na_values=["-"])
        except (pd.errors.EmptyDataError, pd.errors.ParserError):
            continue
        if {"s", "max_rss"} <= set(table):
            rows.append(
                {
                    "rule": path.parent.name,
                    "s": float(table["s"].iloc[-1]),
                    "max_rss": float(table["max_rss"].iloc[-1]),
                }
            )
    if not rows:
        return pd.DataFrame(
            columns=["rule", "jobs", "seconds", "longest (s)", "largest memory (MB)"]
        )
    grouped = pd.DataFrame(rows).groupby("rule")
    out = (
        grouped["s"]
        .agg(["size", "sum", "max"])
        .assign(memory=grouped["max_rss"].max())
        .reset_index()
    )
    out.columns = ["rule", "jobs", "seconds", "longest (s)", "largest memory (MB)"]
    return out.sort_values("seconds", ascending=False, ignore_index=True)
