"""Words that a reader sees in place of ids: models, contrasts, regions, verdicts, and their
colours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd

from fusion.contrasts.spec import VERDICTS
from fusion.figures import colours
from fusion.ids import Operand

#: Model -> its name as people write it.
Labels = Mapping[str, str]

EMPTY = ("undecided", "none", "not tested")
VERDICT_MEANINGS = {
    "interaction": (
        "beats linear, and the part of a joint network that is neither vision nor language adds to"
        " both"
    ),
    "beats linear": (
        "a multimodal model beats its unimodal rivals, and vision and language put together"
        " linearly"
    ),
    "beats unimodal": (
        "a multimodal model beats its unimodal rivals; that it beats their linear combination is"
        " not shown"
    ),
    "better": (
        "a multimodal model beats the rivals that the config names; whether it beats all unimodal"
        " ones was not tested"
    ),
    "vision and language": (
        "follows both, each predicted by models of its own; beats unimodal not shown"
    ),
    "vision": "follows vision, not language; no sign that multimodal models are better",
    "language": "follows language, not vision; no sign that multimodal models are better",
    "audio": "follows sound; language models predict it worse or not at all",
    "video": "follows motion; networks of single frames predict it worse or not at all",
    "undecided": "tested, and the evidence names none of the above",
    "none": "tested, and no model predicts it (no signal)",
    "not tested": "dropped in cleaning, or no score to test",
}
VERDICT_COLOURS = {
    "interaction": "#A50026",
    "beats linear": colours.VERMILLION,
    "beats unimodal": colours.ORANGE,
    "better": colours.ORANGE,
    "vision and language": colours.PURPLE,
    "vision": colours.BLUE,
    "language": colours.GREEN,
    "audio": colours.YELLOW,
    "video": colours.SKY,
    "undecided": "#222222",
    "none": "#A0A0A0",
    "not tested": "#B0B0B0",
}
VERDICT_MARKERS = {
    "interaction": "*",
    "beats linear": "o",
    "beats unimodal": "P",
    "better": "p",
    "vision and language": "D",
    "vision": "^",
    "language": "s",
    "audio": "v",
    "video": "X",
    "undecided": "o",
    "none": "o",
    "not tested": "x",
}
SPARE_COLOURS = (colours.GREY, colours.LIGHT)
SPARE_MARKERS = ("h", "8")

MODALITY_COLOURS = {
    "vision-language": colours.VERMILLION,
    "vision": colours.BLUE,
    "language": colours.GREEN,
    "audio": colours.YELLOW,
    "video": colours.SKY,
}

TESTS = {
    "multimodal_any": "1: best model multimodal, one alignment",
    "multimodal_all": "2: best model multimodal, both alignments",
    "matched_any": "3: beats its vision-only twin, one alignment",
    "matched_all": "4: beats its vision-only twin, both alignments",
    "linear_any": "5: beats linear combination",
}
#: Rungs of the ladder as the table of overlaps names them.
LADDER = {
    "rung_unimodal": "Ladder: beats unimodal",
    "rung_linear": "Ladder: beats linear",
    "rung_interaction": "Ladder: interaction",
}

# Desikan-Killiany-Tourville names as FreeSurfer writes them.
DKT = {
    "bankssts": "Banks of sup. temp. sulcus",
    "caudalanteriorcingulate": "Caudal ant. cingulate",
    "caudalmiddlefrontal": "Caudal middle frontal",
    "cuneus": "Cuneus",
    "entorhinal": "Entorhinal",
    "frontalpole": "Frontal pole",
    "fusiform": "Fusiform",
    "inferiorparietal": "Inferior parietal",
    "inferiortemporal": "Inferior temporal",
    "insula": "Insula",
    "isthmuscingulate": "Isthmus cingulate",
    "lateraloccipital": "Lateral occipital",
    "lateralorbitofrontal": "Lateral orbitofrontal",
    "lingual": "Lingual",
    "medialorbitofrontal": "Medial orbitofrontal",
    "middletemporal": "Middle temporal",
    "paracentral": "Paracentral",
    "parahippocampal": "Parahippocampal",
    "parsopercularis": "Pars opercularis",
    "parsorbitalis": "Pars orbitalis",
    "parstriangularis": "Pars triangularis",
    "pericalcarine": "Pericalcarine",
    "postcentral": "Postcentral",
    "posteriorcingulate": "Posterior cingulate",
    "precentral": "Precentral",
    "precuneus": "Precuneus",
    "rostralanteriorcingulate": "Rostral ant. cingulate",
    "rostralmiddlefrontal": "Rostral middle frontal",
    "superiorfrontal": "Superior frontal",
    "superiorparietal": "Superior parietal",
    "superiortemporal": "Superior temporal",
    "supramarginal": "Supramarginal",
    "temporalpole": "Temporal pole",
    "transversetemporal": "Transverse temporal",
}


def region_name(region: str) -> str:
    """Return a region's readable name: ``ctx-lh-superiortemporal`` -> ``Superior temporal``;
    unknown names as they are.
    """
    bare = re.sub(r"^(ctx[-_])?([lr]h|left|right)[-_ ]", "", region, flags=re.IGNORECASE)
    key = bare.lower().replace("_", "").replace("-", "").replace(" ", "")
    return DKT.get(key, bare.replace("_", " "))


def fit_name(fit: str, labels: Labels) -> str:
    """Return a fit's name as printed: trained and true pairing go without saying."""
    model, *rest = fit.split("-")
    said = [part for part in rest if part not in ("trained", "true")]
    return " ".join([labels[model], *said])


def operand_name(side: Operand, labels: Labels) -> str:
    """Return one side of a contrast in words."""
    if not side.fits:
        return "nothing"
    if side.rank > 1:
        return f"rank {side.rank} of {len(side.fits)} models"
    if len(side.fits) == 1:
        return fit_name(side.names[0], labels)
    return f"best of {len(side.fits)} ({', '.join(fit_name(fit, labels) for fit in side.names)})"


def contrast_name(contrast: str) -> str:
    """Return a contrast's name as printed."""
    return contrast.replace("_", " ")


def verdict_order(verdicts: Iterable[str]) -> list[str]:
    """Return the verdicts that occur, in the order of legends: known ones first, then others by
    name, then the empty ones.
    """
    present = set(verdicts)
    known = [v for v in VERDICTS if v in present]
    others = sorted(present - set(VERDICTS))
    return [v for v in known if v not in EMPTY] + others + [v for v in known if v in EMPTY]


def verdict_colour(verdict: str, order: list[str]) -> str:
    """Return a verdict's colour; a verdict without one of its own takes a spare."""
    spare = [v for v in order if v not in VERDICT_COLOURS]
    return VERDICT_COLOURS.get(verdict) or SPARE_COLOURS[spare.index(verdict) % len(SPARE_COLOURS)]


def verdict_marker(verdict: str, order: list[str]) -> str:
    """Return a verdict's marker, so that colour is never the only difference."""
    spare = [v for v in order if v not in VERDICT_MARKERS]
    return VERDICT_MARKERS.get(verdict) or SPARE_MARKERS[spare.index(verdict) % len(SPARE_MARKERS)]


def printed(value: float | None) -> str:
    """Return a number as readers see it: integers whole, others to three significant digits,
    with a true minus sign.
    """
    if value is None or pd.isna(value):
        return "n/a"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if float(value).is_integer():
        text = f"{int(value):,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(int(value))
    elif abs(value) < 0.001:
        text = f"{value:.1e}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "\u2212")
