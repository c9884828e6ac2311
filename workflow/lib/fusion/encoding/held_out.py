"""Which stretch of film each fold holds out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import xarray as xr

#: One row per recording and contiguous stretch of held-out events; fold -1 is never held out.
COLUMNS = ["subject", "recording", "stimulus", "fold", "first_s", "last_s", "events"]


def onsets(responses: xr.Dataset) -> dict[tuple[str, str], float]:
    """Return (recording, event) -> film time (s) of an open response file."""
    recording = str(responses.attrs["recording"])
    return {
        (recording, str(event)): float(onset)
        for event, onset in zip(responses["event"].values, responses["onset_s"].values, strict=True)
    }


def stretches(fit: xr.Dataset, onsets: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    """Return the stretches (:data:`COLUMNS`) of an open ``predictions.nc``.

    Parameters
    ----------
    fit
        The open file.
    onsets
        (recording, event) -> film time (s).
    """
    names = ("recording", "stimulus", "event")
    table = pd.DataFrame({name: fit[name].values.astype(str) for name in names}).assign(
        fold=fit["fold"].values
    )
    table["onset_s"] = [
        onsets[pair] for pair in zip(table["recording"], table["event"], strict=True)
    ]
    table = table.sort_values(["recording", "onset_s"], kind="stable")
    fresh = (table["fold"] != table["fold"].shift()) | (
        table["recording"] != table["recording"].shift()
    )
    grouped = table.groupby(
        ["recording", "stimulus", fresh.cumsum().rename("stretch"), "fold"], sort=False
    )["onset_s"]
    rows = grouped.agg(first_s="min", last_s="max", events="size").reset_index()
    return rows.assign(subject=str(fit.attrs["subject"]))[COLUMNS]
