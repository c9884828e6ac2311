"""Whatever happens to the files of a BIDS dataset, reading it ends well or in one clear line, never
in a library's traceback.
"""

import shutil
import tempfile
from pathlib import Path

import bids_dataset
import numpy as np
import pytest
import running
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled
from fusion.io.tables import read_tsv

ODD = [
    "",
    "n/a",
    "NaN",
    "-1",
    "0",
    "1e30",
    "inf",
    "abc",
    "µV",
    "good",
    "bad",
    "SEEG",
    "A1",
    "A1 ",
    "[]",
    "{",
    "\t",
    '"',
    "\0",
    "512",
    "0.0001",
    "Ünï",
]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return bids_dataset.write(tmp_path_factory.mktemp("right"))


def mutate(path: Path, kind: str, where: float, what: str) -> None:
    """Change one file: at a relative position ``where``, with the odd value ``what``."""
    content = path.read_bytes()
    at = int(where * len(content))
    lines = content.split(b"\n")
    line = int(where * len(lines))
    match kind:
        case "delete":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "truncate":
            path.write_bytes(content[:at])
        case "byte":
            path.write_bytes(content[:at] + what.encode() + content[at + 1 :])
        case "insert":
            path.write_bytes(content[:at] + what.encode() + content[at:])
        case "bom":
            path.write_bytes(b"\xef\xbb\xbf" + content)
        case "drop line":
            path.write_bytes(b"\n".join(lines[:line] + lines[line + 1 :]))
        case "double line":
            path.write_bytes(b"\n".join(lines[: line + 1] + lines[line:]))
        case "cell":
            cells = lines[line].split(b"\t" if path.suffix == ".tsv" else b" ")
            cells[int(where * 7919) % len(cells)] = what.encode()
            lines[line] = (b"\t" if path.suffix == ".tsv" else b" ").join(cells)
            path.write_bytes(b"\n".join(lines))
        case "rename":
            path.rename(
                path.with_name(path.name.replace("_task", "_tsk").replace("sub-01", "sub-1"))
            )


KINDS = [
    "delete",
    "empty",
    "truncate",
    "byte",
    "insert",
    "bom",
    "drop line",
    "double line",
    "cell",
    "rename",
]
POSITIONS = st.floats(0, 1, exclude_max=True)
MUTATIONS = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from(KINDS), POSITIONS, st.sampled_from(ODD)),
    min_size=1,
    max_size=2,
)


@settings(
    max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(MUTATIONS)
def test_a_mutated_tree_is_read_or_refused_in_one_line(template, mutations):
    with tempfile.TemporaryDirectory() as folder:
        root, results = Path(shutil.copytree(template, Path(folder, "bids"))), Path(folder, "out")
        for number, kind, where, what in mutations:
            files = sorted(
                path
                for path in root.rglob("*")
                if path.is_file() and path.name != "dataset_description.json"
            )
            if files:
                mutate(files[number % len(files)], kind, where, what)
        try:
            design = running.design(root, film_zero=bids_dataset.ZERO_RULE)
            cleaned = running.preprocess(design, results)
            words = bids_dataset.words(results / "w.tsv")
            made = running.responses(design, cleaned, words, results)
        except InputError as error:
            assert "\n" not in str(error)
            assert (
                str(root) in str(error) or "config" in str(error) or str(results) in str(error)
            ), "the message names no file"
            return
        electrodes = read_tsv(cleaned.electrodes, ("electrode", "kept"), dtype={"electrode": str})
        kept = electrodes.loc[electrodes["kept"].astype(str).str.lower() == "true", "electrode"]
        with open_labelled(made) as data:
            assert list(data.electrode.values) == list(kept)
            assert kept.is_unique
            assert np.isfinite(data.response.values).all()
