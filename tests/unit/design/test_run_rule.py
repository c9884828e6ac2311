"""The one stand-in for ``snakemake``: scripts run on the inputs and specs of the design."""

import logging

import pytest
from helpers import fake_snakemake
from helpers.runs import SMALL
from helpers.scripts import design_for, run_rule, run_script

from fusion.io.errors import InputError
from fusion.io.tables import read_tsv


@pytest.fixture
def small(tmp_path):
    folder = tmp_path / "results/small/bids/stimuli"
    folder.mkdir(parents=True)
    (folder / "film_words.tsv").write_text("word\tonset_s\toffset_s\nWhy\t1\t2\nnot?\t2\t3\n")
    return tmp_path


@pytest.mark.parametrize("process", [False, True])
def test_a_rule_runs_on_what_the_design_gives_it(small, process):
    ran = run_rule(
        design_for(SMALL),
        "transcript",
        {"words": small / "words.tsv", "notes": small / "notes.json"},
        folder=small,
        wildcards={"stimulus": "film"},
        process=process,
    )
    assert read_tsv(ran.output.words)["word"].tolist() == ["Why", "not?"]
    assert ran.output == [str(small / "words.tsv"), str(small / "notes.json")]
    assert "INFO" in ran.log


def transcript(folder, **options):
    design = design_for(SMALL)
    (folder / "empty.tsv").write_text("")
    return run_script(
        "transcript",
        {"transcript": folder / "empty.tsv"},
        {"words": folder / "w.tsv", "notes": folder / "n.json"},
        design.transcript.spec(stimulus="film"),
        **options,
    )


def test_what_a_script_raises_is_raised_and_logging_stays_as_it_was(small):
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with pytest.raises(InputError, match="empty file"):
        transcript(small)
    assert (root.handlers, root.level) == before


def test_a_process_that_fails_says_why(small):
    ran = transcript(small, process=True, check=False)
    assert ran.returncode == 1
    assert "ERROR" in ran.log
    assert "empty file" in ran.log
    with pytest.raises(AssertionError, match="empty file"):
        transcript(small, process=True)


def test_an_undeclared_file_and_what_scripts_must_not_read_are_not_there(tmp_path):
    job = fake_snakemake.job(
        {"input": {"a": "x", "b": ["y", "z"]}, "output": {}, "params": {"spec": {}}, "log": []}
    )
    assert list(job.input) == ["x", "y", "z"]
    assert job.input.b == job.input["b"] == ["y", "z"]
    assert job.input.get("c") is None
    with pytest.raises(AttributeError, match="no file 'c'"):
        _ = job.input.c
    assert not hasattr(job, "config")
    assert not hasattr(job, "wildcards")
