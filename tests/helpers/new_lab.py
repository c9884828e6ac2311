"""A dataset as a new lab has it: two subjects, two formats, two line frequencies, two transcripts,
and one film that was shown in two runs.
"""

import json
from fractions import Fraction
from pathlib import Path

import av
import mne
import numpy as np
import pandas as pd
from pybv import write_brainvision

FILM_S, PART_S, PICTURES_HZ, SFREQ = 300, 150, 5, 256
CUTS_S = np.arange(4.0, FILM_S, 4.0)
ZERO_S = {"run-1": 6.5, "run-2": 11.25}
WORDS = [
    "the",
    "boy",
    "and",
    "the",
    "dog",
    "saw",
    "that",
    "it",
    "is",
    "not",
    "in",
    "the",
    "house",
    "of",
    "you",
]
NAMES = [*(f"LA{k}" for k in range(1, 7)), *(f"LB{k}" for k in range(1, 5)), "ECG1"]


def write(root: Path) -> Path:
    """Write the dataset and return its root."""
    root.mkdir(parents=True)
    _json(root / "dataset_description.json", {"Name": "New lab", "BIDSVersion": "1.10.0"})
    (root / "stimuli").mkdir()
    _film(root / "stimuli/story.mp4")
    _srt(root / "stimuli/story.srt")
    _textgrid(root / "stimuli/story.TextGrid")
    rng = np.random.default_rng(0)
    for subject, line_hz in (("01", 60), ("02", 50)):
        for run in ZERO_S:
            _recording(root, subject, run, line_hz, rng)
        _electrodes(root / f"sub-{subject}" / "ieeg", subject)
    _rest(root, rng)
    return root


def word_times() -> np.ndarray:
    """Return the onsets of the words (s): two a second, with a pause in each ten seconds."""
    times = np.arange(1.0, FILM_S - 2, 0.5)
    return times[times % 10 < 8]


def _film(path):
    rng = np.random.default_rng(1)
    scene = np.searchsorted(CUTS_S, np.arange(FILM_S * PICTURES_HZ) / PICTURES_HZ, side="right")
    colour = rng.integers(0, 255, (scene.max() + 1, 6, 8, 3), dtype=np.uint8)
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=Fraction(PICTURES_HZ))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for k in scene:
            image = colour[k].repeat(8, 0).repeat(8, 1)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        film.mux(stream.encode())


def _spoken():
    times = word_times()
    words = [WORDS[k % len(WORDS)] for k in range(len(times))]
    return [(word, float(t), float(t) + 0.4) for word, t in zip(words, times, strict=True)]


def _srt(path):
    def clock(t):
        return f"{int(t // 3600):02d}:{int(t % 3600 // 60):02d}:{t % 60:06.3f}".replace(".", ",")

    lines, spoken = [], _spoken()
    for number, first in enumerate(range(0, len(spoken), 8), 1):
        some = spoken[first : first + 8]
        text = " ".join(word for word, *_ in some).capitalize() + "."
        lines += [str(number), f"{clock(some[0][1])} --> {clock(some[-1][2])}", text, ""]
    path.write_text("\n".join(lines))


def _textgrid(path):
    edges, labels = [0.0], []
    for word, onset, offset in _spoken():
        if onset > edges[-1]:
            labels.append("")
            edges.append(onset)
        labels.append(word)
        edges.append(offset)
    labels.append("")
    edges.append(float(FILM_S))
    rows = [
        f'intervals [{k}]:\nxmin = {a}\nxmax = {b}\ntext = "{label}"'
        for k, (a, b, label) in enumerate(zip(edges, edges[1:], labels, strict=False), 1)
    ]
    head = f'item [1]:\nclass = "IntervalTier"\nname = "words"\nxmin = 0\nxmax = {FILM_S}\n'
    path.write_text(
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
        f"xmin = 0\nxmax = {FILM_S}\ntiers? <exists>\nsize = 1\nitem []:\n"
        f"{head}intervals: size = {len(rows)}\n" + "\n".join(rows) + "\n"
    )


def _recording(root, subject, run, line_hz, rng):
    folder = root / f"sub-{subject}" / "ieeg"
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"sub-{subject}_task-story_{run}"
    onset = ZERO_S[run] + (0.75 if subject == "02" else 0.0)
    count = int((onset + PART_S + 5) * SFREQ)
    data = np.cumsum(rng.standard_normal((len(NAMES), count)), axis=1)
    data -= data.mean(axis=1, keepdims=True)
    _signals(folder, stem, data, "edf" if subject == "01" else "vhdr")
    events = {
        "onset": [1.0, onset, onset + PART_S],
        "duration": [0.0, float(PART_S), 0.0],
        "trial_type": ["fixation", "story", "end"],
    }
    pd.DataFrame(events).to_csv(folder / f"{stem}_events.tsv", sep="\t", index=False)
    _sidecars(folder, stem, count, line_hz, "story")


def _rest(root, rng):
    stem, folder = "sub-01_task-rest", root / "sub-01" / "ieeg"
    _signals(folder, stem, rng.standard_normal((len(NAMES), 20 * SFREQ)), "edf")
    _sidecars(folder, stem, 20 * SFREQ, 60, "rest")


def _signals(folder, stem, data_uv, kind):
    if kind == "vhdr":
        write_brainvision(
            data=data_uv * 1e-6,
            sfreq=SFREQ,
            ch_names=NAMES,
            fname_base=f"{stem}_ieeg",
            folder_out=str(folder),
            unit="µV",
            resolution=0.1,
        )
        return
    raw = mne.io.RawArray(data_uv * 1e-6, mne.create_info(NAMES, SFREQ, "seeg"), verbose="error")
    mne.export.export_raw(folder / f"{stem}_ieeg.edf", raw, verbose="error")


def _sidecars(folder, stem, count, line_hz, task):
    table = pd.DataFrame({"name": NAMES, "units": "µV", "low_cutoff": 0.1, "high_cutoff": 100.0})
    table.insert(1, "type", ["ECG" if name == "ECG1" else "SEEG" for name in NAMES])
    table = table.assign(status="good", sampling_frequency=SFREQ)
    table.to_csv(folder / f"{stem}_channels.tsv", sep="\t", index=False)
    info = {"TaskName": task, "SamplingFrequency": SFREQ, "PowerLineFrequency": line_hz}
    info |= {"iEEGReference": "n/a", "SoftwareFilters": "n/a", "RecordingType": "continuous"}
    _json(folder / f"{stem}_ieeg.json", {**info, "RecordingDuration": count / SFREQ})


def _electrodes(folder, subject):
    contacts = [name for name in NAMES if name != "ECG1"]
    table = pd.DataFrame({"name": contacts, "x": -40.0, "y": 0.0, "z": 10.0, "size": 5.0})
    table["x"] -= np.arange(len(contacts))
    table["DKT"] = "superiortemporal"
    stem = f"sub-{subject}_space-MNI152NLin2009cAsym"
    table.to_csv(folder / f"{stem}_electrodes.tsv", sep="\t", index=False)
    _json(
        folder / f"{stem}_coordsystem.json",
        {"iEEGCoordinateSystem": "MNI152NLin2009cAsym", "iEEGCoordinateUnits": "mm"},
    )


def _json(path, content):
    path.write_text(json.dumps(content))
