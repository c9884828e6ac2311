"""What made the results: model cards, library versions, run times."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

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


def cards(paths: Iterable[str | Path]) -> list[dict[str, Any]]:
    """Return the model cards of activation files, one per model."""
    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        with open_labelled(path) as file:
            card = json.loads(file.attrs.get("card", "{}"))
        found.setdefault(card.get("model", Path(path).stem), card)
    return [{"name": name, **card} for name, card in found.items()]


TEXTS = ("cut_texts", "unknown_tokens")


def card_rows(cards: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the cards as a table, one row per model.

    ``cut_texts`` counts the events whose text was longer than the model reads, ``unknown_tokens``
    is the share of tokens that its tokenizer does not know; both are missing for models that read
    no text.
    """
    keys = ["family", "modality", "feed", "parameters", "trained_on", "licence", "sha256"]
    rows = []
    for card in cards:
        row = {"model": card["name"], **{key: card.get(key) for key in keys}}
        row["sha256"] = digest(row["sha256"])
        row["layers"] = len(card["layers"]) if isinstance(card.get("layers"), list) else None
        row |= {key: (card.get("notes") or {}).get(key) for key in TEXTS}
        rows.append(row)
    return pd.DataFrame(rows, columns=["model", *keys, "layers", *TEXTS])


def digest(value: object) -> str | None:
    """Return the first twelve digits of a hash, or of each of several."""
    if isinstance(value, dict):
        return ", ".join(str(v)[:12] for v in value.values())
    if isinstance(value, list):
        return ", ".join(str(v)[:12] for v in value)
    return str(value)[:12] if value else None


def responses(paths: Iterable[str | Path]) -> list[dict[str, Any]]:
    """Return, per response file, recording, stimulus, alignment, number of events, film time of the
    first and the last (s), and the events dropped by reason.
    """
    out = []
    for path in paths:
        with open_labelled(path) as file:
            dropped = json.loads(file.attrs.get("dropped", "{}"))
            onsets = file["onset_s"].values
            out.append(
                {
                    "recording": str(file.attrs["recording"]),
                    "stimulus": str(file.attrs["stimulus"]),
                    "alignment": str(file.attrs["alignment"]),
                    "first_s": float(onsets.min()) if len(onsets) else 0.0,
                    "last_s": float(onsets.max()) if len(onsets) else 0.0,
                    "events": file.sizes["event"],
                    "dropped": dropped,
                    "segments": int(file.attrs.get("segments", 1)),
                    "lost_s": float(file.attrs.get("lost_s", 0.0)),
                    "artefacts_percent": float(file.attrs.get("artefacts_percent", 0.0)),
                }
            )
    return out


def versions() -> dict[str, str]:
    """Return library -> version in the environment that wrote the report; those not in it are left
    out.
    """
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """Return the commit of the workflow's own files, or None where there is none."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        ran = subprocess.run(git, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.strip() or None


def run_times(folder: str | Path) -> pd.DataFrame:
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
