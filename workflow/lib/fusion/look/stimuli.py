"""What a dataset's films, words and cuts are, by looking into its folders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.io.errors import InputError
from fusion.look import header
from fusion.stimuli import cuts, film, transcripts
from fusion.stimuli.spec import AnnotatedCuts, TranscriptSpec

FILMS = (".mp4", ".m4v", ".mkv", ".mov", ".avi", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".ts")
SOUNDS = (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".opus")
CAPTIONS = (".srt", ".vtt", ".ass", ".sbv", ".lrc")
TIMED = (*CAPTIONS, ".ctm", ".textgrid", ".json", ".json3")
WORDS = (*TIMED, ".tsv", ".csv", ".txt")
#: Folders of derived and raw data in which no stimulus is looked for.
ELSEWHERE = re.compile("sub-.*|derivatives|sourcedata|code|phenotype|\\..*")
#: Tables that are about the film, but hold no transcript.
NO_WORDS = re.compile("phon|syllab|cut|scene|shot|face|feature|event", re.IGNORECASE)
WORD_NAMES = re.compile("word|sentence|transcript|subtit|caption|asr|whisper", re.IGNORECASE)
CUT_NAMES = re.compile("cut|scene|shot", re.IGNORECASE)
ONSETS = ("onset", "onset_s", "cut_s", "start", "start_s", "time", "time_s", "frame")
#: A film that has fewer pixels than this in all is decoded to count its cuts.
PIXELS = 3e9
#: Largest table that is read as a transcript (bytes).
LARGEST = 20_000_000
#: Most tables without a telling name that are tried.
MOST = 30
COMMON = {
    "en": "the and you to of that is it what not",
    "nl": "de het een en ik van niet dat je is",
    "de": "der die das und ich nicht ist ein du zu",
    "fr": "le la les et je pas que est un vous",
    "es": "el la los y que no de es un yo",
    "it": "il la e che non di un per sono mi",
}
ANY = TranscriptSpec("auto", None, 1.0, 0.0, (), "en", 0.3, 50)


@dataclass(frozen=True)
class Film:
    """A film or a sound.

    Attributes
    ----------
    file
        Path relative to the dataset's root.
    head
        What it says about itself; None if it cannot be read.
    fault
        Why it cannot.
    """

    file: str
    head: header.Header | None
    fault: InputError | None = None

    @property
    def has_pictures(self) -> bool:
        """Whether there is anything to see."""
        return bool(self.head and self.head.size) or self.file.casefold().endswith(FILMS)


@dataclass(frozen=True)
class Words:
    """A file that reads as a transcript.

    Attributes
    ----------
    file
        Path relative to the dataset's root.
    onset_s
        (n_words,) onsets (s).
    sentences
        Number of sentences.
    own_sentences
        Whether words come several to a sentence.
    kinds
        Number of different words.
    mean_length
        Words that a row holds on average, 1 for a transcript of words.
    language
        By its commonest words; empty if none of the known ones fits.
    """

    file: str
    onset_s: np.ndarray
    sentences: int
    kinds: int
    mean_length: float
    language: str


@dataclass(frozen=True)
class Cuts:
    """Cuts of a film: from a table, or counted in the film.

    Attributes
    ----------
    file
        Table, relative to the root; None where they were detected.
    column
        Column of their times.
    unit
        ``s`` or ``frames``.
    cut_s
        (n_cuts,) times (s).
    """

    file: str | None
    column: str
    unit: str
    cut_s: np.ndarray


def files(root: Path, ends: Iterable[str]) -> list[Path]:
    """Return the files of a dataset outside its subjects' folders, those in ``stimuli`` first."""
    found = []
    for top in sorted(root.iterdir()):
        if top.is_dir() and not ELSEWHERE.fullmatch(top.name):
            found += [path for path in sorted(top.rglob("*")) if path.is_file()]
        elif top.is_file() and top.parent == root and top.suffix.casefold() in (*FILMS, *SOUNDS):
            found.append(top)
    kept = [path for path in found if path.suffix.casefold() in ends]
    return sorted(kept, key=lambda path: ("stimuli" not in path.parts, str(path)))


def films(root: Path) -> list[Film]:
    """Return the films of a dataset or, where there is none, its sounds."""
    for ends in (FILMS, SOUNDS):
        found = []
        for path in files(root, ends):
            try:
                found.append(Film(str(path.relative_to(root)), header.read(path)))
            except InputError as error:
                found.append(Film(str(path.relative_to(root)), None, error))
        if found:
            return found
    return []


def words(root: Path) -> list[Words]:
    """Return what reads as a transcript, the likeliest first."""
    tables = [
        path
        for path in files(root, WORDS)
        if not NO_WORDS.search(path.name) and path.stat().st_size <= LARGEST
    ]
    likely = [path for path in tables if WORD_NAMES.search(path.name) or _is_timed(path.name)]
    return _that_read(root, likely) or _that_read(root, tables[:MOST])


def _that_read(root: Path, paths: Iterable[Path]) -> list[Words]:
    found = []
    for path in paths:
        try:
            table = transcripts.read(path, ANY).words
        except InputError:
            continue  # a table of something else
        text = table["word"].astype(str)
        found.append(
            Words(
                str(path.relative_to(root)),
                table["onset_s"].to_numpy(float),
                int(table["sentence_id"].nunique()),
                int(text.str.casefold().nunique()),
                float(np.mean([len(word.split()) for word in text])),
                language(text),
            )
        )
    return sorted(found, key=_likelihood)


def _likelihood(one: Words) -> tuple[bool, bool, bool, int, str]:
    """Return a key that sorts transcripts before lists of labels."""
    named = WORD_NAMES.search(Path(one.file).name) is not None
    return (
        one.mean_length > 1.5,
        # Words of a subtitle or of a table of sentences share the time of their line.
        one.file.casefold().endswith(CAPTIONS) or _of_lines(one.file),
        not (named or _is_timed(one.file)),
        -one.kinds,
        one.file,
    )


def _of_lines(file: str) -> bool:
    name = Path(file).name.casefold()
    return "word" not in name and any(part in name for part in ("sentence", "clause", "phrase"))


def _is_timed(name: str) -> bool:
    return name.casefold().endswith(TIMED)


def language(words: Iterable[str]) -> str:
    """Return the language (ISO 639-1) whose commonest words are most frequent, empty if few are."""
    counts = Counter(re.sub(r"\W", "", word).casefold() for word in words)
    total = sum(counts.values())
    shares = {
        name: sum(counts[one] for one in common.split()) / max(total, 1)
        for name, common in COMMON.items()
    }
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= 0.08 else ""


def tables_of_cuts(root: Path) -> list[str]:
    """Return the tables that by their name hold cuts."""
    found = files(root, (".tsv", ".csv"))
    return [str(path.relative_to(root)) for path in found if CUT_NAMES.search(path.name)]


def annotated_cuts(root: Path, file: str, head: header.Header) -> Cuts | None:
    """Return the cuts of a table, None if none of its columns holds times of a film."""
    for column in ONSETS:
        unit = "frames" if column == "frame" else "s"
        try:
            table = cuts.from_table(
                root / file, AnnotatedCuts(column, unit, True, True), header.clock(head)
            )
        except (InputError, ValueError):
            continue
        if len(table):
            return Cuts(file, column, unit, table["cut_s"].to_numpy())
    return None


def detected_cuts(root: Path, one: Film) -> Cuts | None:
    """Return the cuts that the workflow would detect, None if that would take long."""
    head = one.head
    if head is None or head.size is None or head.pictures_hz is None:
        return None
    if head.end_s * head.pictures_hz * head.size[0] * head.size[1] > PIXELS:
        return None
    try:
        path = root / one.file
        table = cuts.detect(path, film.read_clock(path), "content", None, 0.6)
    except InputError:
        return None
    return Cuts(None, "", "s", table["cut_s"].to_numpy())
