"""The head and the end of a film, without reading what lies between."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

from fusion.stimuli import container, film


@dataclass(frozen=True)
class Header:
    """What a film says about itself.

    Attributes
    ----------
    end_s
        Length (s).
    pictures_hz
        Pictures a second; None for a recording of sound.
    size
        Width and height (px), of a film.
    has_sound
        Whether there is a sound track.
    """

    end_s: float
    pictures_hz: float | None
    size: tuple[int, int] | None
    has_sound: bool


def read(path: str | Path) -> Header:
    """Return what a film says about itself.

    Raises
    ------
    InputError
        If the file is no film or sound that can be read, or ends before its header says.
    """
    with container.open_film(path) as opened:
        tracks = opened.streams.video
        seen = [one for one in tracks if not one.disposition & Disposition.attached_pic]
        if not seen and opened.streams.audio:
            stream, rate, size = container.sound_stream(opened), None, None
        else:
            stream = container.video_stream(opened, path)
            rate = float(stream.average_rate or stream.guessed_rate or 0) or None
            size = (stream.codec_context.width, stream.codec_context.height)
        has_sound = bool(opened.streams.audio)
        stated = opened.duration / av.time_base if opened.duration else None
        form = opened.format.name
        zero = min(
            (
                float(one.start_time * one.time_base)
                for one in opened.streams
                if one.type in ("audio", "video") and one.start_time is not None
            ),
            default=0.0,
        )
        if stated and any(name in form for name in film.STATED):
            film.check_whole(path, _reached(opened, stated), stated)
            return Header(stated, rate, size, has_sound)
    # Raw streams and some sound files have no header with a length: their packets are counted.
    end_s = stated - zero if stated else film.read_any_clock(path).end_s
    return Header(end_s, rate, size, has_sound)


def clock(head: Header) -> film.FilmClock:
    """Return the clock of a film whose pictures are evenly spaced, as its header has it."""
    count = round(head.end_s * (head.pictures_hz or 0))
    number = np.arange(count)
    seconds = number / (head.pictures_hz or 1)
    group = np.full(count, -1)
    return film.FilmClock(number, seconds, group, np.zeros(count, bool), head.end_s, 0.0)


def _reached(opened: Any, stated: float) -> float:
    """Return the end (s) of the last packets of a film that can be read."""
    reached = 0.0
    for back in (2.0, 20.0, stated):
        try:
            opened.seek(max(0, int((stated - back) * av.time_base)), backward=True)
            for packet in opened.demux():
                if packet.size and packet.pts is not None:
                    end = (packet.pts + (packet.duration or 0)) * packet.stream.time_base
                    reached = max(reached, float(end))
        except av.error.FFmpegError:
            pass
        if reached:
            break
    return reached
