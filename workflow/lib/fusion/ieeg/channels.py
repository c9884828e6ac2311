"""Which channels are analysed, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fusion.ieeg import names
from fusion.ieeg.positions import Positions
from fusion.ieeg.sidecars import NO_TYPE
from fusion.io.errors import InputError

COLUMNS = ["electrode", "kept", "reason", "x", "y", "z", "space", "region", "hemisphere", "shaft"]


def usable(
    channels: pd.DataFrame, in_file: list[str], sfreq: float, types: Sequence[str]
) -> pd.DataFrame:
    """Return one row per channel: electrode, type, in_file (its name in the data file), neural,
    kept, reason, shaft.

    Parameters
    ----------
    channels
        channels.tsv as :func:`fusion.ieeg.sidecars.read_channels` returns it.
    in_file
        Channel names of the data file. They are matched by name, never by position.
    sfreq
        Sampling rate of the data file (Hz).
    types
        Channel types that are neural.
    """
    matched = names.match(list(channels["name"]), in_file)
    bad = set(channels.loc[channels["status"] == "bad", "name"])
    references = (
        channels["reference"].astype(str)
        if "reference" in channels
        else pd.Series("", channels.index)
    )
    rows = []
    for row, reference in zip(_rows(channels), references.str.strip(), strict=True):
        reason = "n/a"
        ends = names.pair(row.name)
        neural = row.type in types and not names.is_non_neural(row.name)
        if row.type not in types:
            reason = f"type {row.type.lower() if row.type == NO_TYPE else row.type}"
        elif not neural:
            reason = "not a neural channel by its name"
        elif row.name not in matched:
            reason = "not in the data file"
        elif row.status == "bad":
            reason = "bad" if pd.isna(row.status_description) else f"bad: {row.status_description}"
        elif np.isfinite(row.sampling_frequency) and abs(row.sampling_frequency / sfreq - 1) > 1e-3:
            reason = f"sampled at {row.sampling_frequency:g} Hz"
        elif ends and ends[0] == ends[1]:
            reason = "a contact against itself"
        elif reference == row.name:
            reason = "the reference itself"
        elif reference in bad:
            reason = f"bad reference: {reference}"
        elif ends and ends[1] in bad:
            reason = f"bad reference: {ends[1]}"
        rows.append(
            (
                row.name,
                row.type,
                matched.get(row.name),
                neural,
                reason == "n/a",
                reason,
                names.split(row.name)[0],
            )
        )
    for name in in_file:
        if name not in matched.values():
            rows.append(
                (name, "n/a", name, False, False, "not in channels.tsv", names.split(name)[0])
            )
    return pd.DataFrame(
        rows, columns=["electrode", "type", "in_file", "neural", "kept", "reason", "shaft"]
    )


def _rows(channels: pd.DataFrame) -> Iterator[Any]:
    """Return the rows of a table as named tuples."""
    return iter(channels.itertuples())


def check_labels(
    table: pd.DataFrame, duplicates: Mapping[str, list[str]], path: str, types: Sequence[str]
) -> list[str]:
    """Return a note about labels that stand more than once in the data file.

    Parameters
    ----------
    table
        channels.tsv.
    duplicates
        Label -> names under which it is read.
    path
        The data file.
    types
        Channel types that are neural.

    Raises
    ------
    InputError
        If one of them is a neural channel.
    """
    neural = {
        name
        for name, kind in zip(table["name"], table["type"], strict=True)
        if kind in types and not names.is_non_neural(name)
    }
    meant = sorted(
        label for label, read in duplicates.items() if neural & {label, *read} or label == ""
    )
    meant = [label for label in meant if label or neural & set(duplicates[label])]
    if meant:
        raise InputError(
            path,
            "channel labels",
            ", ".join(f"{label!r} {len(duplicates[label])} times" for label in meant),
            "every label once: which of them channels.tsv means is not known",
        )
    several = ", ".join(sorted(duplicates))
    return [f"labels that stand more than once in the data file: {several}"] if several else []


def check_some(table: pd.DataFrame, ieeg: str) -> None:
    """Raise ``InputError`` if no channel is left, with what became of them."""
    if not table["kept"].any():
        why = ", ".join(
            f"{count} {reason}" for reason, count in table["reason"].value_counts().head(5).items()
        )
        raise InputError(
            ieeg,
            "channels.tsv",
            f"no usable channel among {len(table)} ({why})",
            "a neural channel of status good that the data file has",
        )


def drop(table: pd.DataFrame, reasons: dict[str, str]) -> pd.DataFrame:
    """Return ``table`` with the electrodes in ``reasons`` no longer kept."""
    table = table.copy()
    hit = table["electrode"].isin(list(reasons)) & table["kept"]
    table.loc[hit, "reason"] = table.loc[hit, "electrode"].map(reasons)
    table.loc[hit, "kept"] = False
    return table


def electrode_table(
    table: pd.DataFrame, positions: Positions, montage: pd.DataFrame
) -> pd.DataFrame:
    """Return the electrodes table of a recording: ``COLUMNS``, one row per channel, kept or
    dropped.

    A derivation of two contacts (bipolar) has a row of its own, halfway between them; its contacts
    then are not kept.

    Parameters
    ----------
    table
        As :func:`usable` returns it, after every drop.
    positions
        Positions of the contacts.
    montage
        As :func:`fusion.ieeg.reference.montage` returns it.
    """
    matched = names.match(list(table["electrode"]), list(positions.table["electrode"]))
    place = positions.table.set_index("electrode").reindex(
        [matched.get(n) for n in table["electrode"]]
    )
    out = table[["electrode", "kept", "reason"]].copy()
    for column in ("x", "y", "z", "region", "hemisphere"):
        out[column] = place[column].to_numpy()
    out["shaft"] = table["shaft"].astype(object).where(table["neural"], None).to_numpy()
    pairs = montage[~montage["electrode"].isin(table["electrode"])]
    if len(pairs):
        ends = out.set_index("electrode")
        rows = []
        for row in _rows(pairs):
            a, b = ends.loc[row.plus], ends.loc[row.minus[0]]
            middle = [(a[c] + b[c]) / 2 for c in ("x", "y", "z")]
            same = [a[c] if a[c] == b[c] else np.nan for c in ("region", "hemisphere")]
            rows.append([row.electrode, True, "n/a", *middle, *same, a["shaft"]])
        used = out["kept"] & ~out["electrode"].isin(montage["electrode"])
        out.loc[used, "reason"] = "enters as a bipolar pair"
        out.loc[used, "kept"] = False
        columns = [name for name in COLUMNS if name != "space"]
        out = pd.concat([out, pd.DataFrame(rows, columns=columns)], ignore_index=True)
    out["space"] = [positions.space if known else None for known in out["x"].notna()]
    return out[COLUMNS]
