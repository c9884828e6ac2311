"""Names of contacts: shaft and number, and when two spellings mean the same contact."""

from __future__ import annotations

import re
import unicodedata

# Recorded beside the brain, and often typed as neural in channels.tsv: triggers, heart, eyes, pulse
# oximetry, markers.
NON_NEURAL = (
    r"(ECG|EKG|EOG|EMG|DC|TRIG|TRIGGER|MKR|MARK|STIM|STI|EVENT|STATUS|OSAT|SPO2|PLETH|RESP|BEAT)["
    r" ._-]*[0-9]*[+-]?[ablr]?"
)
# Those of which each stands alone: with numbers these are the contacts of a shaft.
ALONE = r"PR|LOC|ROC|CHIN|PHOTIC|PULSE|PULSE ?RATE|ETCO2|AIRFLOW|PATIENT ?EVENT"


#: What amplifiers write around the name of a contact: ``EEG A1-Ref``, ``POL A1``.
AROUND = re.compile(r"^(?:EEG|SEEG|IEEG|ECOG|POL)\s+|\s*-\s*(?:G?REF|AVG?|CREF)\d*$", re.IGNORECASE)


def split(name: str) -> tuple[str, int | None]:
    """Return the shaft (stem) and the number of a contact, ``("T1bIc", 4)``; the number is None if
    there is none.
    """
    match = re.fullmatch(r"(.*?)[ _-]?0*([0-9]+)", name.strip())
    return (match[1], int(match[2])) if match else (name.strip(), None)


def pair(name: str) -> tuple[str, str] | None:
    """Return the two contacts of a bipolar channel's name, ``A1-A2``; None for other names."""
    match = re.fullmatch(r"\s*([A-Za-z']+[^-]*?[0-9]+)\s*-\s*([A-Za-z']+[^-]*?[0-9]+)\s*", name)
    return (match[1], match[2]) if match else None


def normalised(name: str) -> str:
    """Return ``name`` without the marks that lists of contacts carry in one place and not in
    another (``*``, ``#``, ``_``), in Unicode's composed form.
    """
    return re.sub(r"[*#_\s]", "", unicodedata.normalize("NFC", name))


def is_non_neural(name: str) -> bool:
    """Return whether a name is one of a channel that is not on the brain, such as ``DC4``, ``ECG1``
    or ``Pleth``.
    """
    found = re.compile(f"{NON_NEURAL}|{ALONE}", re.IGNORECASE)
    return any(found.fullmatch(one.strip()) for one in pair(name) or (name,))


def match(wanted: list[str], present: list[str]) -> dict[str, str]:
    """Return ``wanted`` name -> ``present`` name for the names that are the same contact.

    Exact matches come first; then names that agree without case, spaces, ``*``, ``#`` and ``_``,
    then those that agree without what amplifiers write around them, where that is unambiguous.
    Position in a list is never used."""
    found = {name: name for name in set(wanted) & set(present)}
    for spelling in (normalised, lambda name: normalised(AROUND.sub("", name.strip()))):
        left: dict[str, list[str]] = {}
        for name in present:
            if name not in found.values():
                left.setdefault(spelling(name).lower(), []).append(name)
        for name in wanted:
            if name not in found and len(left.get(spelling(name).lower(), [])) == 1:
                found[name] = left.pop(spelling(name).lower())[0]
    return found
