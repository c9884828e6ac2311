"""The paper's design stays a DAG that one machine can plan: a dry run over a dataset of empty
files.
"""

import re
import subprocess
import sys
import time

import paper_design
import pytest
import yaml
from helpers.runs import REPOSITORY, checkout, snakemake


def job_counts(folder, config):
    """Return rule -> jobs of a dry run."""
    text = snakemake(folder, "--dry-run", "--quiet", "reason", config=config).stdout
    stats = re.search(r"Job stats:\n(.*?)\n\n", text, re.DOTALL)[1]
    return {rule: int(count) for rule, count in (line.split() for line in stats.splitlines()[2:])}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return checkout(tmp_path_factory.mktemp("paper"))


@pytest.mark.slow
def test_the_papers_design(folder, tmp_path):
    config = paper_design.write(tmp_path)
    jobs = job_counts(folder, config)
    subjects, alignments, models = 7, 2, 13
    shuffled = len(paper_design.VISION_LANGUAGE)
    # One job fits all inits of a network; shuffled pairings and the concatenation have their own.
    assert jobs["encode"] == subjects * alignments * (models - 1)
    assert jobs["single_encode"] == subjects * alignments * (shuffled + 1)
    assert jobs["contrasts"] == subjects * alignments
    assert jobs["preprocess"] == subjects
    # A linear concatenation has no activations of its own.
    # All alignments, inits and pairings of a network come from one job a film.
    assert jobs["all_activations"] == subjects * shuffled
    assert jobs["random_activations"] == subjects * (models - 1 - shuffled)
    assert jobs["total"] <= 600


def test_subjects_who_saw_the_same_film_share_its_activations(folder, tmp_path):
    made = paper_design.write(tmp_path, subjects=3)
    config = yaml.safe_load(made.read_text())
    one = config["stimuli"]["film0"]
    config["stimuli"] = {"film0": {**one, "recordings": {}}}
    config["models"], config["random_inits"] = ["slip", "slip_simclr"], 0
    config["contrasts"] = {"x": {"a": "slip", "b": "slip_simclr"}}
    made.write_text(yaml.safe_dump(config))
    jobs = job_counts(folder, made)
    assert jobs["frames"] == 1
    assert jobs["activations"] == 2
    assert jobs["encode"] == 3 * 2 * 2


def test_parsing_is_quick_because_nothing_heavy_is_imported(tmp_path):
    """What is loaded while the workflow is parsed: none of the libraries that take a second to
    import.
    """
    program = """
import sys
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings
before = set(sys.modules)
with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
    made = api.workflow(
        resource_settings=ResourceSettings(cores=1),
        config_settings=ConfigSettings(),
        snakefile=Path("Snakefile"),
    )
    made._workflow.rules
print(sorted({name.split(".")[0] for name in set(sys.modules) - before}))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = set(re.findall(r"'(\w+)'", ran.stdout))
    assert "fusion" in loaded
    assert not loaded & {
        "pandas",
        "numpy",
        "torch",
        "mne",
        "scipy",
        "xarray",
        "h5py",
        "sklearn",
        "transformers",
        "pyarrow",
    }


def test_parse_time_grows_gently_with_subjects(folder, tmp_path):
    """Two hundred subjects are parsed in less than three times the time of ten: names are looked
    at, lists of files are left to jobs.
    """
    seconds = []
    for subjects in (10, 200):
        config = paper_design.write(tmp_path / str(subjects), subjects=subjects)
        start = time.perf_counter()
        snakemake(folder, "--list-rules", config=config)
        seconds.append(time.perf_counter() - start)
    assert seconds[1] < 3 * seconds[0]
