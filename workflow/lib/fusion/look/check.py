"""Every fault of a config and its dataset at once: the readers of the workflow are asked, and what
they refuse is listed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fusion.ieeg import positions, sidecars
from fusion.ieeg.preparation import open_source
from fusion.io.errors import InputError, gathering, going_on
from fusion.look import header
from fusion.look.spec import CheckedFilm, CheckedRecording, CheckSpec
from fusion.stimuli import cuts, plausible, transcripts

log = logging.getLogger(__name__)

COLUMNS = ("file", "where", "found", "accepted")


def faults(spec: CheckSpec) -> list[InputError]:
    """Return what is wrong with a config, its recordings and its films.

    Nothing is filtered, decoded or fitted: the heads of recordings and films, and all small files.
    """
    with gathering() as found:
        for fault in spec.faults:
            with going_on():
                raise InputError(*fault)
        for name, recording in spec.recordings.items():
            with _named(name, recording.files[0]):
                check_recording(recording)
        for name, row in spec.films.items():
            with _named(name, row.film or row.transcript or spec.config):
                check_film(name, row)
    return found


@contextmanager
def _named(name: str, file: str) -> Iterator[None]:
    """Make a fault of what no reader foresaw, so that all others are listed beside it."""
    with going_on():
        try:
            yield
        except InputError:
            raise
        except Exception as error:
            log.exception("%s", name)
            found = f"what no reader expected ({type(error).__name__}: {error})"
            raise InputError(file, name, found, "files that the workflow reads") from error


def check_recording(one: CheckedRecording) -> None:
    """Raise ``InputError`` for what the workflow would refuse of a recording and its sidecars."""
    given = list(one.sidecars)
    with going_on():
        sidecars.read_info(given)
    with going_on():
        sidecars.read_channels(given, one.files[0])
    with going_on():
        sidecars.read_events(given)
    with going_on():
        positions.read_positions(given, one.spec.space)
    with going_on():
        open_source(one.files, given, one.atlas, one.spec)


def check_film(name: str, row: CheckedFilm) -> None:
    """Raise ``InputError`` for a film whose head or end cannot be read, and for words and cuts that
    cannot be read or cannot belong to it.
    """
    head = None
    if row.film:
        with going_on():
            head = header.read(row.film)
    if row.transcript:
        with going_on():
            words = transcripts.read(row.transcript, row.words, row.sentences).words
            if head:
                plausible.check_words(
                    words["onset_s"].to_numpy(),
                    head.end_s,
                    head.pictures_hz,
                    row.transcript,
                    name,
                    strict=row.strict,
                )
    if row.cuts and row.annotated and head and head.pictures_hz:
        with going_on():
            cuts.from_table(row.cuts, row.annotated, header.clock(head), name)


def in_words(found: Iterable[InputError], folder: Path) -> str:
    """Return faults as a table of text: one block a fault, paths below ``folder`` without it."""
    lines = []
    for number, fault in enumerate(found, 1):
        file = fault.file.removeprefix(f"{folder}/")
        cells = (file, fault.where, fault.found, fault.accepted)
        for key, cell in zip(COLUMNS, cells, strict=True):
            if cell:
                text = " ".join(str(cell).split())
                lines.append(f"{number if key == 'file' else '':>4}  {key:<8}  {text}".rstrip())
        lines.append("")
    return "\n".join(lines)
