"""Words and scene cuts of the Brain Treebank release."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from fusion.ieeg.treebank.release import FilePath, read_csv
from fusion.io.errors import InputError

#: Endings that the release writes as rows of their own.
ENDINGS = r"'(m|s|re|ve|ll|d|t|em|cause|til)?|n't"
#: Words that it writes in two rows.
SPLITS = {
    ("gon", "na"),
    ("wan", "na"),
    ("got", "ta"),
    ("can", "not"),
    ("lem", "me"),
    ("gim", "me"),
    ("d", "ye"),
    ("what", "cha"),
}
CUT_COLUMNS = (
    "onset",
    "cut_s",
    "start",
    "start_time",
    "time",
    "movie_time",
    "shot_start_t",
    "Start Time (seconds)",
)


def read_words(path: FilePath) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the words of a film (word, onset_s, offset_s, sentence_id, sentence) and how many rows
    were left out, and why.

    Only rows without a word or a time are dropped: other columns may be missing. Rows that repeat
    word and times count once. The release splits contractions (I / 'm, gon / na): they are joined.
    """
    table = read_csv(path, ("text", "start", "end"))
    onset, offset = (pd.to_numeric(table[c], errors="coerce") for c in ("start", "end"))
    number = (
        pd.to_numeric(table["sentence_idx"], errors="coerce")
        if "sentence_idx" in table
        else pd.Series(np.nan, index=table.index)
    )
    out = pd.DataFrame(
        {
            "word": table["text"].astype("string").str.strip(),
            "onset_s": onset,
            "offset_s": offset,
            "sentence_id": [f"s{int(k):05d}" if np.isfinite(k) else None for k in number],
            "sentence": table["sentence"].astype("string") if "sentence" in table else None,
        }
    )
    timed = np.isfinite(onset) & out["word"].notna() & (out["word"] != "")
    repeated = out.duplicated(["word", "onset_s", "offset_s"]) & timed
    left_out = {
        "rows without a word or a time": int((~timed).sum()),
        "repeated rows": int(repeated.sum()),
    }
    out = out[timed & ~repeated].sort_values("onset_s", kind="stable", ignore_index=True)
    pieces = is_piece(out)
    left_out["pieces of words joined"] = int(pieces.sum())
    out = join_pieces(out, pieces)
    out["offset_s"] = out["offset_s"].where(out["offset_s"] >= out["onset_s"], out["onset_s"])
    return out, {why: n for why, n in left_out.items() if n}


def is_piece(words: pd.DataFrame) -> np.ndarray:
    """Return which rows go on the word of the row before, (n_rows,) bool.

    A piece is an ending that stands for no word (``'m``, ``n't``), the second half of a known
    split, or a row with the times of the row before.

    Parameters
    ----------
    words
        word, onset_s, offset_s, sentence_id, in order of time.
    """
    text = [str(word).lower().replace("\u2019", "'") for word in words["word"]]
    onset, offset = words["onset_s"].to_numpy(float), words["offset_s"].to_numpy(float)
    sentence = list(words["sentence_id"])
    found = np.zeros(len(words), bool)
    for k in range(1, len(words)):
        if sentence[k] != sentence[k - 1]:
            continue
        near = onset[k] <= max(onset[k - 1], offset[k - 1] if offset[k - 1] > 0 else 0) + 0.05
        same = onset[k] == onset[k - 1] and offset[k] == offset[k - 1]
        ending = re.fullmatch(ENDINGS, text[k]) is not None
        split_ = (text[k - 1], text[k]) in SPLITS
        found[k] = same or (near and (ending or split_))
    return found


def join_pieces(words: pd.DataFrame, piece: np.ndarray) -> pd.DataFrame:
    """Return the words with every piece added to the word before it."""
    if not piece.any():
        return words
    whole = np.cumsum(~piece)
    grouped = words.groupby(whole, sort=True)
    joined = grouped.first()
    joined["word"] = grouped["word"].agg(lambda parts: "".join(map(str, parts)))
    joined["offset_s"] = grouped["offset_s"].max()
    return joined.reset_index(drop=True)[list(words.columns)]


def read_cuts(path: FilePath) -> np.ndarray:
    """Return the times (s) of the scene cuts in a table that has one of ``CUT_COLUMNS``."""
    table = read_csv(path, ())
    column = next((c for c in CUT_COLUMNS if c in table), None)
    if column is None:
        raise InputError(
            path,
            "header",
            f"columns {', '.join(map(str, table.columns))}",
            f"one of {', '.join(CUT_COLUMNS)}",
        )
    times = pd.to_numeric(table[column], errors="coerce").dropna().to_numpy(float)
    return np.unique(times)
