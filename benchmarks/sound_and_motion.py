"""What sound and motion cost: decoding once, and networks that hear or see clips, in films of two
lengths, with the peak memory of every job.

    python benchmarks/sound_and_motion.py [minutes [minutes]]     # 2 and 4 unless given
    python benchmarks/sound_and_motion.py small [minutes]         # 120 unless given

Films are made here: 640 x 360 pixels, 25 pictures a second, stereo sound, and 50 events a minute,
as many as 6,000 in two hours. Rules run as in the workflow, each in a process of its own. The
networks are of published input sizes (10 s of sound; 16 pictures of 224 px at 7.5 Hz) and small
inside, so that memory is that of what goes in and out. The last columns go on in a straight line to
two hours. ``small`` runs a whole film of two hours with pictures of 96 x 64 pixels: what memory
does over the length of a film does not depend on the size of its pictures."""

import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import torch
import transformers

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/lib"))

from fusion.io.tables import write_tsv
from fusion.models.run.weights import write_weights
from fusion.models.spec import ActivationsSpec, Heard, Weights
from fusion.stimuli.spec import Clip, FramesSpec, SoundSpec

REPOSITORY = Path(__file__).parents[1]
PICTURES_HZ, SOUND_HZ, EVENTS_PER_MINUTE, TARGET = 25, 48_000, 50, 120
CLIP = Clip(16, 7.5, None)
ROW = {
    "model": "benchmark",
    "origin": "benchmarks/sound_and_motion.py",
    "sha256": None,
    "files": [],
    "architecture": {},
    "ignore_keys": [],
    "rename_keys": {},
    "prefix_tokens": {},
    "tokenizer": None,
    "text_length": None,
    "preprocess": {},
    "clip": None,
    "regions": {"file": None, "backbone": None, "net": "resnet18", "grid": 3},
    "licence": None,
    "trained_on": None,
}


@dataclass(frozen=True)
class Size:
    """Width and height of a film's pictures, and the side of what networks are shown."""

    width: int = 640
    height: int = 360
    shown: int = 224
    patch: int = 16
    channels: int = 32


SMALL = Size(96, 64, 32, 8, 8)
#: Runs a script, then writes to a file how much memory its process took at most (kB).
PEAK = """
import runpy, sys
peak, *sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
with open("/proc/self/status") as status, open(peak, "w") as file:
    file.write(status.read().split("VmHWM:")[1].split()[0])
"""


def make_film(path, minutes, size):
    """Write a film of moving noise with tones."""
    rng = np.random.default_rng(0)
    board = rng.integers(0, 256, (size.height, 2 * size.width, 3), dtype=np.uint8)
    with av.open(str(path), "w") as file:
        pictures = file.add_stream("libx264", rate=PICTURES_HZ, options={"preset": "ultrafast"})
        pictures.width, pictures.height = size.width, size.height
        pictures.pix_fmt = "yuv420p"
        track = file.add_stream("aac", rate=SOUND_HZ, layout="stereo")
        for k in range(minutes * 60 * PICTURES_HZ):
            left = (k * 2) % size.width
            image = np.ascontiguousarray(board[:, left : left + size.width])
            file.mux(pictures.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            if k % PICTURES_HZ == 0:
                tone = np.sin(np.arange(SOUND_HZ) * (0.02 + 0.001 * (k % 97)))
                sound = np.stack([tone, tone]).astype(np.float32) / 4
                for start in range(0, SOUND_HZ, 960):
                    part = np.ascontiguousarray(sound[:, start : start + 960])
                    frame = av.AudioFrame.from_ndarray(part, "fltp", "stereo")
                    frame.sample_rate, frame.time_base = SOUND_HZ, Fraction(1, SOUND_HZ)
                    frame.pts = k // PICTURES_HZ * SOUND_HZ + start
                    file.mux(track.encode(frame))
        file.mux(pictures.encode())
        file.mux(track.encode())


def make_events(path, minutes):
    """Write events that are spread over a film."""
    n = minutes * EVENTS_PER_MINUTE
    onset = np.sort(np.random.default_rng(1).uniform(5, minutes * 60 - 1, n))
    frame = np.floor(onset * PICTURES_HZ).astype(int)
    names = [f"w{k:05d}" for k in range(n)]
    write_tsv(
        pd.DataFrame({"event": names, "onset_s": onset, "frame": frame, "text": "word"}), path
    )


def make_networks(folder, size):
    """Write an encoder of the waveform and one of clips; return their rows and folders."""
    torch.manual_seed(0)
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    small["intermediate_size"] = 64
    wave = transformers.Wav2Vec2Config(
        conv_dim=(size.channels,) * 7, num_conv_pos_embeddings=16, **small
    )
    transformers.Wav2Vec2Model(wave).save_pretrained(folder / "wave")
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder / "wave")
    sides = {"image_size": size.shown, "patch_size": size.patch}
    clip = transformers.VideoMAEConfig(num_frames=CLIP.pictures, **sides, **small)
    transformers.VideoMAEModel(clip).save_pretrained(folder / "clip")
    transformers.VideoMAEImageProcessorPil(
        size={"shortest_edge": size.shown}, crop_size={"height": size.shown, "width": size.shown}
    ).save_pretrained(folder / "clip")
    shared = {"layers": {"encoder.layers.*": "mean"}}
    shot = {"pictures": CLIP.pictures, "rate_hz": CLIP.rate_hz}
    return {
        "sound": ROW | shared | {"family": "transformers_audio", "modality": "audio"},
        "frames": ROW
        | {"family": "transformers_video", "modality": "video", "clip": shot}
        | {"layers": {"encoder.layer.*": "mean"}},
    }, {"sound": folder / "wave", "frames": folder / "clip"}


def job(name, spec, inputs, outputs, folder):
    """Run a rule's script in a process of its own; return its CPU seconds and peak memory (MB)."""
    given = {
        "input": {
            key: value if isinstance(value, list) else str(value) for key, value in inputs.items()
        },
        "output": {key: str(value) for key, value in outputs.items()},
        "params": {"spec": spec.plain()},
        "threads": 1,
        "resources": {"mem_mb": 4000},
        "log": [str(folder / f"{name}.log")],
    }
    path, peak = folder / "job.json", folder / "peak"
    path.write_text(json.dumps(given), encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        PEAK,
        str(peak),
        str(REPOSITORY / "tests/helpers/fake_snakemake.py"),
        str(REPOSITORY / f"workflow/scripts/{name}.py"),
        str(path),
        str(REPOSITORY / "workflow/lib"),
    ]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(command, env=environment, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ran.returncode:
        raise SystemExit((folder / f"{name}.log").read_text(encoding="utf-8")[-3000:])
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, int(peak.read_text(encoding="utf-8")) / 1024


def activations(row, network, store, kind, folder):
    """Run a network over a film's events."""
    feed = "sound" if kind == "sound" else "clip"
    spec = ActivationsSpec.read(
        {
            "stimulus": "film",
            "model": "benchmark",
            "row": row | {"feed": feed},
            "seed": 0,
            "projection": "none",
            "jl_eps": 0.1,
            "project_up": False,
            "batch_size": None,
            "device": "cpu",
            "autocast": False,
            "truncate": "left",
            "heard": Heard(10.0, 0.0, 500.0).plain() if feed == "sound" else None,
            "clip": CLIP.plain() if feed == "clip" else None,
        }
    )
    weights = folder / "weights.json"
    place = str(network)
    write_weights(Weights(place, place, {}, "", tokenizer=None, backbone=None), weights)
    inputs = {"weights": weights, "events_language": [str(folder / "events.tsv")], kind: store}
    return job(
        "activations", spec, inputs, {"language_trained_true": folder / f"{kind}-layers.nc"}, folder
    )


def measured(minutes, rows, networks, folder, size):
    """Return job -> (CPU seconds, peak MB, MB on disk) for a film of so many minutes."""
    film, events = folder / "film.mp4", folder / "events.tsv"
    make_film(film, minutes, size)
    make_events(events, minutes)
    frames, sound, still = folder / "frames.nc", folder / "sound.nc", folder / "still.nc"
    given = {"film": film, "events": [str(events)]}
    done = {
        "sound, decoded once": (
            *job("sound", SoundSpec("film"), {"film": film}, {"sound": sound}, folder),
            sound,
        ),
        "pictures of events only": (
            *job("frames", FramesSpec("film", size.shown, ()), given, {"frames": still}, folder),
            still,
        ),
        "pictures of events and clips": (
            *job(
                "frames", FramesSpec("film", size.shown, (CLIP,)), given, {"frames": frames}, folder
            ),
            frames,
        ),
    }
    for kind, label in (("sound", "a network of sound"), ("frames", "a network of clips")):
        store = {"sound": sound, "frames": frames}[kind]
        used = activations(rows[kind], networks[kind], store, kind, folder)
        done[label] = (*used, folder / f"{kind}-layers.nc")
    return {
        name: (seconds, memory, path.stat().st_size / 2**20)
        for name, (seconds, memory, path) in done.items()
    }


def films(lengths, size=Size()):
    """Return what :func:`measured` finds in films of several lengths."""
    found = []
    with tempfile.TemporaryDirectory(prefix="sound-and-motion-") as made:
        rows, networks = make_networks(Path(made), size)
        for minutes in lengths:
            with tempfile.TemporaryDirectory(dir=made) as folder:
                found.append(measured(minutes, rows, networks, Path(folder), size))
    return found


def main(lengths):
    """Measure films of two lengths, and print what two hours would take."""
    first, last = films(lengths)
    head = "".join(f" {m} min: CPU s | peak MB | disk MB |" for m in lengths)
    print(f"| job |{head} {TARGET} min: CPU s | peak MB | disk MB |")
    print("| --- |" + " --- |" * (3 * len(lengths) + 3))
    for name, values in first.items():
        line = [
            v + (w - v) * (TARGET - lengths[0]) / (lengths[1] - lengths[0])
            for v, w in zip(values, last[name], strict=True)
        ]
        cells = "".join(f" {v:.0f} |" for v in (*values, *last[name], *line))
        print(f"| {name} |{cells}")


def small(minutes):
    """Measure one whole film of small pictures."""
    (found,) = films([minutes], SMALL)
    print(
        f"| job | {minutes} min, {minutes * EVENTS_PER_MINUTE} events: CPU s | peak MB | disk MB |"
    )
    print("| --- | --- | --- | --- |")
    for name, values in found.items():
        print(f"| {name} |" + "".join(f" {v:.0f} |" for v in values))


if __name__ == "__main__":
    if sys.argv[1:2] == ["small"]:
        small(int(sys.argv[2]) if sys.argv[2:] else TARGET)
    else:
        asked = [int(one) for one in sys.argv[1:]] or [2]
        main(asked if len(asked) > 1 else [asked[0], 2 * asked[0]])
