"""What is looked at once a run, before the first job: files that the config names, and what it
leaves out.
"""

from __future__ import annotations

from pathlib import Path

from fusion.design import film_zero
from fusion.design.study import Study
from fusion.io.errors import InputError, going_on
from fusion.stimuli.spec import form_of

#: Format of the config -> what the file must look like.
LOOKS = {
    "json": "json",
    "whisper": "json",
    "textgrid": "textgrid",
    "srt": "srt",
    "vtt": "srt",
    "ass": "ass",
    "sbv": "sbv",
    "lrc": "lrc",
    "ctm": "ctm",
    "words": "table",
    "events": "table",
    "ds003688": "table",
    "ds005574": "table",
    "treebank": "table",
    "table": "table",
}
#: Format of the config -> columns that its table must have.
COLUMNS = {
    "words": ("word", "onset_s"),
    "ds003688": ("item", "onset", "offset"),
    "ds005574": ("word", "start", "end"),
    "treebank": ("start", "end"),
}
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def check_files(study: Study, file: str) -> None:
    """Raise ``InputError`` for a transcript of another format, or a ``film_zero`` that recordings
    lack.

    Reads the head of every transcript and the events of every recording.
    """
    if study.config["source"] != "bids":
        return
    for film in study.stimuli:
        transcript = study.config["stimuli"][film]["transcript"]
        path = Path(study.stimulus_file(transcript["file"]))
        if path.is_file():
            with going_on():
                check_form(
                    path, transcript["format"], f"key stimuli.{film}.transcript.format of {file}"
                )
    film_zero.check_events(study.config, study.recordings, file)
    for film in study.stimuli:
        with going_on():
            _check_clock(study, film, file)


def check_form(path: Path, form: str, key: str) -> None:
    """Raise ``InputError`` if a transcript does not look like its format.

    Parameters
    ----------
    path
        The transcript.
    form
        The format that the config says.
    key
        Where the config says it.
    """
    wanted = LOOKS.get(form)
    if wanted is None:
        return
    with open(path, "rb") as raw:
        head = raw.read(20_000)
    encoding = next((name for bom, name in BOMS.items() if head.startswith(bom)), "utf-8")
    text = head[: len(head) // 2 * 2].decode(encoding, errors="replace")
    looks = form_of(text)
    if looks != wanted:
        raise InputError(path, "", f"what looks like {looks}", f"{form} ({key}; or auto)")
    header = text.lstrip().split("\n", 1)[0].strip().strip("\"'")
    names = {name.strip().strip("\"'") for sep in "\t;," for name in header.split(sep)}
    for column in COLUMNS.get(form, ()):
        if column not in names:
            raise InputError(
                path,
                f"column {column!r}",
                f"columns {header[:200]}",
                f"that column ({key}; or auto)",
            )


def _check_clock(study: Study, film: str, file: str) -> None:
    """Raise ``InputError`` for words on the clock of a recording: an events.tsv of a run."""
    row = study.config["stimuli"][film]
    if row["film_zero"] is None:
        return
    transcript, path = row["transcript"], Path(study.stimulus_file(row["transcript"]["file"]))
    own = [
        one for one in study.recordings.values() if path.name.startswith(one.name.split("_acq")[0])
    ]
    is_events = path.name.endswith("_events.tsv") and path.parent.name in ("ieeg", "eeg", "beh")
    if not (is_events and path.is_file()) or transcript["zero_s"]:
        return
    with open(path, encoding="utf-8-sig", errors="replace") as table:
        if "film_s" in table.readline().split("\t"):
            return
    if row["film_zero"]["rule"] != "recording_start":
        example = f" of {own[0].name}" if own else ""
        raise InputError(
            path,
            "column 'onset'",
            "times of a run, which count from the start of its recording",
            "a column film_s, or the film's second 0 in this file: key"
            f" stimuli.{film}.transcript.zero_s of {file} (the onset of the event that film_zero"
            f" names{example})",
        )


def notes(study: Study) -> list[str]:
    """Return what a user should know of a run before it starts: what takes no part, and why."""
    said = []
    if study.unclaimed:
        names = list(study.unclaimed)
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        reason = next(iter(study.unclaimed.values()))
        said.append(f"{len(names)} recordings take no part: {shown}: {reason}")
    unseen = [film for film in study.config["stimuli"] if film not in study.stimuli]
    if unseen:
        said.append(f"no recording that takes part saw {', '.join(unseen)}")
    return [*said, *study.left_out]
