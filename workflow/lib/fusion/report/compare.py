"""Two analyses side by side, and the regions over several datasets.

PYTHONPATH=workflow/lib python -m fusion.report.compare results/one results/other --out compared
PYTHONPATH=workflow/lib python -m fusion.report.compare --pool results/a results/b --out pooled
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from fusion.contrasts import people, regions
from fusion.contrasts.by_region import OF_SUBJECT
from fusion.contrasts.spec import Correction
from fusion.figures import read
from fusion.io.errors import InputError
from fusion.io.tables import read_tsv, write_tsv

KEYS = ["subject", "electrode"]
#: Claims that can explain a change of verdict, in the order in which they are named.
CLAIMS = ("signal", "unimodal", "linear", "interaction", "better", "vision", "language", "audio")


def verdicts(one: Path, other: Path) -> pd.DataFrame:
    """Return every electrode of two analyses with both verdicts, and why they differ.

    Parameters
    ----------
    one, other
        Their folders of results.

    Returns
    -------
    pd.DataFrame
        ``subject, electrode, verdict_one, verdict_other, changed, why, q_one, q_other, reason_one,
        reason_other``; changed ones first. ``why`` names the claims that hold in one analysis only,
        with the contrast that decides and q in both.
    """
    sides = {"one": read.sites(one / "sites.tsv"), "other": read.sites(other / "sites.tsv")}
    columns = [*KEYS, "verdict", "q", "reason"]
    joined = sides["one"][columns].merge(
        sides["other"][columns],
        on=KEYS,
        how="outer",
        suffixes=("_one", "_other"),
        validate="one_to_one",
    )
    for side in sides:
        joined[f"verdict_{side}"] = joined[f"verdict_{side}"].fillna("no such electrode")
    joined["changed"] = joined["verdict_one"] != joined["verdict_other"]
    facts = {
        "one": claims(one / "tables/evidence.tsv"),
        "other": claims(other / "tables/evidence.tsv"),
    }
    joined["why"] = [
        why(facts["one"].get(key, {}), facts["other"].get(key, {})) if changed else ""
        for *key_, changed in joined[[*KEYS, "changed"]].itertuples(index=False)
        if (key := (str(key_[0]), str(key_[1])))
    ]
    shown = [*KEYS, "verdict_one", "verdict_other", "changed", "why"]
    shown += ["q_one", "q_other", "reason_one", "reason_other"]
    return joined.sort_values("changed", ascending=False, kind="stable", ignore_index=True)[shown]


def claims(path: Path) -> dict[tuple[str, str], dict[str, Mapping[str, Any]]]:
    """Return (subject, electrode) -> claim -> its row of the table of evidence."""
    found: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    table = read_tsv(path, (*KEYS, "claim", "holds", "contrast", "q"), read.IDS)
    table["holds"] = read.truths(table["holds"])
    for row in table.to_dict("records"):
        fact = {str(key): value for key, value in row.items()}
        found.setdefault((row["subject"], row["electrode"]), {})[row["claim"]] = fact
    return found


def why(one: Mapping[str, Mapping[str, Any]], other: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the claims that hold in one analysis only: ``linear: held (slip_vs_linear, q = 0.01),
    not shown (slip_vs_linear, q = 0.2)``.
    """

    def said(facts: Mapping[str, Mapping[str, Any]], claim: str) -> str:
        if claim not in facts:
            return "not tested"
        row = facts[claim]
        state = "held" if row["holds"] else "not shown"
        return f"{state} ({row['contrast']}, q = {row['q']:.2g})"

    def state(facts: Mapping[str, Mapping[str, Any]], claim: str) -> object:
        return bool(facts[claim]["holds"]) if claim in facts else None

    found = [
        f"{claim}: {said(one, claim)}, then {said(other, claim)}"
        for claim in CLAIMS
        if state(one, claim) != state(other, claim)
    ]
    return "; ".join(found) or "no claim changed: p-values before correction did"


def settings(one: Path, other: Path) -> pd.DataFrame:
    """Return ``key, one, other`` of the keys whose values differ between two resolved configs."""
    flat = [
        flattened(yaml.safe_load((at / "config.yaml").read_text(encoding="utf-8")))
        for at in (one, other)
    ]
    keys = sorted(set(flat[0]) | set(flat[1]))
    rows = [
        (key, str(flat[0].get(key, "not set")), str(flat[1].get(key, "not set")))
        for key in keys
        if flat[0].get(key) != flat[1].get(key)
    ]
    return pd.DataFrame(rows, columns=["key", "one", "other"])


def flattened(config: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return a nested mapping as ``a.b.c`` -> value."""
    out: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            out |= flattened(value, f"{path}{key}.")
        else:
            out[f"{path}{key}"] = value
    return out


def pooled_regions(
    folders: Sequence[Path], atlas: pd.DataFrame, correction: Correction
) -> pd.DataFrame:
    """Return the table of regions over the sites of several datasets.

    Subjects of different datasets are different people whatever their names. Each dataset keeps its
    own verdicts: nothing is corrected anew over electrodes. Regions are joined by their names.

    Parameters
    ----------
    folders
        Folders of results.
    atlas
        ``region, hemisphere`` of all regions that could have been covered.
    correction
        Of p over regions.

    Returns
    -------
    pd.DataFrame
        As :func:`fusion.contrasts.regions.region_table` returns it, with ``n_datasets`` and
        ``n_subjects`` that have electrodes in the region.
    """
    names = [folder.name for folder in folders]
    if len(set(names)) < len(names):
        raise InputError(
            "results",
            "folders",
            f"{', '.join(names)}: one name twice",
            "folders of different names",
        )
    parts = []
    for folder, name in zip(folders, names, strict=True):
        sites = read.sites(folder / "sites.tsv")
        parts.append(sites.assign(dataset=name, subject=f"{name} " + sites["subject"]))
    sites = pd.concat(parts, ignore_index=True)
    table = regions.region_table(sites, atlas, correction)
    known = sites.assign(
        region=sites["region"].fillna("unknown"), hemisphere=sites["hemisphere"].fillna("n/a")
    )
    counted = known.groupby(["region", "hemisphere"])[["dataset", "subject"]].nunique()
    counted = counted.rename(columns={"dataset": "n_datasets", "subject": "n_subjects"})
    out = table.merge(counted.reset_index(), on=["region", "hemisphere"], how="left")
    return out.fillna({"n_datasets": 0, "n_subjects": 0}).astype(
        {"n_datasets": int, "n_subjects": int}
    )


def pooled_effects(folders: Sequence[Path], correction: Correction) -> pd.DataFrame:
    """Return the effects by region over the subjects of several datasets
    (:func:`fusion.contrasts.people.pool_regions`).
    """
    tables = {}
    for folder in folders:
        table = read_tsv(folder / "tables/region_subjects.tsv", OF_SUBJECT, read.IDS)
        tables[folder.name] = table.fillna({"region": "unknown", "hemisphere": "n/a"})
    return people.pool_regions(tables, correction)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+", type=Path, help="folders of results")
    parser.add_argument("--pool", action="store_true", help="tables of regions over all of them")
    parser.add_argument("--atlas", type=Path, default=Path("resources/dkt_regions.tsv"))
    parser.add_argument("--correction", choices=["bh", "by"], default="bh")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    given = parser.parse_args(arguments)
    if given.pool:
        atlas = read_tsv(given.atlas, ("region", "hemisphere"))
        table = pooled_regions(given.results, atlas, given.correction)
        write_tsv(table, given.out / "regions.tsv")
        write_tsv(pooled_effects(given.results, given.correction), given.out / "region_effects.tsv")
        print(f"{len(given.results)} datasets, {int(table['n_sites'].sum())} sites")
        return
    if len(given.results) != 2:
        parser.error("two folders of results are compared; --pool takes any number")
    one, other = given.results
    table = verdicts(one, other)
    write_tsv(table, given.out / "verdicts.tsv")
    write_tsv(settings(one, other), given.out / "settings.tsv")
    print(f"{int(table['changed'].sum())} of {len(table)} verdicts changed")


if __name__ == "__main__":
    main()
