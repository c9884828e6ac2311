"""Scene cuts: the first picture of each shot, from a table or detected in the film."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector, ContentDetector
from tqdm import tqdm

from fusion.io.errors import InputError
from fusion.stimuli import film, readers

log = logging.getLogger(__name__)

# tables round the time of a picture, to milliseconds at best; a cut is a picture's own time
ROUNDING_S = 0.001
# shorter side of the pictures that detectors see: cuts are coarse, and PySceneDetect itself shrinks
# films
DETECT_PX = 144
DETECTORS = {
    "content": (ContentDetector, "threshold"),
    "adaptive": (AdaptiveDetector, "adaptive_threshold"),
}


def from_table(path, onset_column: str, clock: film.FilmClock, skip_first: bool) -> pd.DataFrame:
    """Return the cuts of an annotation file.

    Parameters
    ----------
    path
        TSV or CSV with one row a shot or a cut.
    onset_column
        Column with the time of the cut, in seconds of the film.
    clock
        The film's clock.
    skip_first
        Leave out a shot that begins with the film's first picture.

    Returns
    -------
    DataFrame
        cut_s (time of the first picture of the new shot), frame (its presentation index), in order,
        each once.

    Raises
    ------
    InputError
        If a time is no number, or no cut lies within the film.
    """
    text = readers.table(path, {"onset": (onset_column,)})["onset"].dropna()
    onset = pd.to_numeric(text, errors="coerce")
    if onset.isna().any():
        row = int(np.flatnonzero(onset.isna())[0])
        raise InputError(
            path,
            f"column {onset_column!r}, row {text.index[row] + 1}",
            repr(text.iloc[row]),
            "a time in seconds",
        )
    frame = clock.frame_at(onset.to_numpy(), tolerance_s=ROUNDING_S)
    if n := int((frame < 0).sum()):
        log.warning(
            "%s: %d of %d cuts lie outside the film (%.3f s) and are left out",
            path,
            n,
            len(frame),
            clock.end_s,
        )
    frame = np.unique(frame[frame >= 0])
    return _table(frame, clock, skip_first, path)


def detect(
    path,
    clock: film.FilmClock,
    detector: str,
    threshold: float | None,
    min_scene_s: float,
    threads: int = 1,
) -> pd.DataFrame:
    """Return the cuts that PySceneDetect finds in the film, as :func:`from_table` does.

    Parameters
    ----------
    path, clock
        The film and its clock.
    detector
        ``content`` (fast cuts) or ``adaptive`` (camera motion).
    threshold
        The detector's threshold; None takes its default.
    min_scene_s
        Shortest scene (s).
    threads
        Decoding threads.
    """
    kind, argument = DETECTORS[detector]
    rate = len(clock.seconds) / clock.end_s if clock.end_s > 0 else 1.0
    given = {} if threshold is None else {argument: float(threshold)}
    finder = kind(min_scene_len=max(1, round(min_scene_s * rate)), **given)
    found = []
    pictures = film.decode(path, clock, np.arange(len(clock.pts)), threads)
    for index, picture in tqdm(
        pictures, total=len(clock.pts), desc="scene cuts", unit="picture", mininterval=5
    ):
        width, height = film.shape_for(picture.width, picture.height, None, DETECT_PX)
        image = picture.reformat(
            width, height, "bgr24", interpolation="AREA", threads=1
        ).to_ndarray()
        found += finder.process_frame(FrameTimecode(index, fps=rate), image)
    found += finder.post_process(FrameTimecode(len(clock.pts) - 1, fps=rate))
    frame = np.unique([code.frame_num for code in found]).astype(int)
    log.info("%s: %d cuts found by the %s detector", path, len(frame), detector)
    return _table(frame, clock, True, path)


def _table(frame: np.ndarray, clock: film.FilmClock, skip_first: bool, path) -> pd.DataFrame:
    frame = frame[frame > 0] if skip_first else frame
    if not len(frame):
        log.warning("%s: no scene cut", path)
    return pd.DataFrame({"cut_s": clock.seconds[frame], "frame": frame})
