"""Cleaning and responses of one recording: this workflow's streaming way against the plain mne way.

A synthetic recording (1/f noise and line noise; 10 shafts of 15 contacts, 2048 Hz, 30 minutes,
BrainVision int16) is cleaned by `preprocess`'s own steps (Laplacian, 0.1 Hz high-pass, notch at 60
Hz and its harmonics below Nyquist, written to disk as float32) and cut into `responses` (161 means
over 200 ms around each of 2,000 events, written to disk). The plain way: `Raw.load_data()`,
`Raw.notch_filter()` at the same frequencies, `Raw.filter(0.1, None)`, the Laplacian in numpy, then
`Epochs` and a loop over epochs and bins; nothing is written. Each way runs in a process of its own
with one thread; CPU seconds and the process's peak memory, imports included. A second pair leaves
the high-pass out on both sides.

Usage: python benchmarks/ieeg.py FOLDER [MINUTES CHANNELS EVENTS] (about 4 GB in FOLDER, 9 GB of
memory for mne)"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MNE_LOGGING_LEVEL="error")
sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/lib"))

import numpy as np
import pandas as pd
from scipy.signal import lfilter

SFREQ, LINE, PER_SHAFT = 2048, 60.0, 15
CLEANING = {
    "reference": "laplacian",
    "ecog_reference": "average",
    "shaft_ends": "drop",
    "line_freq_hz": None,
    "notch_harmonics": None,
    "notch_quality": 30,
    "phase": "zero",
    "high_gamma_hz": False,
    "zscore": False,
    "despike_sd": False,
}


def names_of(channels):
    """Return the names of the channels, shaft by shaft."""
    return [f"{chr(65 + k // PER_SHAFT)}{k % PER_SHAFT + 1}" for k in range(channels)]


def make(folder, minutes, channels):
    """Write the recording in time-major int16 with pieces of one second, all different."""
    path = folder / "recording_ieeg.vhdr"
    samples = int(minutes * 60 * SFREQ)
    if path.exists() and path.with_suffix(".eeg").stat().st_size == samples * channels * 2:
        return path
    rng = np.random.default_rng(0)
    with open(path.with_suffix(".eeg"), "wb") as file:
        state = np.zeros((1, channels), np.float32)
        for start in range(0, samples, SFREQ):
            n = min(SFREQ, samples - start)
            steps = rng.standard_normal((n, channels), dtype=np.float32)
            slow, state = lfilter([1], [1, -0.999], steps, axis=0, zi=state)
            line = 20 * np.sin(2 * np.pi * LINE * np.arange(start, start + n) / SFREQ)[:, None]
            file.write(np.clip((slow + line) * 10, -32000, 32000).astype("<i2").tobytes())
    rows = "\n".join(f"Ch{k}={name},,0.1,µV" for k, name in enumerate(names_of(channels), 1))
    path.write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n"
        "[Common Infos]\nCodepage=UTF-8\n"
        "DataFile=recording_ieeg.eeg\nMarkerFile=recording_ieeg.vmrk\n"
        "DataFormat=BINARY\nDataOrientation=MULTIPLEXED\n"
        f"NumberOfChannels={channels}\nSamplingInterval={1e6 / SFREQ!r}\n"
        f"[Binary Infos]\nBinaryFormat=INT_16\n[Channel Infos]\n{rows}\n",
        encoding="utf-8",
    )
    path.with_suffix(".vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n[Common"
        " Infos]\nDataFile=recording_ieeg.eeg\n[Marker Infos]\n",
        encoding="utf-8",
    )
    return path


def onsets_of(events, minutes):
    """Return random event times (s)."""
    return np.linspace(5, minutes * 60 - 5, events) + np.random.default_rng(1).uniform(
        -0.2, 0.2, events
    )


def streaming(path, minutes, events, high_pass):
    """Clean and bin as `preprocess` and `responses` do; return CPU seconds of the two and some of
    the result.
    """
    import mne

    from fusion.ieeg import binning, brainvision, cleaning, recording, reference
    from fusion.ieeg.segments import segments
    from fusion.ieeg.spec import CleaningSpec
    from fusion.io import labelled

    mne.set_log_level("error")
    folder, started = path.parent, time.process_time()
    opened = recording.open_recording([str(path)], [], {})
    usable = pd.DataFrame({"electrode": opened.names, "type": "SEEG", "kept": True})
    whole, factors = segments(opened.samples, SFREQ), np.ones(len(opened.names))
    channels, _, _ = recording.transpose(opened, opened.names, factors, whole, folder / "channels")
    montage, _ = reference.montage(usable, "laplacian")
    number = {name: k for k, name in enumerate(opened.names)}
    spec = CleaningSpec(**CLEANING, high_pass_hz=0.2 if high_pass else False)
    signals = cleaning.clean(montage, lambda name: channels.read(number[name]), SFREQ, LINE, spec)
    brainvision.write(
        folder / "clean_ieeg.vhdr", list(montage["electrode"]), signals, opened.samples, SFREQ
    )
    (folder / "channels").unlink()
    cleaned = time.process_time()

    clean = brainvision.Vectorized(folder / "clean_ieeg.eeg", len(montage))
    grid = binning.bins((-2000, 2000), 200, 25, SFREQ)
    sample = np.rint(onsets_of(events, minutes) * SFREQ).astype(int)
    coords = {
        "event": np.arange(len(sample)),
        "electrode": list(montage["electrode"]),
        "bin_ms": grid.centre_ms,
    }
    with labelled.create(folder / "responses.nc", coords) as file:
        response = labelled.add(file, "response", ("event", "electrode", "bin_ms"))
        for batch in binning.batches(len(montage), len(sample) * len(grid.centre_ms) * 4):
            part = np.empty((len(sample), len(batch), len(grid.centre_ms)), np.float32)
            for k, electrode in enumerate(batch):
                part[:, k] = binning.bin_means(clean.read(electrode), sample, grid)
            response[:, batch[0] : batch[-1] + 1] = part
    done = time.process_time()
    with labelled.open_labelled(folder / "responses.nc") as data:
        some = data["response"][::100, :3].values
    return cleaned - started, done - cleaned, some


def plain(path, minutes, events, high_pass):
    """Clean and bin with mne's own methods; return CPU seconds of the two and some of the
    result.
    """
    import mne

    started = time.process_time()
    raw = mne.io.read_raw_brainvision(path, preload=False)
    raw.set_channel_types(dict.fromkeys(raw.ch_names, "seeg"))
    raw.load_data()
    raw.notch_filter(np.arange(LINE, SFREQ / 2, LINE))
    if high_pass:
        raw.filter(0.2, None)
    shafts = np.array([name[0] for name in raw.ch_names])
    inner = [k for k in range(1, len(shafts) - 1) if shafts[k - 1] == shafts[k] == shafts[k + 1]]
    data = np.empty((len(inner), raw.n_times))
    for row, k in enumerate(inner):
        below, contact, above = raw.get_data(picks=[k - 1, k, k + 1])
        data[row] = contact - (below + above) / 2
    info = mne.create_info([raw.ch_names[k] for k in inner], SFREQ, "seeg")
    del raw
    laplacian = mne.io.RawArray(data, info)
    cleaned = time.process_time()

    onsets = np.rint(onsets_of(events, minutes) * SFREQ).astype(int)
    table = np.column_stack([onsets, np.zeros_like(onsets), np.ones_like(onsets)])
    epochs = mne.Epochs(laplacian, table, tmin=-2.1, tmax=2.1, baseline=None, preload=False)
    centres = np.arange(-2000, 2001, 25) / 1000
    edges = [(int(np.rint((c - 0.1) * SFREQ)), int(np.rint((c + 0.1) * SFREQ))) for c in centres]
    zero = int(np.rint(2.1 * SFREQ))
    response = np.empty((len(onsets), len(inner), len(centres)), np.float32)
    for e, epoch in enumerate(epochs):
        for b, (start, stop) in enumerate(edges):
            response[e, :, b] = epoch[:, zero + start : zero + stop].mean(axis=1) * 1e6
    return cleaned - started, time.process_time() - cleaned, response[::100, :3]


def child(way, path, minutes, events, high_pass):
    """Run one way in this process and print what it took."""
    clean_s, bin_s, some = {"streaming": streaming, "plain": plain}[way](
        Path(path), minutes, events, high_pass
    )
    np.save(Path(path).parent / f"{way}.npy", some)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"way": way, "clean_s": clean_s, "responses_s": bin_s, "peak_mb": peak}))


def main(folder, minutes=30.0, channels=150, events=2000):
    """Run both ways, with and without the high-pass, and write the table."""
    folder.mkdir(parents=True, exist_ok=True)
    path = make(folder, minutes, channels)
    rows = []
    for high_pass in (False, True):
        pair = {}
        for way in ("streaming", "plain"):
            command = [
                sys.executable,
                __file__,
                "--child",
                way,
                str(path),
                str(minutes),
                str(events),
                str(int(high_pass)),
            ]
            pair[way] = json.loads(
                subprocess.run(
                    command, check=True, capture_output=True, text=True
                ).stdout.splitlines()[-1]
            )
        a, b = pair["streaming"], pair["plain"]
        ours, theirs = np.load(folder / "streaming.npy"), np.load(folder / "plain.npy")
        rows.append(
            {
                "filters": "notch and 0.2 Hz high-pass" if high_pass else "notch",
                **{
                    f"{way} {key}": round(row[key], 1)
                    for way, row in pair.items()
                    for key in ("clean_s", "responses_s", "peak_mb")
                },
                "clean ratio": round(b["clean_s"] / a["clean_s"], 2),
                "responses ratio": round(b["responses_s"] / a["responses_s"], 2),
                "time ratio": round(
                    (b["clean_s"] + b["responses_s"]) / (a["clean_s"] + a["responses_s"]), 2
                ),
                "memory ratio": round(b["peak_mb"] / a["peak_mb"], 2),
                "r of the responses": round(
                    float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]), 4
                ),
            }
        )
        print(json.dumps(rows[-1], indent=1), flush=True)
    pd.DataFrame(rows).T.to_csv(folder / "ieeg.tsv", sep="\t", header=False)


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        child(
            sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5]), bool(int(sys.argv[6]))
        )
    else:
        numbers = (
            [float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])] if len(sys.argv) > 2 else []
        )
        main(Path(sys.argv[1]), *numbers)
