"""What is no plain file is not waited for, and what is left behind or would run elsewhere is not
there.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.scripts import LIB
from hypothesis import given
from hypothesis import strategies as st

from fusion.design.schema import read_yaml
from fusion.io import checksums, tables, text
from fusion.io.atomic import whole
from fusion.io.errors import InputError


def place(path: Path, what: str) -> Path:
    match what:
        case "a pipe":
            os.mkfifo(path)
        case "a device":
            path.symlink_to("/dev/zero")
        case "a folder":
            path.mkdir()
        case "links in a circle":
            path.symlink_to(path.name)
    return path


@pytest.mark.parametrize("what", ["a pipe", "a device", "a folder", "links in a circle", "nothing"])
@pytest.mark.parametrize("read", [text.read_text, text.read_json, tables.read_tsv, read_yaml])
def test_what_is_no_file_is_one_line(tmp_path, what, read):
    path = place(tmp_path / "a.tsv", what)
    with pytest.raises(InputError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: found ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3, key a: found a second one of that name"),
        ("x:\n  a: 1\n  a: 1\n", "line 3, key a"),
        ("{a: 1, 'a': 2}", "key a"),
        ("a: &a [*a]\n", "a value that holds itself"),
        (
            "a: &a [x, x, x, x, x, x, x, x, x]\n"
            + "".join(
                f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n"
                for a, b in zip("abcdefgh", "bcdefghi", strict=True)
            ),
            "aliases that unfold to",
        ),
        ("a: " + "[" * 20_000 + "]" * 20_000, "nested too deeply"),
        ("a: !!python/object/apply:os.system ['touch pwned']\n", "could not determine"),
        ("a: [1\n", "line 2"),
        ("a: 1" + "0" * 5000, "a YAML file"),
        ("a: \x00\n", "NUL"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_yaml_that_says_two_things_or_too_much_is_one_line(tmp_path, content, says, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(content)
    with pytest.raises(InputError, match="^c.yaml: ") as error:
        read_yaml(Path("c.yaml"))
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert not Path("pwned").exists()


def test_merged_keys_may_be_said_again(tmp_path):
    (tmp_path / "c.yaml").write_text("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  x: 3\n")
    assert read_yaml(tmp_path / "c.yaml")["b"] == {"x": 3, "y": 2}


FORMULAS = ["=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "+1+1", "-1+cmd", "+A1", "-x", "'=x", "''-x"]
FORMULAS += ["＝cmd|' /C calc'!A0", "＠SUM(A1)", "＋A1", "－1+cmd"]
PLAIN = ["-1", "+1.5e-3", "-.5", "1-2", "A+B", "-", "+", "'x", "", "−1"]


def test_text_that_a_spreadsheet_runs_is_marked_and_comes_back(tmp_path):
    table = pd.DataFrame({"electrode": [*FORMULAS, *PLAIN], "=x": 1})
    path = tmp_path / "t.tsv"
    tables.write_tsv(table, path)
    written = [line.split("\t")[0] for line in path.read_text().splitlines()]
    assert written[1:] == [*(f"'{text}" for text in FORMULAS), *PLAIN[:-2], "", "−1"]
    assert path.read_text().startswith("electrode\t'=x\n")
    back = tables.read_tsv(path, dtype={"electrode": str})["electrode"].fillna("")
    assert back.tolist() == [*FORMULAS, *PLAIN]
    # BIDS tables are written and read as they are.
    tables.write_tsv(table, path, literal=True)
    back = tables.read_tsv(path, dtype={"electrode": str}, literal=True)["electrode"].fillna("")
    assert back.tolist() == [*FORMULAS, *PLAIN]


def test_a_region_that_looks_like_a_number_is_a_label(tmp_path):
    table = pd.DataFrame({"electrode": ["007", "1e5"], "region": ["1001", np.nan]})
    tables.write_tsv(table, tmp_path / "t.tsv")
    back = tables.read_tsv(tmp_path / "t.tsv", dtype=tables.ELECTRODES)
    assert back["region"].tolist()[0] == "1001"
    assert back["electrode"].tolist() == ["007", "1e5"]


@given(st.text(st.sampled_from("'=+-@1.eA"), min_size=1, max_size=6))
def test_two_labels_stay_two(label):
    marked = tables._cell(label, False)
    assert tables._unmarked(marked) == label
    assert not marked.startswith(("=", "@"))


def test_a_folder_in_the_place_of_a_file_is_found(tmp_path):
    path = tmp_path / "results/x/a.tsv"
    tables.write_tsv(pd.DataFrame({"a": [1]}), path)
    checksums.write(path, rule="made")
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="the file that rule made wrote"):
        checksums.check_inputs([path])


TERMINATED = """
import sys, time
from types import SimpleNamespace
from fusion.io import atomic, job

given = SimpleNamespace(log=["log"], input=[], output=["results/x/a.tsv"], params=SimpleNamespace())
job.begin(given)
with atomic.whole("results/x/a.tsv") as part:
    part.write_text("half")
    open("ready", "w").close()
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_half_written_stays_behind(tmp_path, number):
    (tmp_path / "job.py").write_text(TERMINATED)
    environment = {**os.environ, "PYTHONPATH": str(LIB)}
    process = subprocess.Popen([sys.executable, "job.py"], cwd=tmp_path, env=environment)
    end = time.monotonic() + 60
    while not (tmp_path / "ready").exists() and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(number)
    process.wait()
    folder = tmp_path / "results/x"
    if number == signal.SIGTERM:
        assert process.returncode == 128 + number
        assert "stopped by signal" in (tmp_path / "log").read_text()
    else:  # what it could not remove is removed by the next
        assert list(folder.glob(".part-*"))
        with whole(folder / "a.tsv") as part:
            part.write_text("whole")
    assert not list(folder.glob(".part-*"))
    assert not (folder / ".checksums").exists()
