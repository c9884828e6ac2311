"""Re-referencing: what is subtracted from each contact."""

from __future__ import annotations

import pandas as pd

from fusion.ieeg import names

COLUMNS = ["electrode", "plus", "minus", "group"]


def montage(
    table: pd.DataFrame, reference: str, shaft_ends: str = "drop", ecog_reference: str = "average"
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return what each output channel is made of, and which electrodes drop out.

    Parameters
    ----------
    table
        Channels as :func:`fusion.ieeg.channels.usable` returns them; only those kept are used, as
        contact or as neighbour.
    reference
        ``laplacian``: contact minus the mean of its neighbours, the contacts of the same shaft
        numbered one below and one above. ``bipolar``: contact minus the one numbered one above.
        ``average``: minus the mean of all kept contacts. ``none``.
    shaft_ends
        With ``laplacian``, a contact with only one usable neighbour: ``drop`` it, or ``keep`` it
        with that neighbour.
    ecog_reference
        What surface contacts (type ECOG) get where ``reference`` is ``laplacian`` or ``bipolar``,
        whose neighbours by number are neighbours in space on a shaft only: ``average`` of the
        surface contacts, ``none``, or ``laplacian`` for the same.

    Returns
    -------
    montage : pandas.DataFrame
        electrode, plus (contact), minus (tuple of contacts whose mean is subtracted), group (name
        of the average that is subtracted, empty for none).
    dropped : dict
        electrode -> reason.
    """
    kept = table[table["kept"]]
    by_place: dict[tuple[str, int | None], str] = {}
    for name in kept["electrode"]:
        if names.split(name)[1] is not None:
            by_place.setdefault(names.split(name), name)  # A1 and A01 are one contact
    known = {names.split(n): n for n in table["electrode"]}
    rows: list[tuple[str, str, tuple[str, ...], str]] = []
    dropped: dict[str, str] = {}
    for name, kind in zip(kept["electrode"], kept["type"], strict=True):
        if names.split(name)[1] is not None and by_place[names.split(name)] != name:
            dropped[name] = f"the same contact as {by_place[names.split(name)]}"
            continue
        how = (
            ecog_reference
            if kind == "ECOG"
            and reference in ("laplacian", "bipolar")
            and ecog_reference != "laplacian"
            else reference
        )
        if how in ("none", "average"):
            group = "" if how == "none" else ("ECOG" if reference != "average" else "all")
            rows.append((name, name, (), group))
            continue
        stem, number = names.split(name)
        if number is None:
            dropped[name] = "no contact number, so no neighbour"
            continue
        above = by_place.get((stem, number + 1), "")
        if how == "bipolar":
            if above:
                rows.append((f"{name}-{above}", name, (above,), ""))
            elif (stem, number - 1) not in by_place:
                dropped[name] = "no usable neighbour to pair with"
            continue
        neighbours = tuple(n for n in (by_place.get((stem, number - 1)), above) if n)
        if len(neighbours) == 2 or (len(neighbours) == 1 and shaft_ends == "keep"):
            rows.append((name, name, neighbours, ""))
        else:
            missing = [
                known.get((stem, number + d)) for d in (-1, 1) if (stem, number + d) not in by_place
            ]
            unusable = [n for n in missing if n]
            dropped[name] = (
                f"no usable neighbour: {', '.join(unusable)} not kept"
                if unusable
                else "end of its shaft: one neighbour only"
            )
            if not neighbours and not unusable:
                dropped[name] = "no neighbour on its shaft"
    for group in {row[3] for row in rows} - {""}:
        members = [row for row in rows if row[3] == group]
        if len(members) == 1:
            dropped[members[0][0]] = "average of a single contact"
            rows.remove(members[0])
    return pd.DataFrame(rows, columns=COLUMNS), dropped
