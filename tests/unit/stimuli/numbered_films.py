"""Films whose every picture shows its own number, as sixteen black or white fields."""

from fractions import Fraction

import av
import numpy as np

SIDE = 64


def picture(number):
    """Return the picture (y, x, rgb) that shows ``number``: 4 x 4 fields, the lowest bit first."""
    bits = (number >> np.arange(16)) & 1
    return np.repeat(
        np.kron(bits.reshape(4, 4), np.ones((16, 16)))[..., None] * 235 + 10, 3, axis=2
    ).astype(np.uint8)


def number(image):
    """Return the number that a picture (y, x, rgb) of any size shows."""
    step = image.shape[0] / 4
    centre = (np.arange(4) * step + step / 2).astype(int)
    bits = image[np.ix_(centre, centre)].astype(float).mean(axis=2) > 128
    return int((bits.reshape(-1) << np.arange(16)).sum())


def write(
    path,
    pts,
    time_base,
    codec="libx264",
    options=None,
    rate=25,
    sound_from=None,
    container_options=None,
    gop=None,
    side=SIDE,
    aspect=None,
):
    """Write a film whose picture k has timestamp ``pts[k]`` in units of ``time_base``.

    ``sound_from`` adds a tone of PCM or AAC that starts at that second.
    """
    with av.open(str(path), "w", options=container_options or {}) as film:
        stream = film.add_stream(
            codec,
            rate=Fraction(rate),
            options={key: str(value) for key, value in (options or {}).items()},
        )
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(time_base)
        if gop:
            stream.codec_context.gop_size = gop
        if aspect:
            stream.codec_context.sample_aspect_ratio = Fraction(aspect)
        tone = (
            film.add_stream("aac", rate=16000, options={"aac_coder": "fast"})
            if sound_from is not None
            else None
        )
        if tone:
            write_tone(film, tone, sound_from, float((max(pts) - min(pts)) * time_base) + 1)
        for k, stamp in enumerate(pts):
            image = picture(k)
            if side != SIDE:
                image = image.repeat(side // SIDE, 0).repeat(side // SIDE, 1)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = int(stamp), Fraction(time_base)
            film.mux(stream.encode(frame))
        film.mux(stream.encode())


def write_tone(film, stream, start_s, length_s, frequency=440):
    """Write a tone of amplitude 0.5 into an audio stream, from ``start_s``."""
    samples = (
        0.5 * np.sin(2 * np.pi * frequency * np.arange(int(length_s * 16000)) / 16000)
    ).astype(np.float32)
    for first in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(
            samples[None, first : first + 1024], format="fltp", layout="mono"
        )
        frame.sample_rate, frame.time_base, frame.pts = (
            16000,
            Fraction(1, 16000),
            int(start_s * 16000) + first,
        )
        film.mux(stream.encode(frame))
    film.mux(stream.encode())
