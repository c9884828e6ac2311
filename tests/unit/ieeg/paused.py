"""One recording written in every format that BIDS allows, with pauses, and the files that describe
it. Signals are in µV.
"""

import datetime
import json
from pathlib import Path

import h5py
import mne
import numpy as np
import pandas as pd
from pybv import write_brainvision
from scipy.io import savemat

START = datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.UTC)
FORMATS = ("edf", "bdf", "vhdr", "set", "nwb", "nwb_timestamps", "mefd", "fif")


def pieces_of(data, sfreq, pauses):
    """Return [(onset in s, (n_channels, n) of the piece)]: the recorder was off during ``pauses``
    (start, stop in s of the unbroken recording).
    """
    edges = [0, *(round(t * sfreq) for pause in pauses for t in pause), data.shape[1]]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(a / sfreq, data[:, a:b]) for a, b in pairs]


def write(path, kind, pieces, names, sfreq):
    """Write the pieces as one recording; return the path of its data file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = ".nwb" if kind.startswith("nwb") else f".{kind}"
    path = path.with_name(path.name + suffix)
    WRITERS[kind](path, pieces, list(names), sfreq)
    return path


def edf(
    path, pieces, names, sfreq, units="uV", limit=3000.0, promise=None, bdf=False,
    record="0.25", kind="+D", late=None,
):  # fmt: skip
    """Write EDF+D (or BDF+D), records of 1/4 s; ``promise`` is the number in the header, ``late``
    by how much (s) each record's stamp is late.
    """
    per, width = round(sfreq * float(record)), 3 if bdf else 2
    units = [units] * len(names) if isinstance(units, (str, bytes)) else list(units)
    top, tal = (2**23 if bdf else 2**15) - 1, 24
    starts, records = [], []
    for onset, data in pieces:
        for k in range(data.shape[1] // per):
            starts.append(onset + k * per / sfreq)
            scaled = np.rint(data[:, k * per : (k + 1) * per] / limit * top)
            records.append(np.clip(scaled, -top, top).astype("<i4"))
    count = len(names) + 1
    if late is not None:
        starts = [start + by for start, by in zip(starts, late, strict=False)]

    def field(value, size):
        raw = value if isinstance(value, bytes) else str(value).encode("latin-1")
        return raw.ljust(size)[:size]

    label = "BDF Annotations" if bdf else "EDF Annotations"
    head = (b"\xffBIOSEMI" if bdf else field("0", 8)) + field("X X X X", 80)
    head += field("Startdate 01-JAN-2020 X X X", 80) + field("01.01.20", 8) + field("12.00.00", 8)
    head += field(256 * (count + 1), 8) + field(("BDF" if bdf else "EDF") + kind, 44)
    head += field(len(records) if promise is None else promise, 8) + field(record, 8)
    head += field(count, 4)
    low, high = [-limit] * len(names) + [-1], [limit] * len(names) + [1]
    for size, values in (
        (16, [*names, label]),
        (80, [""] * count),
        (8, [*units, ""]),
        (8, [f"{v:g}" for v in low]),
        (8, [f"{v:g}" for v in high]),
        (8, [-top] * count),
        (8, [top] * count),
        (80, [""] * count),
        (8, [per] * len(names) + [tal]),
        (32, [""] * count),
    ):
        head += b"".join(field(v, size) for v in values)
    with open(path, "wb") as file:
        file.write(head)
        for start, record in zip(starts, records, strict=True):
            raw = np.ascontiguousarray(record).view(np.uint8).reshape(*record.shape, 4)
            file.write(np.ascontiguousarray(raw[..., :width]).tobytes())
            file.write(f"+{start:.9g}\x14\x14\x00".encode().ljust(width * tal, b"\0"))


def vhdr(path, pieces, names, sfreq):
    """Write BrainVision with a dated ``New Segment`` marker a piece."""
    data = np.concatenate([data for _, data in pieces], axis=1)
    write_brainvision(
        data=data * 1e-6,
        sfreq=sfreq,
        ch_names=names,
        fname_base=path.stem,
        folder_out=str(path.parent),
        unit="µV",
        resolution=0.01,
        fmt="binary_float32",
        meas_date=START.replace(tzinfo=None),
        overwrite=True,
    )
    marks, at = [], 1
    for onset, _ in pieces[1:]:
        at += pieces[len(marks)][1].shape[1]
        date = START + datetime.timedelta(seconds=onset)
        marks.append(f"Mk{len(marks) + 2}=New Segment,,{at},1,0,{date:%Y%m%d%H%M%S%f}")
    vmrk = path.with_suffix(".vmrk")
    vmrk.write_text(vmrk.read_text(encoding="utf-8").rstrip() + "\n" + "\n".join(marks) + "\n")


def eeglab(path, pieces, names, sfreq, boundary="boundary", lost=None, fields=False):
    """Write EEGLAB ``.set`` with ``.fdt`` and a boundary with a duration a pause, which is ``lost``
    samples where that is given. With ``fields`` the structure's fields stand alone, as newer
    versions write them.
    """
    data = np.concatenate([data for _, data in pieces], axis=1).astype("<f4")
    data.T.tofile(path.with_suffix(".fdt"))
    places = np.array([(n,) for n in names], dtype=[("labels", "O")])
    rows, at = [("film", 2.0, 0.0)], 0
    for k, (onset, part) in enumerate(pieces[:-1]):
        at += part.shape[1]
        exact = (pieces[k + 1][0] - onset) * sfreq - part.shape[1]
        rows.append((boundary, at + 0.5, exact if lost is None else lost))
    events = np.array(rows, dtype=[("type", "O"), ("latency", "O"), ("duration", "O")])
    n = data.shape[1]
    eeg = {"setname": "x", "filename": path.name, "filepath": "", "nbchan": len(names)}
    eeg |= {"trials": 1, "pnts": n, "srate": float(sfreq), "xmin": 0.0, "xmax": n / sfreq}
    eeg |= {"data": path.with_suffix(".fdt").name, "chanlocs": places, "event": events}
    eeg |= {key: [] for key in ("icawinv", "icasphere", "icaweights", "icachansind", "epoch")}
    eeg |= {"ref": "common", "times": np.arange(float(n)), "chaninfo": {"nosedir": "+X"}}
    eeg |= {"comments": "", "history": ""}
    savemat(path, eeg if fields else {"EEG": eeg}, appendmat=False)


def eeglab_h5(path, pieces, names, sfreq):
    """Write EEGLAB ``.set`` as MATLAB 7.3 does: HDF5 with a block of its own before it."""
    data = np.concatenate([data for _, data in pieces], axis=1).astype("<f4")
    data.T.tofile(path.with_suffix(".fdt"))
    fields, rows, at = ("type", "latency", "duration"), [("film", 2.0, 0.0)], 0
    for k, (onset, part) in enumerate(pieces[:-1]):
        at += part.shape[1]
        rows.append(("boundary", at + 0.5, (pieces[k + 1][0] - onset) * sfreq - part.shape[1]))
    with h5py.File(path, "w", userblock_size=512) as file:

        def put(where, name, value):
            text = isinstance(value, str)
            value = np.array([[ord(c)] for c in value], "<u2") if text else np.array([[value]])
            made = where.create_dataset(name, data=value)
            made.attrs["MATLAB_class"] = np.bytes_("char" if text else "double")
            return made

        def column(where, name, values):
            refs = [put(hidden, f"{where.name[1:]}{name}{k}", v).ref for k, v in enumerate(values)]
            made = where.create_dataset(name, data=np.array(refs, h5py.ref_dtype)[:, None])
            made.attrs["MATLAB_class"] = np.bytes_("cell")

        hidden = file.create_group("#refs#")
        eeg = {"setname": "x", "filename": path.name, "filepath": "", "nbchan": float(len(names))}
        eeg |= {"trials": 1.0, "pnts": float(data.shape[1]), "srate": float(sfreq), "xmin": 0.0}
        eeg |= {"xmax": data.shape[1] / sfreq, "data": path.with_suffix(".fdt").name}
        for name, value in {**eeg, "ref": "common"}.items():
            put(file, name, value or "x")
        for name, columns in (
            ("chanlocs", {"labels": names}),
            ("event", {f: [row[k] for row in rows] for k, f in enumerate(fields)}),
        ):
            group = file.create_group(name)
            group.attrs["MATLAB_class"] = np.bytes_("struct")
            for field, values in columns.items():
                column(group, field, values)
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + bytes([0, 2]) + b"IM"
    with open(path, "r+b") as file:
        file.write(head)


def nwb(
    path, pieces, names, sfreq, timestamps=False, conversion=1e-6, starts_at=1.5, jitter=None,
    processed=False,
):  # fmt: skip
    """Write NWB: a series a piece, or one with a time for every sample. Half of the gain is in
    ``conversion``, half in ``channel_conversion``.

    ``jitter`` changes the timestamps. With ``processed`` the series lies in a processing module,
    beside spikes and a faster series of other electrodes in the acquisition.
    """
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.ecephys import ElectricalSeries, SpikeEventSeries

    file = NWBFile(session_description="film", identifier="film", session_start_time=START)
    device = file.create_device(name="amplifier")
    group = file.create_electrode_group(
        name="A", description="depth", location="unknown", device=device
    )
    file.add_electrode_column(name="label", description="name of the contact")
    for k, name in enumerate(names):
        file.add_electrode(x=10.0 + k, y=2.0, z=3.0, location="unknown", group=group, label=name)
    gain = np.arange(1.0, len(names) + 1)
    add = file.add_acquisition
    if processed:
        file.add_electrode(x=1.0, y=2.0, z=3.0, location="unknown", group=group, label="u1")
        micro = file.create_electrode_table_region(region=[len(names)], description="wire")
        fast = np.zeros((5000, 1))
        add(ElectricalSeries(name="micro", data=fast, electrodes=micro, rate=30000.0))
        module = file.create_processing_module(name="ecephys", description="LFP")
        add = module.add
        spikes = {"timestamps": [1.0, 2.0], "data": np.zeros((2, len(names), 10))}
        region = file.create_electrode_table_region(region=[*range(len(names))], description="all")
        add(SpikeEventSeries(name="spikes", electrodes=region, **spikes))

    def series(name, data, **when):
        region = file.create_electrode_table_region(region=[*range(len(names))], description="all")
        add(
            ElectricalSeries(
                name=name,
                data=(data / gain[:, None]).T,
                electrodes=region,
                conversion=conversion,
                channel_conversion=gain,
                **when,
            )
        )

    if timestamps:
        at = [starts_at + on + np.arange(part.shape[1]) / sfreq for on, part in pieces]
        at = at if jitter is None else [jitter(piece) for piece in at]
        whole = np.concatenate([part for _, part in pieces], axis=1)
        series("ieeg", whole, timestamps=np.concatenate(at))
    else:
        for k, (onset, part) in enumerate(pieces):
            series(f"ieeg{k}", part, rate=float(sfreq), starting_time=starts_at + onset)
    with NWBHDF5IO(str(path), "w") as io:
        io.write(file)


def mefd(path, pieces, names, sfreq, late_us=0):
    """Write MEF3: a segment a piece, in steps of 0.1 µV; the segments of each channel start
    ``late_us`` later than those of the one before.
    """
    from pymef.mef_session import MefSession

    session = MefSession(str(path), "", new_session=True)
    zero = int(START.timestamp() * 1e6)
    for k, name in enumerate(names):
        done = 0
        for segment, (onset, part) in enumerate(pieces):
            numbers = np.rint(part[k] * 10).astype(np.int32)
            start = zero + round(onset * 1e6) + (k * late_us if segment else 0)
            section = {
                "sampling_frequency": float(sfreq),
                "units_conversion_factor": 0.1,
                "units_description": b"uV",
                "start_sample": done,
                "number_of_samples": len(numbers),
            }
            stop = start + round(len(numbers) / sfreq * 1e6)
            session.write_mef_ts_segment_metadata(
                name, segment, None, None, start, stop, section, {}
            )
            session.write_mef_ts_segment_data(name, segment, None, None, round(sfreq), numbers)
            done += len(numbers)
    session.close()


def fif(path, pieces, names, sfreq):
    """Write FIF with skips: what lies in a pause is not in the file."""
    end = round(pieces[-1][0] * sfreq) + pieces[-1][1].shape[1]
    whole = np.zeros((len(names), end))
    for onset, part in pieces:
        at = round(onset * sfreq)
        whole[:, at : at + part.shape[1]] = part
    raw = mne.io.RawArray(whole * 1e-6, mne.create_info(names, sfreq, "seeg"), verbose="error")
    for k, (onset, part) in enumerate(pieces[:-1]):
        start = onset + part.shape[1] / sfreq
        raw.annotations.append(start, pieces[k + 1][0] - start, "BAD_ACQ_SKIP")
    raw.save(path, verbose="error", overwrite=True)


WRITERS = {
    "edf": edf,
    "bdf": lambda *given: edf(*given, bdf=True),
    "vhdr": vhdr,
    "set": eeglab,
    "nwb": nwb,
    "nwb_timestamps": lambda *given: nwb(*given, timestamps=True),
    "mefd": mefd,
    "fif": fif,
}


def describe(folder, stem, names, sfreq, info=None, units="µV", zero=2.0, positions=True):
    """Write channels.tsv, events.tsv, ieeg.json and, if asked for, places of a recording."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame({"name": names, "type": "SEEG", "units": units})
    table = table.assign(low_cutoff="n/a", high_cutoff="n/a", sampling_frequency=sfreq)
    table.assign(status="good").to_csv(folder / f"{stem}_channels.tsv", sep="\t", index=False)
    film = pd.DataFrame({"onset": [zero], "duration": [0.0], "trial_type": ["film"]})
    film.to_csv(folder / f"{stem}_events.tsv", sep="\t", index=False)
    said = {"TaskName": "film", "SamplingFrequency": sfreq, "PowerLineFrequency": 50}
    said |= {"SoftwareFilters": "n/a", "iEEGReference": "n/a", **(info or {})}
    (folder / f"{stem}_ieeg.json").write_text(json.dumps(said))
    if positions:
        place = pd.DataFrame({"name": names, "x": 20.0 + np.arange(len(names)), "y": -30.0})
        place = place.assign(z=12.0, size="n/a")
        place.to_csv(folder / "sub-01_electrodes.tsv", sep="\t", index=False)
        (folder / "sub-01_coordsystem.json").write_text(
            json.dumps({"iEEGCoordinateSystem": "ACPC", "iEEGCoordinateUnits": "mm"})
        )
    root = folder.parents[1]
    (root / "dataset_description.json").write_text(
        json.dumps({"Name": "case", "BIDSVersion": "1.10.0"})
    )
