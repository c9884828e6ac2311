"""Units of channels: read, compared, and judged where a file does not say."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.ieeg.formats.opened import Opened
from fusion.ieeg.recording import samples_of
from fusion.ieeg.segments import Segments
from fusion.io.errors import InputError

VOLT = {"V": 1.0, "mV": 1e-3, "µV": 1e-6, "nV": 1e-9}
WORDS = {"volt": "V", "millivolt": "mV", "microvolt": "µV", "nanovolt": "nV"}
#: Channels of one kind lie within this factor of each other; units are 1000 apart.
SPREAD = 30.0
#: Standard deviations (µV) that intracranial recordings have.
PLAUSIBLE_UV = (0.3, 5000.0)


def known(text: object) -> str | None:
    """Return a unit of voltage as BIDS spells it, ``µV`` for ``uV``; None if it is none."""
    unit = str(text).strip().replace("\u03bc", "\u00b5")
    unit = "µ" + unit[1:] if unit.startswith("u") else unit
    return unit if unit in VOLT else WORDS.get(unit.lower().rstrip("s"))


def factors(
    opened: Opened,
    channels: pd.DataFrame,
    kept: pd.DataFrame,
    segments: Segments,
    settled: str | None,
) -> tuple[np.ndarray, list[str]]:
    """Return by what the volts of each channel are multiplied, (n_channels,), and notes.

    A unit that the file names is taken; where channels.tsv names another one, unless only that fits
    the amplitude. One that the file does not name, or that is no voltage, is judged: by
    channels.tsv if the amplitude then is that of the other channels of its type, else by the unit
    that makes it so. Where a format has one unit by convention, and channels.tsv names another, the
    amplitude tells which of the two it is.

    Parameters
    ----------
    opened
        The recording.
    channels
        channels.tsv.
    kept
        electrode, in_file and type of the channels that are read.
    segments
        Where the recording is continuous.
    settled
        The unit of all channels whose own is not known (key ``ieeg.units``).

    Raises
    ------
    InputError
        If a unit cannot be known.
    """
    out = np.ones(len(kept))
    notes: list[str] = []
    stated = (
        dict(zip(channels["name"], channels["units"], strict=True)) if "units" in channels else {}
    )
    unit = {name: known(text) for name, text in opened.units.items()}
    # as read: volts, or the file's own numbers where the reader did not know the unit
    open_ = [k for k, name in enumerate(kept["in_file"]) if name in opened.units]
    for k in open_:
        name = kept["in_file"].iloc[k]
        if unit[name] and name in opened.assumed:
            out[k] = VOLT[str(unit[name])] / opened.assumed[name]
    odd = [k for k in open_ if unit[kept["in_file"].iloc[k]] is None]
    table = [known(stated.get(name, "")) for name in kept["electrode"]]
    by_file = [unit.get(name) for name in kept["in_file"]]
    differ = [k for k in open_ if by_file[k] and table[k] and by_file[k] != table[k]]
    usual_unit = opened.convention
    if usual_unit:
        odd = [k for k, by_table in enumerate(table) if by_table not in (None, usual_unit)]
    if odd and settled:
        for k in odd:
            out[k] = VOLT[settled] / (VOLT[usual_unit] if usual_unit else 1.0)
        notes, odd = [f"unit of {len(odd)} channels by ieeg.units: {settled}"], []
    if not odd and not differ:
        return out, notes
    # as volts, or as the file's own numbers where the unit is open
    size = {
        k: _size(samples_of(opened, opened.names.index(kept["in_file"].iloc[k]), segments))
        * out[k]
        / (VOLT[usual_unit] if usual_unit and k in odd else 1.0)
        for k in range(len(kept))
    }
    usual: dict[str, float] = {}
    for kind in kept["type"].unique():
        open_kinds = {*odd, *differ}
        sure = [k for k, one in enumerate(kept["type"]) if one == kind and k not in open_kinds]
        sizes = [size[k] for k in sure]
        if usual_unit:  # a convention is believed where it makes sense
            sizes = [s for s in sizes if PLAUSIBLE_UV[0] <= 1e6 * s <= PLAUSIBLE_UV[1]]
        sizes = [s for s in sizes if s > 0]
        if sizes:
            usual[kind] = float(np.median(sizes))
    unsure, said = [], []
    for k in odd:
        typical = usual.get(kept["type"].iloc[k])
        found = _judge(size[k], typical, table[k])
        if found is None and usual_unit:
            found = _judge(size[k], typical, usual_unit)
        if found is None:
            unsure.append(k)
        else:
            out[k] = VOLT[found] / (VOLT[usual_unit] if usual_unit else 1.0)
            said.append(found)
    swapped = 0
    for k in differ:  # the file is believed, unless only the table fits the amplitude
        typical, factor = (
            usual.get(kept["type"].iloc[k]),
            VOLT[str(table[k])] / VOLT[str(by_file[k])],
        )
        own = _judge(size[k] / VOLT[str(by_file[k])], typical, by_file[k])
        if not own and _judge(size[k] / VOLT[str(by_file[k])], typical, table[k]):
            out[k], swapped = out[k] * factor, swapped + 1
    if swapped:
        notes.append(f"{swapped} channels have the unit of channels.tsv by their amplitude")
    if unsure:
        names = ", ".join(
            f"{kept['electrode'].iloc[k]} ({opened.units.get(kept['in_file'].iloc[k], table[k])!r})"
            for k in unsure
        )
        raise InputError(
            opened.path,
            "units",
            f"units that are not known or contradict the amplitude: {names}",
            "V, mV, µV or nV in the file or in channels.tsv, or the unit of these channels in"
            " ieeg.units",
        )
    if not odd:
        return out, notes
    each = ", ".join(f"{said.count(u)} as {u}" for u in VOLT if u in said)
    notes.append(f"unit of {len(odd)} channels not named by the data file, judged: {each}")
    return out, notes


def _size(pieces: np.ndarray) -> float:
    """Return the robust standard deviation of stretches of signal, each about its median."""
    away = np.abs(pieces - np.median(pieces, axis=1, keepdims=True))
    return float(np.median(np.median(away, axis=1)) / 0.6744897501960817)


def _judge(size: float, usual: float | None, by_table: str | None) -> str | None:
    """Return the unit of a channel whose numbers have the standard deviation ``size``; None if it
    cannot be told.
    """
    if size == 0:
        return by_table or "µV"  # flat: left out anyway
    if usual is None:
        low, high = PLAUSIBLE_UV
        fits = by_table is not None and low <= size * VOLT[by_table] * 1e6 <= high
        return by_table if fits else None
    fitting = [u for u, volt in VOLT.items() if 1 / SPREAD < size * volt / usual < SPREAD]
    if by_table is not None:
        return by_table if by_table in fitting else None
    return fitting[0] if len(fitting) == 1 else None
