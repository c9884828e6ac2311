"""Which further tables the report knows, what each is about, and how it is introduced."""

from __future__ import annotations

import pandas as pd

from fusion.report import page_tables

# Name of the table -> (title, what it shows, figures that belong to it).
KNOWN = {
    "partition": ("Variance partition", "How much of each site's predictable activity is unique to vision, to language, to low-level features and to the multimodal "
                  "network, cross-validated in the same folds. A unique multimodal part can also come from a better code of one modality.", ["partition"]),
    "interaction": ("Interaction of vision and language", "The strict claim: the part of a joint network's features that is neither vision alone nor language alone must "
                    "add to both.", ["interaction"]),
    "shuffle": ("Modality shuffle", "The joint network on frames with misaligned text. A drop says that a site follows that modality, not that it joins the two.", ["shuffle"]),
    "leak": ("Leak meter", "r of what knows nothing of content: position in the film, word rate, and autocorrelated features, on the same folds. Where it rivals a "
             "model's r, that r is not to be trusted.", ["leak"]),
    "floors": ("Floors", "How many sites contrasts name that should name none: two random initialisations, two layers of one network, two seeds.", ["floors"]),
    "ceiling": ("Noise ceiling", "A bound on explainable r, where a film was seen twice or by several subjects.", ["ceiling"]),
    "passive": ("Passive control", "The same pipeline on features of the stimulus as if they were electrodes: what appears before an event here is no anticipation.", ["passive"]),
    "calibration": ("Calibration", "Error rates and power of the tests in planted-truth simulations on this dataset's own events and electrodes.", ["calibration"]),
}  # fmt: skip
MOST_ROWS = 400


def sections(tables: dict[str, pd.DataFrame], figures: set[str]) -> list[dict]:
    """Return one section per further table or figure that is there, known ones first and in order."""
    out = []
    for name in [*[k for k in KNOWN if k in tables or figures & set(KNOWN[k][2])], *sorted(set(tables) - set(KNOWN))]:
        title, text, drawn = KNOWN.get(name, (name.replace("_", " ").capitalize(), f"The table {name}.tsv.", []))
        shown = None
        if name in tables:
            frame = tables[name]
            more = f" The first {MOST_ROWS} of {len(frame)} rows; the file {name}.tsv has all." if len(frame) > MOST_ROWS else ""
            shown = page_tables.table(
                frame.head(MOST_ROWS), f"table-{name}", f"{title}.{more}", sortable=True, filtered=len(frame) > 12, tall=len(frame) > 15
            )
        out.append({"title": title, "text": text, "figures": drawn, "table": shown})
    return out
