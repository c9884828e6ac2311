"""From a BIDS folder to a dry run: the commands of docs/tutorial.md, on a new lab's dataset."""

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from helpers import new_lab
from helpers.runs import REPOSITORY, checkout

TUTORIAL = REPOSITORY / "docs" / "tutorial.md"


def commands():
    blocks = re.findall(r"```bash\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def run(folder, command, check=True):
    """Run a command as the tutorial has it, with this Python's Snakemake."""
    words = shlex.split(command.split(" #")[0])
    assert words[0] == ".venv/bin/snakemake", command
    words = [word.replace("/data/newlab", str(folder / "newlab")) for word in words[1:]]
    ran = subprocess.run(
        [sys.executable, "-m", "snakemake", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    said = ran.stdout + ran.stderr
    assert not check or ran.returncode == 0, f"{command}\n{said[-5000:]}"
    return ran.returncode, said


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A checkout with a dataset beside it, and its draft."""
    folder = checkout(tmp_path_factory.mktemp("lab"))
    new_lab.write(folder / "newlab")
    _, said = run(folder, commands()[0])
    return folder, said


@pytest.mark.slow
def test_the_tutorial_leads_from_a_folder_to_a_dry_run(lab):
    folder, said = lab
    began = time.monotonic()
    assert "Wrote config/newlab.yaml" in said and "Next:" in said
    for command in commands()[1:]:
        words = command.split(" #")[0].split()
        computes = not {"check", "draft", "plan", "-n"} & set(words)
        _, out = run(folder, " ".join([*words, "-n"] if computes else words))
        if "check" in words:
            assert "0 faults in 4 recordings and 1 films" in out
            assert float(re.search(r"looked at in ([\d.]+) s", out)[1]) < 60
        elif "-n" in words:
            assert re.search(r"^encode\s+\d+", out, re.M)
        elif "draft" in words:
            tried = yaml.safe_load((folder / "config/try.yaml").read_text())
            assert all(name.startswith("demo_") for name in tried["models"])
    print(f"check and dry run: {time.monotonic() - began:.1f} s")


@pytest.mark.slow
def test_the_config_of_the_readme_runs_as_it_stands(lab):
    folder, _ = lab
    text = (REPOSITORY / "README.md").read_text()
    (config,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert "root: /data/newlab" in config
    written = config.replace("/data/newlab", str(folder / "newlab"))
    (folder / "readme.yaml").write_text(written)
    _, said = run(folder, ".venv/bin/snakemake --cores 1 --configfile readme.yaml -n")
    assert re.search(r"^contrasts\s+\d+", said, re.M)


@pytest.mark.slow
def test_the_draft_found_what_the_lab_has(lab):
    folder, _ = lab
    text = (folder / "config/newlab.yaml").read_text()
    config = yaml.safe_load(text)
    film = config["stimuli"]["story"]
    assert config["recordings"] == {"task": "story"}
    assert film["film_zero"]["value"] == "story"
    assert film["film_zero"]["film_s"] == {"1": 0, "2": new_lab.PART_S}
    assert film["transcript"]["file"] == "stimuli/story.TextGrid"
    assert config["ieeg"]["line_freq_hz"] is None
    assert "sub-01 60 Hz; sub-02 50 Hz" in text
    assert f"{len(new_lab.word_times())} words" in text
    assert f"{len(new_lab.CUTS_S)} cuts" in text
    assert ".edf (3), .vhdr (2)" in text and "DKT" in text
    returncode, said = run(folder, commands()[0], check=False)
    assert returncode and "never overwritten" in said
    assert (folder / "config/newlab.yaml").read_text() == text


@pytest.mark.slow
def test_check_lists_every_fault_at_once(lab):
    folder, _ = lab
    config = yaml.safe_load((folder / "config/newlab.yaml").read_text())
    broken = folder / "broken"
    new_lab.write(broken)
    config |= {"root": str(broken), "dataset": "broken", "modles": []}
    config["stimuli"]["story"]["film_zero"]["value"] = "storey"
    (folder / "broken.yaml").write_text(yaml.safe_dump(config))
    ieeg = broken / "sub-01" / "ieeg"
    edf = next(ieeg.glob("*story_run-1_ieeg.edf"))
    edf.write_bytes(edf.read_bytes()[: edf.stat().st_size // 2])
    (ieeg / "sub-01_task-story_run-2_channels.tsv").write_text("name\tkind\nLA1\tSEEG\n")
    film = broken / "stimuli/story.mp4"
    film.write_bytes(film.read_bytes()[:1000])
    grid = broken / "stimuli/story.TextGrid"
    grid.write_text(grid.read_text()[:3000])
    vhdr = next((broken / "sub-02/ieeg").glob("*run-1_ieeg.vhdr"))
    vhdr.with_suffix(".eeg").unlink()
    returncode, said = run(
        folder, ".venv/bin/snakemake check --cores 1 --configfile broken.yaml", check=False
    )
    assert returncode != 0
    files = [
        "broken.yaml",
        edf.name,
        "run-2_channels.tsv",
        "story.mp4",
        "story.TextGrid",
        vhdr.stem,
    ]
    for name in files:
        assert re.search(rf"^ *\d+  file .*{re.escape(name)}", said, re.M), (
            f"{name}\n{said[-6000:]}"
        )
    assert said.count("'storey'") == 4, "one for every recording"
    assert "did you mean" in said


@pytest.mark.slow
def test_a_real_layout_is_drafted(tmp_path):
    layout = os.environ.get("FUSION_REAL_LAYOUT")
    if not layout:
        pytest.skip("FUSION_REAL_LAYOUT is not set")
    folder = checkout(tmp_path)
    for name in ("ds003688", "ds005574"):
        root = Path(layout, name)
        given = f"root={root} dataset={name}-draft"
        run(folder, f".venv/bin/snakemake draft --cores 1 --config {given}")
        text = (folder / f"config/{name}-draft.yaml").read_text()
        ((film, row),) = yaml.safe_load(text)["stimuli"].items()
        assert film in ("film", "podcast") and row["video"] is None
        assert row["transcript"]["file"].endswith(("words.tsv", "transcript.tsv"))
        assert "data files are not here" in text
