"""The pictures that events need: decoded in one pass, resized once, with what is low-level about
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import av.filter
import h5py
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from tqdm import tqdm

from fusion.io.errors import InputError
from fusion.stimuli import colour, container, film

# the same pixels on every machine
SCALING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
MOTION_PX = 64
STILL = 6  # levels of 255 by which coding changes a picture that stands still
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709


@dataclass(frozen=True)
class Picture:
    """A resized picture: its presentation index, image (y, x, rgb) uint8, and motion energy
    (squared change of luma a second).
    """

    index: int
    image: np.ndarray
    motion: float


def check(
    wanted: np.ndarray, clock: film.FilmClock, tables: Sequence[str], path: str | Path
) -> None:
    """Raise ``InputError`` if events ask for pictures that the film does not have."""
    if len(wanted) and (wanted[0] < 0 or wanted[-1] >= len(clock.pts)):
        found = f"pictures {wanted[0]} to {wanted[-1]}"
        raise InputError(
            ", ".join(map(str, tables)),
            "column 'frame'",
            found,
            f"0 to {len(clock.pts) - 1}, the pictures of {path}",
        )


def pictures(
    path: str | Path,
    clock: film.FilmClock,
    wanted: np.ndarray,
    size_px: int,
    threads: int = 1,
) -> Iterator[Picture]:
    """Yield the wanted pictures in order, resized so that the shorter side is ``size_px`` at most.

    Motion energy is the mean squared change of luma (0..1) from the picture before, both shrunk to
    ``MOTION_PX``, over the time between the two; 0 for the film's first picture.

    Parameters
    ----------
    path, clock
        The film and its clock.
    wanted
        Increasing presentation indices.
    size_px
        Shorter side (px); smaller films are not enlarged.
    threads
        Decoding threads.
    """
    wanted = np.asarray(wanted, np.int64)
    chosen = set(wanted.tolist())
    both = np.union1d(wanted, np.maximum(wanted - 1, 0))
    before, shape = None, None  # the picture before a wanted one is decoded right before it
    aspect = container.pixel_aspect(path)
    decoded = film.decode(path, clock, both, threads)
    for index, frame in tqdm(
        decoded, total=len(both), desc="pictures", unit="picture", mininterval=5
    ):
        shape = shape or (frame.width, frame.height)
        if (frame.width, frame.height) != shape:
            found = f"{frame.width} x {frame.height} px after {shape[0]} x {shape[1]}"
            raise InputError(path, f"picture {index}", found, "a film of one size")
        light = shrunk(frame)
        if index in chosen:
            change = (
                float(np.mean((light - before) ** 2))
                / (clock.seconds[index] - clock.seconds[index - 1])
                if index
                else 0.0
            )
            yield Picture(index, resized(frame, size_px, aspect), change)
        before = light


def storage(height: int, width: int) -> dict[str, Any]:
    """Return how HDF5 keeps pictures: one chunk a picture and colour, without loss.

    Szip predicts a pixel from its neighbour, which suits images: photographs shrink to 0.53 of
    their size at a sixth of the time of gzip, which leaves 0.74. Builds of HDF5 without it take
    gzip."""
    filters = h5py.h5z
    known = filters.filter_avail(filters.FILTER_SZIP)
    szip = (
        known
        and filters.get_filter_info(filters.FILTER_SZIP) & filters.FILTER_CONFIG_ENCODE_ENABLED
    )
    best = (
        {"compression": "szip", "compression_opts": ("nn", 16)}
        if szip
        else {"compression": "gzip", "compression_opts": 4}
    )
    return {"chunks": (1, height, width, 1), **best}


def alike(images: np.ndarray, other: np.ndarray) -> bool:
    """Return whether pictures (n_pictures, y, x, rgb) are another one (y, x, rgb), but for coding
    noise.
    """
    return bool(np.abs(images.astype(np.int16) - other).max() <= STILL)


def refuse_still(path: str | Path, count: int) -> None:
    """Raise ``InputError`` for a film that shows one picture: there is nothing visual to fit."""
    raise InputError(
        path,
        "pictures",
        f"the same picture at all {count} events",
        "a film that moves; or no video (stimuli.*.video: null, audio: the sound), which leaves out"
        " what needs pictures",
    )


def batches(
    stream: Iterator[Picture], size: int = 64
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yield (where they go, images (picture, y, x, rgb), motion energy (picture,)) for ``size``
    pictures at a time.
    """
    start = 0
    while batch := list(islice(stream, size)):
        where = slice(start, start + len(batch))
        yield (
            where,
            np.stack([picture.image for picture in batch]),
            np.array([picture.motion for picture in batch], np.float32),
        )
        start = where.stop


def resized(frame: av.VideoFrame, size_px: int, aspect: Fraction | None = None) -> np.ndarray:
    """Return a decoded picture as (y, x, rgb) uint8 with square pixels and the right way up,
    shorter side ``size_px`` at most.

    ``aspect`` is the width of a pixel over its height, where they are not square.
    """
    width, height = film.shape_for(frame.width, frame.height, aspect, size_px)
    rotation, interlaced = frame.rotation, frame.interlaced_frame
    is_hd = frame.width >= 1280 or frame.height > 576
    if interlaced:
        frame = first_field(frame)
    if colour.is_hdr(frame.color_trc):
        return _upright(_sdr(frame, width, height), rotation)
    # Where a film does not say its colours' matrix, HD is BT.709 by custom and SD is BT.601.
    unknown = frame.colorspace == UNSPECIFIED and is_hd
    matrix = Colorspace.ITU709 if unknown else None
    image = frame.reformat(
        width, height, "rgb24", src_colorspace=matrix, interpolation=SCALING, threads=1
    ).to_ndarray()
    return _upright(image, rotation)


def _upright(image: np.ndarray, rotation: int) -> np.ndarray:
    """Return an image (y, x, rgb) turned by what the film says (degrees)."""
    return np.ascontiguousarray(np.rot90(image, round(rotation / 90))) if rotation % 360 else image


def _sdr(frame: av.VideoFrame, width: int, height: int) -> np.ndarray:
    """Return a picture of high dynamic range as (y, x, rgb) uint8."""
    wide = Colorspace.BT2020 if frame.colorspace in (9, 10, UNSPECIFIED) else None
    coded = frame.reformat(
        width, height, "rgb48le", src_colorspace=wide, interpolation=SCALING, threads=1
    ).to_ndarray()
    return colour.to_sdr(coded.astype(np.float32) / 65535, frame.color_trc, frame.color_primaries)


def first_field(frame: av.VideoFrame) -> av.VideoFrame:
    """Return the first field of an interlaced picture: every other line, half as high.

    The two fields are of different moments; scaling them together shows combs where things move.
    """
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base or Fraction(1, 1000),
    )
    graph.link_nodes(source, graph.add("field", "top"), graph.add("buffersink")).configure()
    graph.push(frame)
    field = graph.pull()
    assert isinstance(field, av.VideoFrame)
    return field


def shrunk(frame: av.VideoFrame) -> np.ndarray:
    """Return the luma of a decoded picture, 0..1, its shorter side ``MOTION_PX``: enough for
    motion, and without the codec's noise.
    """
    width, height = film.shape_for(frame.width, frame.height, None, MOTION_PX)
    if frame.interlaced_frame:
        frame = first_field(frame)
    grey = frame.reformat(
        width,
        height,
        "gray",
        interpolation=Interpolation.AREA | Interpolation.BITEXACT,
        dst_color_range=ColorRange.JPEG,
        threads=1,
    ).to_ndarray()
    light: np.ndarray = grey.astype(np.float32) / np.float32(255)
    return light


def luma(image: np.ndarray) -> np.ndarray:
    """Return the luma (y, x) of an 8-bit RGB image (y, x, rgb), 0..1."""
    light: np.ndarray = (image.astype(np.float32) @ LUMA) / np.float32(255)
    return light
