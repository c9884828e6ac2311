"""What describes a clean recording, as BIDS derivatives want it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from fusion.ieeg.spec import CleaningSpec, PreprocessSpec

if TYPE_CHECKING:
    from fusion.ieeg.preparation import Source

REFERENCES = {
    "laplacian": "Laplacian: minus the mean of the neighbours on the shaft",
    "bipolar": "bipolar: minus the next contact of the shaft",
    "average": "common average of the kept contacts",
    "none": "as recorded",
}


def channels(
    montage: pd.DataFrame, usable: pd.DataFrame, how: CleaningSpec, sfreq: float
) -> pd.DataFrame:
    """Return channels.tsv of the clean recording.

    Parameters
    ----------
    montage
        What was subtracted from each contact.
    usable
        Channels of the recording, with their type.
    how
        How the signals were cleaned.
    sfreq
        Sampling rate (Hz).
    """
    kinds = usable.set_index("electrode")["type"]
    described = [_derivation(row) for row in montage.itertuples()]
    low, high = how.high_gamma_hz or (how.high_pass_hz or None, None)
    return pd.DataFrame(
        {
            "name": montage["electrode"],
            "type": [kinds[plus] for plus in montage["plus"]],
            "units": "n/a" if how.zscore else "µV",
            "low_cutoff": low,
            "high_cutoff": high,
            "reference": described,
            "sampling_frequency": sfreq,
            "status": "good",
        }
    )


def _derivation(row: Any) -> str:
    if row.group:
        return f"average of {row.group}"
    if len(row.minus) > 1:
        return f"mean of {' and '.join(row.minus)}"
    return row.minus[0] if row.minus else "as recorded"


def ieeg(
    source: Source, spec: PreprocessSpec, montage: pd.DataFrame, usable: pd.DataFrame
) -> dict[str, Any]:
    """Return the content of ``*_desc-clean_ieeg.json``."""
    info, how, line_hz = source.info, spec.cleaning, source.line_hz
    kinds = usable.set_index("electrode")["type"].reindex(montage["plus"]).value_counts()
    high_pass = {"Type": "4th-order Butterworth", "CutoffHz": how.high_pass_hz, "Phase": how.phase}
    notch = {"LineHz": line_hz, "Harmonics": how.notch_harmonics, "Quality": how.notch_quality}
    filters = {
        "HighPass": high_pass if how.high_pass_hz else None,
        "Notch": {**notch, "Phase": how.phase} if line_hz else None,
        "HighGamma": {"BandHz": how.high_gamma_hz, "Output": "Hilbert amplitude"}
        if how.high_gamma_hz
        else None,
        "Despike": {"RobustSD": how.despike_sd} if how.despike_sd else None,
        "ZScore": {"Over": "recording"} if how.zscore else None,
    }
    return {
        "TaskName": info.get("TaskName") or spec.task,
        "Manufacturer": info.get("Manufacturer") or "n/a",
        "SamplingFrequency": source.sfreq,
        "PowerLineFrequency": line_hz or "n/a",
        "SoftwareFilters": {name: value for name, value in filters.items() if value} or "n/a",
        "HardwareFilters": info.get("HardwareFilters") or "n/a",
        "iEEGReference": REFERENCES[how.reference],
        "RecordingDuration": source.samples / source.sfreq,
        "RecordingType": "discontinuous" if len(source.segments) > 1 else "continuous",
        "ElectricalStimulation": bool(info.get("ElectricalStimulation", False)),
        "ECOGChannelCount": int(kinds.get("ECOG", 0)),
        "SEEGChannelCount": int(kinds.get("SEEG", 0)),
    }
