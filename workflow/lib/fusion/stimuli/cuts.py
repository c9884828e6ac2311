"""Scene cuts: the first picture of each shot, from a table or detected in the film."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector, ContentDetector
from tqdm import tqdm

from fusion.io.errors import InputError
from fusion.stimuli import decoding, film, plausible
from fusion.stimuli.spec import AnnotatedCuts

log = logging.getLogger(__name__)

# tables round the time of a picture, to milliseconds at best, else to the digits that they have; a
# cut is a picture's own time
ROUNDING_S = 0.001
# shorter side of the pictures that detectors see: cuts are coarse, and PySceneDetect itself shrinks
# films
DETECT_PX = 144
DETECTORS = {
    "content": (ContentDetector, "threshold"),
    "adaptive": (AdaptiveDetector, "adaptive_threshold"),
}


def from_table(
    path: str | Path, how: AnnotatedCuts, clock: film.FilmClock, stimulus: str = "film"
) -> pd.DataFrame:
    """Return the cuts of an annotation file.

    Parameters
    ----------
    path
        TSV or CSV with one row a shot or a cut; also PySceneDetect's own list, whose first line may
        name the cuts.
    how
        Column, unit, and whether a shot that begins with the first picture is left out.
    clock
        The film's clock.
    stimulus
        Name of the film, for messages.

    Returns
    -------
    DataFrame
        cut_s (time of the first picture of the new shot), frame (its presentation index), in order,
        each once.

    Raises
    ------
    InputError
        If a time is no number, or most cuts lie outside the film.
    """
    onset, decimals = _onsets(path, how)
    rate = len(clock.pts) / clock.end_s if clock.end_s > 0 else None
    if how.unit == "frames":
        index = np.round(onset).astype(int)
        if (part := np.abs(onset - index) > 1e-6).any():
            raise InputError(
                path,
                "frames",
                f"{onset[part][0]:g}, which is no number of a picture",
                "whole numbers, or the unit of these times (key scene_cuts.unit)",
            )
        if len(index) and index.min() == 1:
            log.warning("%s: pictures are counted from 1", path)
            index = index - 1
        frame = np.where((index >= 0) & (index < len(clock.pts)), index, -1)
        onset = np.where(frame >= 0, clock.seconds[np.maximum(frame, 0)], index / (rate or 1.0))
    else:
        onset = onset / (1000.0 if how.unit == "ms" else float(how.unit != "s" and how.unit or 1))
        rounding = min(0.5 * 10.0**-decimals, 0.4 / rate) if how.unit == "s" and rate else 0.0
        frame = clock.frame_at(onset, tolerance_s=max(ROUNDING_S, rounding))
    if note := plausible.check_cuts(onset, clock.end_s, rate, path, stimulus, strict=how.strict):
        log.warning("%s: %s", path, note)
    if n := int((frame < 0).sum()):
        log.warning(
            "%s: %d of %d cuts lie outside the film (%.3f s) and are left out",
            path,
            n,
            len(frame),
            clock.end_s,
        )
    frame = np.unique(frame[frame >= 0])
    return _table(frame, clock, how.skip_first, path)


def _onsets(path: str | Path, how: AnnotatedCuts) -> tuple[np.ndarray, int]:
    """Return the times or numbers of a table of cuts, in its own unit, and how many decimals they
    have.
    """
    notes = decoding.Notes()
    cells = decoding.read_cells(path, notes, skip="Timecode List")
    names = {"".join(c for c in name.casefold() if c.isalnum()): name for name in cells.columns}
    wanted = [how.onset_column]
    if "startframe" in names and how.onset_column == "onset":  # PySceneDetect
        wanted = ["startframe"] if how.unit == "frames" else ["starttimeseconds", "starttimecode"]
    plain = ["".join(c for c in name.casefold() if c.isalnum()) for name in wanted]
    column = next((names[name] for name in plain if name in names), None)
    if column is None:
        raise InputError(
            path,
            f"column {how.onset_column!r}",
            f"columns {', '.join(cells.columns)}",
            "that column (key scene_cuts.onset_column)",
        )
    found = decoding.times(cells[column], path, notes).dropna().to_numpy()
    for note in notes.said:
        log.info("%s: %s", path, note)
    if column.casefold().replace(" ", "") == "startframe":
        found = found - 1  # PySceneDetect counts pictures from 1
    text = cells[column].astype(str).str.strip().str.extract(r"[.,](\d+)$")[0].dropna()
    return found, int(text.str.len().max()) if len(text) else 0


def detect(
    path: str | Path,
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


def _table(
    frame: np.ndarray, clock: film.FilmClock, skip_first: bool, path: str | Path
) -> pd.DataFrame:
    frame = frame[frame > 0] if skip_first else frame
    if not len(frame):
        log.warning("%s: no scene cut", path)
    return pd.DataFrame({"cut_s": clock.seconds[frame], "frame": frame})
