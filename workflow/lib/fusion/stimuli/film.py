"""The clock of a film, and its pictures in presentation order.

A film's pictures are stored in decoding order with presentation timestamps; cutting time into equal
pieces by a nominal frame rate goes wrong with variable rates, B-frames, edit lists, late starts and
24000/1001 frames a second. Everything here goes by the timestamps. A picture is known by its
presentation index: 0 is the first one shown.

Second 0 of the film is the start of the container, as players count: the first picture or the first
sound, whichever is earlier."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from fusion.io.errors import InputError
from fusion.stimuli import container
from fusion.stimuli import stamps as time_stamps

log = logging.getLogger(__name__)

#: Codecs whose decoder may skip pictures on which no other depends; others read the option once.
SKIPPABLE = frozenset({"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4"})
#: Containers whose header says how long the film is.
STATED = ("mp4", "matroska", "avi", "flv", "asf", "mxf", "flac", "mp3")
#: A film may be this much shorter than its header says: seconds, and share.
SHORTER_S, SHORTER = 1.0, 0.02


@dataclass(frozen=True)
class FilmClock:
    """When each picture of a film is shown.

    Attributes
    ----------
    pts
        (picture,) presentation timestamps in units of the stream, increasing.
    seconds
        (picture,) the same in seconds of the film.
    group
        (picture,) number of the run of packets, from one key frame to the next in the file, that
        holds the picture; -1 where the file does not tell.
    leading
        (picture,) whether the picture is shown before the key frame that its run begins with, and
        so may need the run before.
    end_s
        When the last picture goes.
    zero_s
        Second 0 of the film on the container's clock.
    by_order
        Timestamps are of no use: pictures are counted as they come out of the decoder, and ``pts``
        is their number.
    notes
        What was repaired.
    """

    pts: np.ndarray
    seconds: np.ndarray
    group: np.ndarray
    leading: np.ndarray
    end_s: float
    zero_s: float
    by_order: bool = False
    notes: tuple[str, ...] = ()

    @property
    def has_pictures(self) -> bool:
        """Whether there is anything to see: a recording of sound has no pictures."""
        return len(self.pts) > 0

    def frame_at(self, time_s: Any, tolerance_s: float = 0.0) -> np.ndarray:
        """Return the index of the first picture shown at or after each time, -1 outside the film.

        After the start of the last picture there is no next one: until ``end_s`` it is the last
        one, which is on screen. A time before second 0 has none. ``tolerance_s`` forgives times
        that were rounded up."""
        time_s = np.asarray(time_s, float)
        if not self.has_pictures:
            return np.full(time_s.shape, -1)
        index = np.minimum(
            np.searchsorted(self.seconds, time_s - tolerance_s, side="left"), len(self.seconds) - 1
        )
        outside = ~((time_s >= 0) & (time_s <= self.end_s))
        return np.where(outside, -1, index)


def read_clock(
    path: str | Path, events_s: np.ndarray | None = None, *, whole: bool = True
) -> FilmClock:
    """Return the clock of the film at ``path``, from its packets: nothing is decoded unless they do
    not tell.

    Parameters
    ----------
    path
        The film.
    events_s
        Times (s) of what should happen in it, to say how much lies behind the end of a film that
        was cut short.
    whole
        Refuse a film that was cut short.

    Raises
    ------
    InputError
        If the file is no readable film, holds no picture, or ends before its header says.
    """
    with container.open_film(path) as opened:
        stream = container.video_stream(opened, path)
        base, codec, form = stream.time_base, stream.codec_context, opened.format.name
        starts = [
            s.start_time * s.time_base for s in opened.streams.audio if s.start_time is not None
        ]
        shown: list[tuple[Any, int, int]] = []
        order: list[float] = []
        keys: list[Any] = []
        total, reached = 0, 0.0
        try:
            for packet in opened.demux():
                if packet.size == 0:
                    continue
                if packet.pts is not None:
                    end = (packet.pts + (packet.duration or 0)) * packet.stream.time_base
                    reached = max(reached, float(end))
                if packet.stream.index != stream.index:
                    continue
                total += 1
                time = packet.dts if packet.dts is not None else packet.pts
                if time is not None:
                    order.append(float(time * base))
                if packet.is_keyframe or not keys:
                    keys.append(packet.pts)
                if not packet.is_discard:
                    shown.append((packet.pts, len(keys) - 1, packet.duration or 0))
        except av.error.FFmpegError as error:
            raise InputError(
                path,
                f"after {total} pictures",
                f"damaged data ({container.first_line(error)})",
                "a whole film",
            ) from None
        if whole:
            container.refuse_joined(path, form)
        # Only MP4 has an exact table of its pictures.
        if "mp4" in form and total < stream.frames:
            raise InputError(
                path,
                "video stream",
                f"{total} of {stream.frames} pictures{_behind(reached, events_s)}",
                "a whole film (a broken download?)",
            )
        if whole and form == "avi" and stream.frames and stream.average_rate:
            # Its length is taken from what is there; the header counts the pictures.
            stated = float(stream.frames / stream.average_rate)
            check_whole(path, float(total / stream.average_rate), stated, events_s)
        if whole and any(name in form for name in STATED) and opened.duration:
            check_whole(path, reached, opened.duration / av.time_base, events_s)
        # AVI has no presentation times, only an order of decoding; VP8 hides pictures in packets of
        # their own.
        guessed = codec.name == "vp8" or (form == "avi" and codec.has_b_frames)
        guessed |= container.is_bare(opened)
    stamps = {pts for pts, _, _ in shown}
    unclear = guessed or not shown or None in stamps or len(stamps) < len(shown)
    leaps = not unclear and time_stamps.jumps(np.array(sorted(float(p * base) for p in stamps)))
    if unclear or leaps or time_stamps.jumps(np.array(order)):
        return _decoded_clock(path, min(starts, default=None))
    shown.sort()
    pts, group, duration = (np.array(column, np.int64) for column in zip(*shown, strict=True))
    return _clock(pts, duration, base, starts, group, pts < np.array(keys, np.int64)[group])


def read_any_clock(path: str | Path, events_s: np.ndarray | None = None) -> FilmClock:
    """Return the clock of a film or, without pictures, of a recording of sound.

    Raises
    ------
    InputError
        As :func:`read_clock` does.
    """
    with container.open_film(path) as opened:
        if container.moving(opened) or not opened.streams.audio:
            sound = None
        else:
            sound = container.sound_stream(opened)
            end, start = 0.0, float((sound.start_time or 0) * sound.time_base)
            for packet in opened.demux(sound):
                if packet.size and packet.pts is not None:
                    end = max(end, float((packet.pts + (packet.duration or 0)) * sound.time_base))
            if opened.format.name == "wav":
                check_whole(path, end, end * container.wav_share(path), events_s)
            elif opened.duration and any(name in opened.format.name for name in STATED):
                check_whole(path, end, opened.duration / av.time_base, events_s)
    if sound is None:
        return read_clock(path, events_s)
    none = np.zeros(0, np.int64)
    return FilmClock(none, none.astype(float), none, none.astype(bool), end - start, start)


def silent_clock(end_s: float) -> FilmClock:
    """Return the clock of a stimulus of which only the transcript is at hand."""
    none = np.zeros(0, np.int64)
    return FilmClock(none, none.astype(float), none, none.astype(bool), end_s, 0.0)


def check_whole(
    path: str | Path, reached: float, stated: float, events_s: np.ndarray | None = None
) -> None:
    """Raise ``InputError`` if a film ends (``reached``, s) before its header says (``stated``)."""
    if stated - reached > max(SHORTER_S, SHORTER * stated):
        raise InputError(
            path,
            f"after {reached:.3f} s",
            f"the end of a film of {stated:.3f} s{_behind(reached, events_s)}",
            "a whole film (a broken download?)",
        )


def _behind(reached: float, events_s: np.ndarray | None) -> str:
    if events_s is None:
        return ""
    return f", with {int((events_s > reached).sum())} of {len(events_s)} events behind it"


def _clock(
    pts: np.ndarray,
    duration: np.ndarray,
    base: Fraction,
    starts: list[Fraction],
    group: np.ndarray,
    leading: np.ndarray,
) -> FilmClock:
    zero = min([int(pts[0]) * base, *starts])
    last = int(duration[-1]) or (int(np.median(np.diff(pts))) if len(pts) > 1 else 0)
    end = float((int(pts[-1]) + last) * base - zero)
    # One division of whole numbers: correctly rounded.
    ticks = pts * (base.numerator * zero.denominator) - zero.numerator * base.denominator
    return FilmClock(
        pts, ticks / (base.denominator * zero.denominator), group, leading, end, float(zero)
    )


def _decoded_clock(path: str | Path, sound_start: Fraction | None) -> FilmClock:
    """Return the clock of a film whose packets do not tell: by the decoder's timestamps, else by
    even steps.
    """
    log.info(
        "%s: packets do not tell when pictures are shown; decoding the whole film to find out", path
    )
    with container.open_film(path) as opened:
        stream = container.video_stream(opened, path)
        stream.thread_type = "AUTO"
        base, rate = stream.time_base, stream.average_rate or stream.guessed_rate
        shown = []
        try:
            for picture in opened.decode(stream):
                shown.append((picture.pts, picture.duration or 0))
        except av.error.FFmpegError as error:
            raise InputError(
                path,
                f"after {len(shown)} pictures",
                f"damaged data ({container.first_line(error)})",
                "a whole film",
            ) from None
        if container.is_bare(opened):
            shown, rate = [(None, 0)] * len(shown), stream.codec_context.framerate
    if not shown:
        raise InputError(
            path,
            "video stream",
            "no picture that can be decoded",
            "a film in a codec such as H.264",
        )
    stamps, n = [pts for pts, _ in shown], len(shown)
    starts = [] if sound_start is None else [sound_start]
    if None not in stamps and time_stamps.jumps(np.array([float(p * base) for p in stamps])):
        return _repaired_clock(path, np.array([float(p * base) for p in stamps]), starts)
    if None not in stamps and all(a < b for a, b in zip(stamps, stamps[1:], strict=False)):
        pts, duration = (np.array(column, np.int64) for column in zip(*shown, strict=True))
        return _clock(pts, duration, base, starts, np.full(n, -1), np.zeros(n, bool))
    if not rate:
        raise InputError(
            path,
            "video stream",
            "neither timestamps nor a frame rate",
            "a film with timestamps: put it into MP4 or Matroska (`ffmpeg -framerate 24 -i in -c"
            " copy out.mkv`, with its own rate)",
        )
    note = f"no usable timestamps: {n} pictures are taken as evenly spaced at {rate} a second"
    log.warning("%s: %s", path, note)
    seconds = np.arange(n) * rate.denominator / rate.numerator
    zero = float(sound_start or 0)
    return FilmClock(
        np.arange(n),
        seconds,
        np.full(n, -1),
        np.zeros(n, bool),
        float(n / rate),
        zero,
        by_order=True,
        notes=(note,),
    )


def _repaired_clock(path: str | Path, seconds: np.ndarray, starts: list[Fraction]) -> FilmClock:
    """Return the clock of a film whose stamps jump, with pictures known by their order."""
    found = time_stamps.repaired(seconds)
    if found is None:
        leap = int(np.abs(np.diff(seconds)).argmax())
        raise InputError(
            path,
            f"picture {leap + 1}",
            f"time stamps that jump from {seconds[leap]:.3f} to {seconds[leap + 1]:.3f} s",
            "a film with stamps in order: join parts with `ffmpeg -f concat`, or write it anew"
            " (`ffmpeg -fflags +genpts -i in -c copy out.mp4`)",
        )
    for note in found.notes:
        log.warning("%s: %s", path, note)
    n, step = len(seconds), float(np.median(np.diff(found.seconds)))
    zero = min([found.seconds[0], *map(float, starts)])
    return FilmClock(
        np.arange(n),
        found.seconds - zero,
        np.full(n, -1),
        np.zeros(n, bool),
        float(found.seconds[-1] + step - zero),
        float(zero),
        by_order=True,
        notes=found.notes,
    )


def decode(
    path: str | Path, clock: FilmClock, wanted: np.ndarray, threads: int = 1
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yield (presentation index, picture) for each wanted index, in order, in one pass through the
    film.

    Runs of packets that hold no wanted picture, and on which none depends, are read but not
    decoded.

    Parameters
    ----------
    path, clock
        The film and its clock.
    wanted
        Increasing presentation indices.
    threads
        Decoding threads.

    Raises
    ------
    InputError
        If the film is damaged, or a packet held no picture.
    """
    wanted = np.asarray(wanted, np.int64)
    stamps = clock.pts[wanted].tolist()
    index_of, wanted_stamps = (
        dict(zip(stamps, wanted.tolist(), strict=True)),
        (None if clock.by_order else frozenset(stamps)),
    )
    needed = set(clock.group[wanted].tolist())
    needed |= {group - 1 for group in clock.group[wanted[clock.leading[wanted]]].tolist()}
    everything = -1 in needed
    last, found, damaged = (int(clock.pts[wanted[-1]]) if len(wanted) else 0), 0, 0
    with container.open_film(path) as opened:
        stream = container.video_stream(opened, path)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        try:
            for count, picture in enumerate(
                _pictures(opened, stream, needed, everything, wanted_stamps)
            ):
                stamp = count if clock.by_order else picture.pts
                if stamp in index_of:
                    found += 1
                    damaged += picture.is_corrupt
                    yield index_of.pop(stamp), picture
                if stamp is not None and stamp >= last:
                    break
        except av.error.FFmpegError as error:
            where = f"after {found} of {len(wanted)} pictures"
            raise InputError(
                path, where, f"damaged data ({container.first_line(error)})", "a whole film"
            ) from None
    if index_of:
        index = min(index_of.values())
        raise InputError(
            path,
            f"picture {index} at {clock.seconds[index]:.3f} s",
            "a packet that gave no picture",
            "a whole film",
        )
    if damaged:
        log.warning("%s: %d of %d pictures are damaged", path, damaged, len(wanted))


def _pictures(
    opened: Any, stream: Any, needed: set[int], everything: bool, wanted: frozenset[int] | None
) -> Iterator[av.VideoFrame]:
    """Yield the pictures of the needed runs of packets; the decoder starts afresh after a run that
    was left out.

    Pictures whose timestamp is not in ``wanted`` and on which no other depends are not decoded
    (None decodes all)."""
    group, decoding = -1, False
    skips = wanted is not None and stream.codec_context.name in SKIPPABLE
    for packet in opened.demux(stream):
        if packet.size == 0:
            continue
        if packet.is_keyframe or group < 0:
            group += 1
            if decoding and not everything and group not in needed:
                yield from stream.codec_context.decode(None)
                stream.codec_context.flush_buffers()
            decoding = everything or group in needed
        if decoding:
            if skips and wanted is not None:
                stream.codec_context.skip_frame = "DEFAULT" if packet.pts in wanted else "NONREF"
            yield from packet.decode()
    if decoding:
        yield from stream.codec_context.decode(None)


def shape_for(
    stream_width: int, stream_height: int, aspect: Fraction | None, size_px: int
) -> tuple[int, int]:
    """Return (width, height) of a picture whose shorter side is ``size_px``, or as it is where it
    is smaller.

    ``aspect`` is the width of a pixel over its height: the result has square pixels.
    """
    width = stream_width * float(aspect) if aspect else float(stream_width)
    scale = min(1.0, size_px / min(width, stream_height))
    return max(1, round(width * scale)), max(1, round(stream_height * scale))
