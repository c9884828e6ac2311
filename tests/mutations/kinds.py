"""What is mutated, and how it is read: for each kind of input a small right one, and a reader that
returns what must then be true.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

TESTS = Path(__file__).parents[1]
for place in ("", "unit/ieeg", "unit/models", "unit/stimuli", "../workflow/lib"):
    if str(TESTS / place) not in sys.path:
        sys.path.append(str(TESTS / place))

import bids_dataset  # noqa: E402
import numbered_films  # noqa: E402
import paused  # noqa: E402
import running  # noqa: E402
from helpers.scripts import REPOSITORY  # noqa: E402

from fusion.design import config as settings  # noqa: E402
from fusion.design import recordings as dataset  # noqa: E402
from fusion.design.zoo import load_zoo  # noqa: E402
from fusion.ieeg import preparation  # noqa: E402
from fusion.io import checksums, labelled, tables, text  # noqa: E402
from fusion.stimuli import cuts, film, soundtrack, transcripts  # noqa: E402
from fusion.stimuli.spec import AnnotatedCuts, TranscriptSpec  # noqa: E402


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes
    ----------
    write
        Fills an empty folder with right files.
    read
        Reads a folder; raises AssertionError if what it returns cannot be.
    """

    write: Callable[[Path], None]
    read: Callable[[Path], None]


# ---- configs and rows of the zoo
@cache
def schemas():
    folder = REPOSITORY / "workflow/schemas"
    return [settings.read_yaml(folder / f"{name}.schema.yaml") for name in ("config", "models")]


@cache
def zoo():
    return load_zoo(["config/models.yaml"], REPOSITORY, schemas()[1])


CONFIG = {
    "dataset": "fuzz",
    "source": "simulate",
    "models": ["slip", "slip_clip", "slip_simclr", "simcse"],
    "stimuli": {
        "film": {
            "video": "film.mp4",
            "transcript": {"file": "words.tsv", "format": "words"},
            "recordings": {"task": "film"},
            "film_zero": {"rule": "first_event", "value": "film"},
        }
    },
    "contrasts": {
        "one": {"a": ["slip", "slip_clip"], "b": "slip_simclr-random0"},
        "two": {"a": {"rank": 1, "of": ["slip", "simcse"]}, "b": "nothing"},
    },
}


def write_config(folder):
    full = settings.resolve(CONFIG, schemas()[0], zoo(), "config.yaml")
    (folder / "config.yaml").write_text(yaml.safe_dump(full, sort_keys=False, allow_unicode=True))


def read_config(folder):
    given = settings.read_yaml(folder / "config.yaml")
    if not isinstance(given, dict):
        return
    resolved = settings.resolve(given, schemas()[0], zoo(), str(folder / "config.yaml"))
    rows = dataset.find(resolved, Path("nowhere"), str(folder / "config.yaml")).recordings
    assert settings.resolve(resolved, schemas()[0], zoo()) == resolved
    assert all(row.subject and row.name for row in rows.values())
    assert text.not_finite(resolved) is None


def write_rows(folder):
    rows = settings.read_yaml(REPOSITORY / "config/models.yaml")
    some = {name: rows[name] for name in list(rows)[:6]}
    some |= {name: row for name, row in rows.items() if row.get("family") == "concat"}
    some |= {part: rows[part] for row in list(some.values()) for part in row.get("parts", {})}
    (folder / "zoo.yaml").write_text(yaml.safe_dump(some, sort_keys=False))


def read_rows(folder):
    for row in load_zoo([str(folder / "zoo.yaml")], REPOSITORY, schemas()[1]).values():
        assert text.not_finite(row) is None


# ---- recordings and what describes them
SFREQ, SECONDS = 128, 16
NAMES = [f"A{k}" for k in range(1, 5)] + ["B1", "B2", "B3", "ECG1"]
IEEG = {"high_pass_hz": 0.5}


def _prepared(folder, film_zero, **sections):
    design = running.design(folder, film_zero=film_zero, **sections)
    rule = design.preprocess
    for name in design.study.recordings:
        given, spec = rule.inputs(recording=name), rule.spec(recording=name)
        spec = preparation.PreprocessSpec.read(spec)
        files = [given["ieeg"]] if isinstance(given["ieeg"], str) else list(given["ieeg"])
        source = preparation.open_source(files, given["sidecars"], (), spec)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            done = preparation.prepare(source, spec, Path(scratch))
            signals = list(done.signals)
        assert len(signals) == len(done.names) == len(set(done.names))
        assert all(np.isfinite(signal).all() for signal in signals)
        kept = done.electrodes.loc[done.electrodes["kept"], "electrode"]
        assert sorted(kept) == sorted(done.names)
        assert np.isfinite(source.clock["recording_s"]).all()
        assert source.clock["film_s"].is_monotonic_increasing


def write_bids(folder):
    data = bids_dataset.signals(names=NAMES, sfreq=SFREQ, seconds=SECONDS)
    bids_dataset.write(folder, names=NAMES, sfreq=SFREQ, data=data)


def read_bids(folder):
    _prepared(folder, bids_dataset.ZERO_RULE, ieeg=IEEG)


def writer_of(kind):
    def write(folder):
        place, stem = folder / "sub-01/ieeg", "sub-01_task-film"
        names = NAMES[:7]
        paused.describe(place, stem, names, SFREQ)
        data = bids_dataset.signals(names=names, sfreq=SFREQ, seconds=SECONDS)
        paused.WRITERS[kind](place / f"{stem}_ieeg.{kind}", [(0.0, data)], names, SFREQ)

    return write


def read_format(folder):
    _prepared(folder, {"rule": "recording_start"}, ieeg=IEEG)


# ---- words and cuts
TRANSCRIPT = TranscriptSpec("auto", None, 1.0, 0.0, ("sp", "sil"), "en", 0.3, 50)
WORDS = [("the", 0.5), ("red", 0.9), ("circle", 1.2), ("moves.", 1.7), ("Then", 2.6), ("up.", 3.0)]


CUTS = AnnotatedCuts("onset", "s", True, True)
PICTURES = np.arange(0, 100)
CLOCK = film.FilmClock(
    PICTURES, PICTURES / 25, np.full(100, -1), np.zeros(100, bool), end_s=4.0, zero_s=0.0
)


def write_transcripts(folder):
    rows = [(word, at, at + 0.3) for word, at in WORDS]
    lines = ["word\tonset_s\toffset_s", *(f"{w}\t{a:.3f}\t{b:.3f}" for w, a, b in rows)]
    (folder / "words.tsv").write_text("\n".join(lines) + "\n")
    lines = ["item;start;end", *(f"{w};{a:.3f};{b:.3f}".replace(".", ",") for w, a, b in rows)]
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    words = [{"word": f" {w}", "start": a, "end": b} for w, a, b in rows]
    text.write_json({"text": "", "segments": [{"id": 0, "words": words}]}, folder / "whisper.json")
    stamp = "00:00:0{:.3f}".format
    cues = [f"{k}\n{stamp(a)} --> {stamp(b)}\n{w}\n" for k, (w, a, b) in enumerate(rows, 1)]
    (folder / "film.srt").write_text("\n".join(cues).replace(".", ",", 2))
    (folder / "film.vtt").write_text("WEBVTT\n\n" + "\n".join(cues))
    intervals = [f'{a}\n{b}\n"{w}"' for w, a, b in rows]
    grid = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "5", "<exists>", "1"]
    grid += ['"IntervalTier"', '"words"', "0", "5", str(len(rows)), *intervals]
    (folder / "film.TextGrid").write_text("\n".join(grid) + "\n")
    (folder / "cuts.csv").write_text("onset\n0.0\n1.5\n2.25\n")


def read_transcripts(folder):
    for path in sorted(folder.iterdir()):
        if path.name == "cuts.csv":
            found = cuts.from_table(path, CUTS, CLOCK)
            assert np.isfinite(found["cut_s"]).all()
            assert found["frame"].between(0, len(CLOCK.pts) - 1).all()
            continue
        found = transcripts.read(path, TRANSCRIPT).words
        assert np.isfinite(found["onset_s"]).all()
        assert found["word"].map(len).gt(0).all()


# ---- films
def write_films(folder):
    for name in ("film.mp4", "film.mkv"):
        numbered_films.write(
            folder / name, range(0, 24 * 512, 512), Fraction(1, 12800), sound_from=0.0, gop=8
        )


def read_films(folder):
    for path in sorted(folder.iterdir()):
        clock = film.read_any_clock(path)
        assert np.isfinite(clock.seconds).all() and (np.diff(clock.seconds) > 0).all()
        assert np.isfinite([clock.end_s, clock.zero_s]).all()
        assert len(clock.pts) < 10_000
        if clock.has_pictures:
            wanted = np.arange(0, len(clock.pts), 5)
            for index, picture in film.decode(path, clock, wanted):
                assert index in wanted and picture.width < 10_000
        for piece in islice(soundtrack.decode(path, clock.zero_s), 1000):
            assert len(piece) < 10**8


# ---- networks
def write_networks(folder):
    import tiny_checkpoints as tiny

    tiny.slip_file(folder)
    tiny.bert_folder(folder / "bert")
    tiny.timm_folder(folder / "timm", "vit_tiny_patch16_224", img_size=32, depth=2, embed_dim=48)


def read_networks(folder):
    from helpers.networks import row_of, weights_at

    from fusion.models.families import registry

    slip = next(path for path in folder.iterdir() if path.is_file())
    for row, place in (
        (row_of(family="slip", feed="image"), slip),
        (row_of(family="transformers_text", feed="text"), folder / "bert"),
        (row_of(family="timm_vision", feed="image"), folder / "timm"),
    ):
        network = registry.build("net", row, weights_at(place), "trained", 0)
        assert sum(weight.numel() for weight in network.module.parameters()) < 10**8


# ---- intermediates
def write_intermediates(folder):
    base = folder / "results/x/intermediate"
    rng = np.random.default_rng(0)
    values = rng.standard_normal((30, 4, 5)).astype(np.float32)
    coords = {"event": [f"w{k:05d}" for k in range(30)], "electrode": 4, "bin_ms": np.arange(5.0)}
    for name in ("responses/r.nc", "activations/a.nc", "encoding/f/influence.nc"):
        with labelled.create(base / name, coords, {"subject": "01"}) as file:
            labelled.add(file, "response", ("event", "electrode", "bin_ms"), values)
    table = pd.DataFrame({"electrode": [f"A{k}" for k in range(40)], "r": rng.random(40)})
    tables.write_parquet(table, base / "encoding/f/scores.parquet")
    for name in ("clock", "electrodes", "events", "quality"):
        tables.write_tsv(table, base / name / "r.tsv")
    text.write_json({"sha256": "0" * 64, "files": {"a": "b"}}, base / "weights/m.json")
    (base / "clean").mkdir()
    (base / "clean/r.eeg").write_bytes(values.tobytes())
    (base / "clean/r.vhdr").write_text("Brain Vision Data Exchange Header File\n")
    for path in sorted(base.rglob("*")):
        if path.is_file():
            checksums.write(path, rule="made", log="logs/made.log")


def data_of(folder):
    """Return name -> content of all files but the records; what is no file has none."""
    found = {}
    for path in sorted((folder / "results").rglob("*")):
        if checksums.FOLDER not in path.parts and (path.is_symlink() or not path.is_dir()):
            is_plain = path.is_file() and path.resolve().is_relative_to(folder.resolve())
            found[str(path.relative_to(folder))] = path.read_bytes() if is_plain else None
    return found


def read_intermediates(folder):
    before = data_of(folder.with_name(f"{folder.name}-template"))
    checksums.check_inputs(folder / name for name in before)
    wrong, _, _ = checksums.verify(folder / "results/x")
    assert not wrong
    assert data_of(folder) == before, "a change that nothing found"


KINDS = {
    "config": Kind(write_config, read_config),
    "zoo": Kind(write_rows, read_rows),
    "bids": Kind(write_bids, read_bids),
    **{name: Kind(writer_of(name), read_format) for name in ("edf", "bdf", "set", "nwb", "fif")},
    "mef": Kind(writer_of("mefd"), read_format),
    "transcripts": Kind(write_transcripts, read_transcripts),
    "films": Kind(write_films, read_films),
    "networks": Kind(write_networks, read_networks),
    "intermediates": Kind(write_intermediates, read_intermediates),
}
