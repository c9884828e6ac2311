"""Where electrodes are: which coordinates may be drawn on the MNI template, and what to say of the
others.
"""

from __future__ import annotations

import pandas as pd

# BIDS names of spaces that share the MNI axes to within a few millimetres; anything else is not
# drawn on the template.
MNI_PREFIXES = ("MNI", "ICBM", "fsaverage", "NIHPD", "OASIS", "UNCInfant", "IXI549Space")


def is_mni(space: object) -> bool:
    """Return whether a coordinate space may be drawn on the MNI template."""
    return isinstance(space, str) and space.startswith(MNI_PREFIXES)


def located(sites: pd.DataFrame) -> pd.Series:
    """Return, per site, whether it has coordinates at all."""
    return sites[["x", "y", "z"]].notna().all(axis=1)


def on_template(sites: pd.DataFrame) -> pd.Series:
    """Return, per site, whether it can be drawn on the MNI template."""
    return located(sites) & sites["space"].map(is_mni).astype(bool)


def missing_note(sites: pd.DataFrame) -> str:
    """Return a sentence on the sites that a brain figure leaves out; empty if it shows them all."""
    without = int((~located(sites)).sum())
    elsewhere = sites[located(sites) & ~on_template(sites)]
    said = []
    if without:
        said.append(f"{without} of {len(sites)} sites have no coordinates")
    if len(elsewhere):
        names = ", ".join(
            sorted({str(s) if isinstance(s, str) else "unknown" for s in elsewhere["space"]})
        )
        said.append(
            f"{len(elsewhere)} of {len(sites)} have coordinates in a space that is not MNI"
            f" ({names})"
        )
    return f"{'; '.join(said)}. They are not drawn on the template." if said else ""
