"""The official BIDS validator, and what of its findings concerns the recordings that are
analysed.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from fusion.ids import entities
from fusion.io.errors import InputError

log = logging.getLogger(__name__)

COLUMNS = ["severity", "code", "field", "file", "message", "matters"]

# What a finding means for this workflow, in words; the validator's own message is kept where there
# is none.
IN_WORDS = {
    "TSV_COLUMN_MISSING": "a column that BIDS requires is missing",
    "TSV_VALUE_INCORRECT_TYPE": "a value has the wrong type",
    "TSV_EQUAL_ROWS": "the rows have different numbers of cells",
    "TSV_EMPTY_LINE": "there is an empty line",
    "TSV_COLUMN_HEADER_DUPLICATE": "a column occurs twice",
    "TSV_INDEX_VALUE_NOT_UNIQUE": "a name occurs twice",
    "SIDECAR_KEY_REQUIRED": "a key that BIDS requires is missing",
    "SIDECAR_WITHOUT_DATAFILE": "there is no data file for this sidecar",
    "JSON_INVALID": "this is not valid JSON",
    "EMPTY_FILE": "the file is empty",
    "FILE_READ": "the file cannot be read (a link without its content?)",
    "INVALID_LOCATION": "the file lies in a folder that its name contradicts",
    "NOT_INCLUDED": "the name is no BIDS name, so the file is ignored",
    "REQUIRED_COORDSYSTEM": (
        "positions without a coordsystem.json: their space and unit are unknown"
    ),
    "EVENT_ONSET_ORDER": "the onsets are not in order",
}

# Errors that change nothing here: columns are found by their names, and columns that are not
# described are not used.
HARMLESS = {
    "TSV_COLUMN_ORDER_INCORRECT",
    "TSV_ADDITIONAL_COLUMNS_MUST_DEFINE",
    "TSV_ADDITIONAL_COLUMNS_NOT_ALLOWED",
}


def run(root: str | Path) -> list[dict[str, Any]]:
    """Return what the validator finds in the dataset at ``root``: its issues, as it writes them.

    Raises
    ------
    InputError
        If it is not installed or its answer is not the JSON expected.
    """
    # The environment's own copy first: PATH may not hold the environment that runs this.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which("bids-validator-deno", path=path)
    if program is None:
        raise InputError(
            "bids-validator-deno",
            "",
            "no such program",
            "the official BIDS validator (PyPI: bids-validator-deno)",
        )
    done = subprocess.run(
        # absolute, as a name may begin with a dash
        [program, str(Path(root).absolute()), "--format", "json"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    try:
        issues: list[dict[str, Any]] = json.loads(done.stdout)["issues"]["issues"]
    except (ValueError, KeyError, TypeError):
        said = (done.stderr or done.stdout).strip().splitlines() or [
            f"exit status {done.returncode} and no word"
        ]
        raise InputError(
            root,
            "",
            f"no answer of the BIDS validator ({said[-1][:200]})",
            "a folder that it can read",
        ) from None
    return issues


def report(table: pd.DataFrame, root: Path, strict: bool) -> None:
    """Log the findings that matter.

    Raises
    ------
    InputError
        With ``strict``, at the first of them.
    """
    matters = table[table["matters"].astype(bool)]
    for row in matters.to_dict("records"):
        field = f" ({row['field']})" if isinstance(row["field"], str) else ""
        log.error("%s: %s%s", row["file"], row["message"], field)
    log.info(
        "%d errors, %d of them about files that are read; %d warnings",
        (table["severity"] == "error").sum(),
        len(matters),
        (table["severity"] == "warning").sum(),
    )
    if strict and len(matters):
        first = matters.iloc[0]
        raise InputError(
            root / str(first["file"]),
            str(first["field"] or ""),
            f"{first['message']} ({len(matters)} errors in all)",
            "valid BIDS (ieeg.validation: strict)",
        )


def findings(issues: list[dict[str, Any]], used: list[str]) -> pd.DataFrame:
    """Return the findings as ``COLUMNS``, errors that matter first.

    Recommendations (keys and columns that BIDS only recommends) are left out. An error matters if
    it is about one of the files that the workflow reads and not one of ``HARMLESS``.

    Parameters
    ----------
    issues
        As :func:`run` returns them.
    used
        Files that the workflow reads, relative to the dataset's root.
    """
    read = {str(Path(name)) for name in used} | {"dataset_description.json"}
    rows = []
    for issue in issues:
        if issue["code"].endswith("_RECOMMENDED"):
            continue
        file = issue.get("location", "").lstrip("/")
        message = issue.get("issueMessage") or ""
        words = IN_WORDS.get(issue["code"])
        text = ": ".join(filter(None, (words, message))) or issue["code"]
        error = issue.get("severity") == "error"
        rows.append(
            (
                issue.get("severity", "warning"),
                issue["code"],
                issue.get("subCode"),
                file,
                " ".join(text.split())[:300],
                error and file in read and issue["code"] not in HARMLESS,
            )
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    rank = 2 * ~table["matters"].astype(bool) + (table["severity"] != "error")
    order = ["rank", "file", "code", "field"]
    ranked = table.assign(rank=rank).sort_values(order, kind="stable", na_position="first")
    return ranked[COLUMNS].reset_index(drop=True)


def errors_of(table: pd.DataFrame, recording: str) -> int:
    """Return how many errors that matter are about a file that describes ``recording``."""
    has = entities(recording)
    about = [
        all(has.get(k) == v for k, v in entities(Path(file).name).items() if k != "space")
        for file in table["file"]
    ]
    return int(
        (table["matters"].astype(bool) & pd.Series(about, index=table.index, dtype=bool)).sum()
    )
