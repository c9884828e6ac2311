"""A miniature Brain Treebank release in the published layout, with every trap of the real one
planted.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

MARK = 1000.0  # µV: what the planted sample of a word holds on the first good electrode


@dataclass
class Trial:
    """A trial and what is planted in it."""

    subject: int
    trial: int
    film: str
    sfreq: float
    pauses: list = field(default_factory=list)  # (film time, length in s)
    lead_s: float = 7.3
    film_s: float = 60.0
    replay_s: float = 0.0  # after the first pause the film starts this much earlier again
    jitter: float = 0.0  # samples
    sparse: bool = False  # triggers only where the film starts, stops or pauses
    drift: float = 0.0  # film clock against recorder, relative

    @property
    def stem(self):
        return f"sub_{self.subject}_trial{self.trial:03d}"

    def sample(self, film_s):
        """Return the planted (fractional) sample of film times: the first showing counts."""
        film_s = np.asarray(film_s, float)
        recording = self.lead_s + film_s * (1 + self.drift)
        for k, (at, length) in enumerate(self.pauses):
            recording = np.where(
                film_s > at,
                recording + length + (self.replay_s * (1 + self.drift) if k == 0 else 0),
                recording,
            )
        return recording * self.sfreq


TRIALS = [
    Trial(1, 0, "fantastic-mr-fox", 2048),
    Trial(2, 0, "cars-2", 2048, pauses=[(20.05, 3.0), (40.02, 30.0)], drift=2e-5),
    Trial(2, 1, "fantastic-mr-fox", 2048, pauses=[(30.0, 5.0)], sparse=True),
    Trial(6, 4, "cars-2", 2048, pauses=[(25.0, 4.0)], replay_s=2.0),
    Trial(9, 0, "cars-2", 1024, pauses=[(15.0, 2.0)]),
]

LABELS = {
    1: ["T1bIc1", "T1bIc2", "T1bIc3", "T1bIc4", "F1*0Fa1", "F1*0Fa2", "F1*0Fa3", "DC4", "TRIG4"],
    2: [
        "RT2aA1",
        "RT2aA2#",
        "RT2aA3",
        "RT2aA4",
        "LF3a_1",
        "LF3a_2",
        "LF3a_3",
        "LF3a_4",
        "LF3a_5",
        "LF3a_6",
        "LF3a_7",
        "DC10",
    ],
    6: ["P2b1", "P2b2", "P2b3", "P2b4*", "DC4"],
    9: ["T2d1", "T2d2", "T2d3", "T2d4", "DC4"],
}
# Marks that the electrode list has lost, and one name that is nobody's.
CORRUPTED = {"sub_1": ["F10Fa3#"], "sub_2": ["RT2aA4*", "Nobody9"], "sub_6": [], "sub_9": ["T2d4"]}
LAB_SPELLING = {1: 1, 2: 2, 6: 4, 9: 10}  # release -> laboratory
EXTRA_DATASETS = {1: 1}


def words_of(film, film_s=60.0):
    """Return features.csv of a film: rows without times, repeated rows, infinite and missing
    features, words after the film's end.
    """
    rng = np.random.default_rng(len(film))
    start = np.sort(rng.uniform(1, film_s - 1, 40)).round(3)
    start = np.r_[start, film_s + 5]
    table = pd.DataFrame(
        {
            "text": [f"word{k}" for k in range(len(start))],
            "start": start,
            "end": start + 0.25,
            "sentence": [f"sentence {k // 5}" for k in range(len(start))],
            "sentence_idx": [k // 5 for k in range(len(start))],
            "word_diff": np.where(np.arange(len(start)) % 7 == 0, np.inf, 0.3),
            "pitch": np.where(np.arange(len(start)) % 3 == 0, np.nan, 200.0),
        }
    )
    untimed = table.iloc[[3]].assign(start=np.nan, end=np.nan, text="'d")
    return (
        pd.concat([table, untimed, table.iloc[[10]]])
        .sort_values("start", kind="stable")
        .reset_index(drop=True)
    )


def triggers_of(trial, rng):
    """Return timings.csv: a trigger every 0.1 s while the film plays, pauses and unpauses, one row
    without an index.
    """
    stops = [*(at for at, _ in trial.pauses), trial.film_s]
    rows, start = [], 0.0
    recording = trial.lead_s
    for k, stop in enumerate(stops):
        film = np.arange(start, stop, 0.1)[1:] if not trial.sparse else np.zeros(0)
        film = film[film < stop - 0.01]
        kinds = [
            "beginning" if k == 0 else "unpause",
            *["trigger"] * len(film),
            "pause" if k < len(stops) - 1 else "end",
        ]
        film = np.r_[start, film, stop]
        at = (recording + (film - start) * (1 + trial.drift)) * trial.sfreq
        at[1:-1] += rng.uniform(-1, 1, len(film) - 2) * trial.jitter
        rows.append(
            pd.DataFrame(
                {
                    "type": "x",
                    "movie_time": film,
                    "start_time": 0.0,
                    "end_time": 0.0,
                    "trig_type": kinds,
                    "index": np.rint(at),
                }
            )
        )
        recording += (stop - start) * (1 + trial.drift)
        if k < len(stops) - 1:
            recording += trial.pauses[k][1]
            start = stop - (trial.replay_s if k == 0 else 0)
    table = pd.concat(rows, ignore_index=True).assign(diff=0.0)
    empty = table.iloc[[5 if len(table) > 5 else 1]].assign(index=np.nan)
    return pd.concat([table, empty], ignore_index=True)


def write_release(root, trials=TRIALS, corrupted="release"):
    """Write the release below ``root``; ``corrupted`` spells the subjects as the ``release`` or the
    ``laboratory`` does.
    """
    root = Path(root)
    rng = np.random.default_rng(7)
    for trial in trials:
        _json(
            root / f"electrode_labels/sub_{trial.subject}/electrode_labels.json",
            LABELS[trial.subject],
        )
        _json(
            root / f"subject_metadata/{trial.stem}_metadata.json",
            {"title": trial.film.title(), "filename": trial.film},
        )
        _csv(root / f"subject_timings/{trial.stem}_timings.csv", triggers_of(trial, rng))
        words = words_of(trial.film, trial.film_s)
        _csv(root / f"transcripts/{trial.film}/features.csv", words, index=True)
        _write_h5(root / f"all_subject_data/{trial.stem}.h5", trial, words, rng)
        depth = pd.DataFrame({"Electrode": LABELS[trial.subject], "L": 100, "I": 110, "P": 120})
        depth["DesikanKilliany"] = depth["DKT"] = "ctx-lh-superiortemporal"
        depth["Destrieux"] = "ctx_lh_G_temp_sup-Lateral"
        _csv(
            root / f"localization/sub_{trial.subject}/depth-wm.csv",
            depth[~depth["Electrode"].str.match("DC|TRIG")],
        )
    places = []
    for subject in sorted({t.subject for t in trials}):
        neural = [n for n in LABELS[subject] if not n.startswith(("DC", "TRIG"))]
        for k, name in enumerate(neural):
            clean = name.replace("*", "").replace("#", "").replace("_", "")
            where = (np.nan,) * 3 if (subject, k) == (1, 0) else (30 + k, -50 + subject, -20 - k)
            places.append(
                (
                    f"sub_{subject}-{clean}",
                    *where,
                    int(clean[0] != "R"),
                    f"sub_{subject}",
                    clean,
                    "G_temp_sup-Lateral",
                )
            )
    _csv(
        root / "localization/elec_coords_full.csv",
        pd.DataFrame(
            places, columns=["ID", "Z", "X", "Y", "Hemisphere", "Subject", "Electrode", "Region"]
        ),
    )
    spelled = {k: v for k, v in CORRUPTED.items() if int(k[4:]) in LABELS}
    if corrupted == "laboratory":
        spelled = {f"subject{LAB_SPELLING[int(k[4:])]}": v for k, v in spelled.items()}
    _json(root / "corrupted_elec.json", spelled)
    _csv(
        root / "scene_annotations/cars-2/scenes.csv",
        pd.DataFrame({"start": [0.0, 12.5, 33.0, 70.0], "end": [12.5, 33.0, 70.0, 71.0]}),
    )


def _write_h5(path, trial, words, rng):
    last = trial.sample(trial.film_s) + 5 * trial.sfreq
    samples = int(last)
    path.parent.mkdir(parents=True, exist_ok=True)
    count = len(LABELS[trial.subject]) + EXTRA_DATASETS.get(trial.subject, 0)
    spoken = words["start"].dropna().unique()
    at = np.rint(trial.sample(spoken[spoken <= trial.film_s])).astype(int)
    with h5py.File(path, "w") as file:
        for k in range(count):
            signal = rng.normal(0, 1, samples) + k
            signal[at] += MARK * (k + 1)
            file[f"data/electrode_{k}"] = signal


def _json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def _csv(path, table, index=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=index)
