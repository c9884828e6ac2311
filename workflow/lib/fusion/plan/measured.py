"""What was measured: Snakemake's benchmark files of all datasets that were run here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fusion.plan import facts, work

#: Rules whose jobs are named by a network.
NAMED = ("weights", *work.ACTIVATIONS, *work.FITS)


@dataclass(frozen=True)
class Measured:
    """A job that was run: of which dataset, rule and network, its units of work, and the seconds of
    one core that it took.
    """

    dataset: str
    rule: str
    network: str
    units: float
    seconds: float


def of_results(folder: Path, known: Mapping[str, facts.Network]) -> list[Measured]:
    """Return the jobs that were measured of a dataset.

    Parameters
    ----------
    folder
        ``results/<dataset>``.
    known
        Sizes of networks.
    """
    found = facts.of_results(folder, known)
    if found is None:
        return []
    out = []
    for place in sorted(folder.glob("**/benchmarks")):
        for file in sorted(place.glob("*/**/*.tsv")):
            rule = file.relative_to(place).parts[0]
            wildcards = wildcards_of(file.stem, found)
            if rule not in NAMED:
                wildcards.pop("model", None)
            seconds = _seconds(file)
            # Rules that make the same files in other numbers share a folder.
            if rule == "encode" and "init" in wildcards:
                rule = "single_encode"
            if rule == "activations":
                rule = kind_of(wildcards.get("model", ""), folder)
            try:
                units = work.units(rule, wildcards, found)
            except KeyError:  # made with another config than the one that is there
                continue
            network = wildcards.get("model", "")
            out += [Measured(folder.name, rule, network, units, one) for one in seconds]
    return out


def kind_of(model: str, folder: Path) -> str:
    """Return which rule ran a model's activations, by what it left."""
    made = [file.stem for file in folder.glob(f"intermediate/activations/*_{model}-*.nc")]
    random = any("-random" in name for name in made)
    shuffled = any("-shuffled" in name for name in made)
    return {
        (True, True): "all_activations",
        (True, False): "random_activations",
        (False, True): "shuffled_activations",
    }.get((random, shuffled), "activations")


def wildcards_of(stem: str, found: facts.Facts) -> dict[str, str]:
    """Return the wildcards of a job by the name of its benchmark file."""
    if stem in found.recordings:
        return {"recording": stem}
    out: dict[str, str] = {}
    for key, names in (("stimulus", found.films), ("subject", found.subjects)):
        fits = [name for name in names if stem == name or stem.startswith(f"{name}_")]
        if fits:
            out[key] = max(fits, key=len)
            stem = stem[len(out[key]) :].lstrip("_")
            break
    for alignment in ("language", "vision"):
        if stem == alignment or stem.startswith(f"{alignment}_"):
            out["alignment"] = alignment
            stem = stem[len(alignment) :].lstrip("_")
    if stem:
        out["model"], _, init = stem.partition("-")
        if init:
            out["init"] = init
    return out


def _seconds(file: Path) -> list[float]:
    """Return the seconds of one core of a benchmark file: wall time counts other jobs too."""
    table = pd.read_csv(file, sep="\t", na_values="-")
    if "s" not in table:
        return []
    wall = table["s"].astype(float)
    if "cpu_time" not in table:
        return wall.dropna().tolist()
    busy = pd.to_numeric(table["cpu_time"], errors="coerce")
    return busy.where(busy > 0, wall).dropna().tolist()
