"""A film's file: its streams, the sound track that is taken, the shape of its pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.stream import Disposition

from fusion.io.errors import InputError
from fusion.io.text import require_file

#: What names further files or servers instead of holding a film, and what reads names as patterns.
ELSEWHERE = frozenset(
    ("concat", "concatf", "dash", "hls", "applehttp", "image2", "imf", "rtp", "rtsp", "sap", "sdp")
)
#: A film is one file: nothing in it leads to another or to the network.
OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(sorted(av.formats_available - ELSEWHERE)),
}
#: How an FLV file begins.
FLV = re.compile(rb"FLV\x01[\x01\x04\x05]\x00\x00\x00\x09")
#: Names of handlers that are nobody's title.
HANDLER = re.compile(
    r"\s*(sound|audio|video|stereo|core media|iso media|gpac|mainconcept).*hand?ler?.*", re.I
)
COMMENTARY = Disposition.comment | Disposition.visual_impaired | Disposition.descriptions
COMMENTS = (
    "comment", "comentari", "kommentar", "director", "narrat",
    "description", "descripci", "descriz", "deskription", "hörfilm",
)  # fmt: skip


def open_film(path: str | Path) -> Any:
    """Open a film; a context manager.

    A playlist is refused: what it leads to is not in the dataset, or not on this machine.

    Raises
    ------
    InputError
        If the file is missing or no demuxer reads it.
    """
    require_file(path, "a film")
    try:
        # Without the scheme, FFmpeg reads one out of names such as data:1.mp4.
        return av.open(f"file:{path}", options=OPTIONS)
    except (av.error.FFmpegError, OSError) as error:
        raise InputError(
            path,
            "",
            f"a file that cannot be opened ({first_line(error)})",
            "a film that FFmpeg reads",
        ) from None


def moving(container: Any) -> list[Any]:
    """Return the video streams that are no cover art, the default one first."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    return sorted(streams, key=lambda s: not s.disposition & Disposition.default)


def video_stream(container: Any, path: str | Path) -> Any:
    """Return the film's pictures: the default video stream that is no cover art, else the first.

    Raises
    ------
    InputError
        If there is none, or no decoder for it.
    """
    streams = moving(container)
    if not streams:
        raise InputError(path, "", "a file without a video stream", "a film")
    try:
        known = streams[0].codec_context is not None and streams[0].codec_context.codec is not None
    except (av.error.FFmpegError, ValueError):
        known = False
    if not known:
        raise InputError(
            path,
            "video stream",
            "a codec that this FFmpeg cannot decode",
            "a film in a codec such as H.264",
        )
    return streams[0]


def sound_stream(container: Any) -> Any:
    """Return the sound track of the film: the default one that is no commentary; None without
    sound.
    """
    tracks = list(container.streams.audio)
    if not tracks:
        return None
    return min(tracks, key=lambda s: (is_commentary(s), not s.disposition & Disposition.default))


def is_commentary(stream: Any) -> bool:
    """Return whether a sound track says, by its disposition or title, that it is a commentary or a
    description for the blind.
    """
    title = _title(stream).casefold()
    return bool(stream.disposition & COMMENTARY) or any(word in title for word in COMMENTS)


def _title(stream: Any) -> str:
    """Return the title of a track; MP4 has it as its name, or that of its handler."""
    names = (stream.metadata.get(key) for key in ("title", "name", "handler_name"))
    return next((str(name) for name in names if name and not HANDLER.fullmatch(name)), "")


def sound_facts(container: Any) -> tuple[str, str]:
    """Return which sound track is taken, in words, and a warning; both may be empty."""
    tracks = list(container.streams.audio)
    if not tracks:
        return "", ""
    taken = sound_stream(container)
    number = tracks.index(taken) + 1
    title = _title(taken) or taken.language or ""
    said = f"track {number} of {len(tracks)}" + (f" ({title})" if title else "")
    if is_commentary(taken):
        return said, f"the only sound, {said}, is a commentary by its title or disposition"
    passed = [k + 1 for k, track in enumerate(tracks) if is_commentary(track)]
    if passed:
        shown = ", ".join(map(str, passed))
        return said, f"sound track {shown} is a commentary; {said} is taken"
    return said, ""


def pixel_aspect(path: str | Path) -> Fraction | None:
    """Return the width of a pixel over its height; None where the film does not say, and they are
    square.
    """
    with open_film(path) as container:
        stream = video_stream(container, path)
        # The container decides where it says one, as in players.
        return stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or None


def is_bare(opened: Any) -> bool:
    """Return whether a film is a bare stream, without a container: its times are made up (25
    pictures a second, whatever the film), and only the pictures may know their rate.
    """
    return bool(opened.format.flags & av.format.Flags.no_timestamps.value)


def first_line(error: Exception) -> str:
    """Return the first line of what FFmpeg says of an error."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def wav_share(path: str | Path) -> float:
    """Return how much longer a WAV file should be than it is: FFmpeg takes what is there.

    A size of 0 or of all ones (a stream, RF64) says nothing.
    """
    with open(path, "rb") as file:
        head = file.read(4096)
        there = file.seek(0, 2)
    at = head.find(b"data")
    if at < 0:
        return 1.0
    stated, there = int.from_bytes(head[at + 4 : at + 8], "little"), there - at - 8
    return max(1.0, stated / there) if 0 < stated < 2**32 - 1 and there > 0 else 1.0


def refuse_joined(path: str | Path, form: str) -> None:
    """Raise ``InputError`` for MP4 or FLV files put together byte by byte: of these, players and
    FFmpeg see the first one only.

    Parameters
    ----------
    path
        The film.
    form
        Its format, as FFmpeg names it.
    """
    count = 0
    with open(path, "rb") as file:
        if "mp4" in form:
            count = sum(kind == b"moov" for kind in _boxes(file))
        elif form == "flv":
            count = len(FLV.findall(file.read()))
    if count > 1:
        raise InputError(
            path,
            "",
            f"{count} films one after the other in one file, of which the first one alone is seen",
            "one film: join the parts with `ffmpeg -f concat`",
        )


def _boxes(file: BinaryIO) -> Iterator[bytes]:
    """Yield the kinds of the boxes of an MP4 file, those within others left out."""
    while len(head := file.read(8)) == 8:
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        yield kind
        if size == 1:
            size = int.from_bytes(file.read(8), "big") - 8
        if size < 8:  # 0: to the end of the file
            return
        file.seek(size - 8, 1)
