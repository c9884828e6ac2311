"""Result tables as figures and the report read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd

from fusion.contrasts.spec import TESTS
from fusion.io.errors import InputError
from fusion.io.tables import read_parquet, read_tsv

IDS = {"subject": str, "electrode": str, "region": str, "hemisphere": str, "space": str}
SITES = (
    "subject",
    "electrode",
    "region",
    "hemisphere",
    "x",
    "y",
    "z",
    "space",
    "tested",
    "verdict",
    "reason",
)
REGIONS = (
    "region",
    "hemisphere",
    "n_electrodes",
    "n_tested",
    "n_sites",
    "fraction",
    "ci_low",
    "ci_high",
    "q",
    "coverage",
)
CONTRASTS = (
    "subject",
    "electrode",
    "alignment",
    "contrast",
    "window",
    "r_a",
    "r_b",
    "effect",
    "ci_low",
    "ci_high",
    "p",
    "q",
    "tested",
    "reason",
)
#: Name -> table, as figures are given them.
Tables = Mapping[str, pd.DataFrame]
TRUE = {True: True, False: False, "true": True, "false": False, "True": True, "False": False}


def truths(column: pd.Series) -> pd.Series:
    """Return a column of true/false, however it was written; missing counts as false."""
    return column.map(TRUE).fillna(False).astype(bool)


def sites(path: str | Path) -> pd.DataFrame:
    """Return the table of sites; tests of multimodality are true, false, or missing where they
    could not be made.
    """
    table = read_tsv(path, SITES, IDS)
    table["tested"] = truths(table["tested"])
    for name in tests_of(table):
        table[name] = table[name].map(TRUE).astype("boolean")
    return table.copy()  # hundreds of columns, in one piece again


def passed(sites: pd.DataFrame, test: str) -> pd.Series:
    """Return whether each site passes a test; where the test could not be made, it does not."""
    return sites[test].fillna(False).astype(bool)


def tests_of(sites: pd.DataFrame) -> list[str]:
    """Return the columns of the tests of multimodality that the table has."""
    return [name for name in TESTS if name in sites]


def regions(path: str | Path) -> pd.DataFrame:
    """Return the table of regions."""
    return read_tsv(path, REGIONS, IDS)


def contrasts(path: str | Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Return the table of all contrasts."""
    table = read_parquet(path, columns=columns)
    if missing := [name for name in columns or CONTRASTS if name not in table]:
        raise InputError(
            path, f"column {missing[0]!r}", f"columns {', '.join(table.columns)}", "that column"
        )
    table["tested"] = truths(table["tested"])
    return table


def electrodes(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Return the channels of all recordings, kept and dropped, with ``recording`` and
    ``subject``.
    """
    parts = []
    for path in paths:
        recording = str(path).rsplit("/", 1)[-1].removesuffix(".tsv")
        table = read_tsv(path, ("electrode", "kept", "reason"), IDS)
        table.insert(0, "recording", recording)
        table.insert(1, "subject", recording.split("_")[0].removeprefix("sub-"))
        parts.append(table)
    table = pd.concat(parts, ignore_index=True)
    table["kept"] = truths(table["kept"])
    return table


def with_signal(sites: pd.DataFrame) -> pd.DataFrame:
    """Return ``subject, electrode`` of the tested sites that some model predicts: every verdict but
    ``none``.
    """
    return sites.loc[sites["tested"] & (sites["verdict"] != "none"), ["subject", "electrode"]]


def described(path: str | Path) -> pd.DataFrame:
    """Return a TSV whose ids are text."""
    return read_tsv(path, dtype=IDS)


#: Table -> how it is read, where that is not :func:`described`.
READERS: dict[str, Callable[[str | Path], pd.DataFrame]] = {
    "sites": sites,
    "regions": regions,
    "contrasts": contrasts,
}


def tables(paths: Mapping[str, str | Path]) -> dict[str, pd.DataFrame]:
    """Return name -> table, from TSV and Parquet files."""
    return {name: _read(name, path) for name, path in paths.items()}


def _read(name: str, path: str | Path) -> pd.DataFrame:
    if name in READERS:
        return READERS[name](path)
    return read_parquet(path) if str(path).endswith(".parquet") else described(path)
