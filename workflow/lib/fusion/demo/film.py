"""The demo's film: scenes of moving shapes between cuts, as an MP4 file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd

from fusion.demo import scenes, voice
from fusion.io.atomic import whole

FPS = 25
SIZE_PX = 96
AAC_FRAME = 1024


def draw_cuts(
    film_s: float, rng: np.random.Generator, shortest_s: float = 1.6, longest_s: float = 3.2
) -> np.ndarray:
    """Return the onsets of scenes (s, on the frame grid), the first at 0; no scene is shorter than
    ``shortest_s``.
    """
    lengths = rng.uniform(shortest_s, longest_s, int(np.ceil(film_s / shortest_s)))
    onsets = np.round(np.concatenate([[0], np.cumsum(lengths)]) * FPS) / FPS
    return onsets[onsets <= film_s - shortest_s]


def scene_shift(n: int, rng: np.random.Generator, amplitude: float = 0.025) -> np.ndarray:
    """Return (n frames, 2 objects, 2) displacements: each object circles slowly around its
    place.
    """
    t = np.arange(n) / FPS
    rate = rng.uniform(0.3, 0.7, 2) * rng.choice([-1, 1], 2)
    angle = 2 * np.pi * (rate[None] * t[:, None] + rng.random(2)[None])
    return amplitude * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def write_film(
    path: str | Path,
    onsets: np.ndarray,
    content: pd.DataFrame,
    film_s: float,
    rng: np.random.Generator,
    sound: np.ndarray | None = None,
) -> None:
    """Encode the film: H.264, 25 frames a second, the same bytes for the same input.

    Parameters
    ----------
    path
        The MP4 file.
    onsets, content
        Onset (s) and row of :func:`fusion.demo.scenes.draw_scenes` of each scene.
    film_s
        Length of the film (s).
    sound
        (n_samples,) its sound track, mono, 16 kHz, as AAC; None for a silent film.
    """
    frames = np.round(np.append(onsets, film_s) * FPS).astype(int)
    with (
        whole(path) as part,
        av.open(str(part), "w", options={"fflags": "+bitexact", "movflags": "faststart"}) as file,
    ):
        stream = file.add_stream(
            "libx264",
            rate=FPS,
            options={"crf": "16", "preset": "veryfast", "threads": "1", "bf": "0"},
        )
        stream.width = stream.height = SIZE_PX
        stream.pix_fmt = "yuv420p"
        track = (
            file.add_stream("aac", rate=voice.RATE_HZ, layout="mono") if sound is not None else None
        )
        heard = 0
        for k in range(len(onsets)):
            n = frames[k + 1] - frames[k]
            images = scenes.render(content.iloc[np.full(n, k)], SIZE_PX, scene_shift(n, rng))
            for image in images:
                for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                    file.mux(packet)
            if track is not None and sound is not None:
                stop = round(frames[k + 1] / FPS * voice.RATE_HZ)
                for start in range(heard, stop, AAC_FRAME):
                    piece = sound[start : min(start + AAC_FRAME, stop)]
                    file.mux(track.encode(_audio(piece, start)))
                heard = stop
        for packet in stream.encode():
            file.mux(packet)
        if track is not None:
            file.mux(track.encode())


def _audio(piece: np.ndarray, start: int) -> av.AudioFrame:
    """Return samples as a frame that begins at the sample ``start``."""
    frame = av.AudioFrame.from_ndarray(piece[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = voice.RATE_HZ, start
    frame.time_base = Fraction(1, voice.RATE_HZ)
    return frame
