"""The workflow as a module of another, from a folder whose name has a space."""

import shutil
import subprocess
import sys

import pytest
import yaml
from helpers.runs import REPOSITORY, SMALL

SNAKEFILE = """
configfile: "my.yaml"

module fusion:
    snakefile: {snakefile}
    config: config

use rule * from fusion{prefix}
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "my project"
    folder.mkdir()
    config = yaml.safe_load(SMALL.read_text())
    config["simulate"] |= {"subjects": 1, "film_s": 60}
    (folder / "my.yaml").write_text(yaml.safe_dump(config))
    return folder


def run(project, *arguments, snakefile=REPOSITORY / "workflow/Snakefile", prefix=""):
    (project / "Snakefile").write_text(
        SNAKEFILE.format(snakefile=repr(str(snakefile)), prefix=prefix)
    )
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_module_plans_and_runs_where_it_is_used(project):
    planned = run(project, "-n")
    assert planned.returncode == 0, planned.stdout
    for rule in ("simulate", "preprocess", "encode", "sites", "report"):
        assert f"\n{rule} " in planned.stdout
    ran = run(project, "simulate")
    assert ran.returncode == 0, ran.stdout
    assert list(project.glob("results/small/bids/sub-01/ieeg/*_ieeg.vhdr"))


def test_rules_may_be_renamed_as_they_are_taken(project):
    planned = run(project, "-n", prefix=" as fusion_*")
    assert planned.returncode == 0, planned.stdout
    assert "\nfusion_sites " in planned.stdout


def test_without_a_clone_the_reason_is_one_line(project, tmp_path):
    """Snakemake fetches rules and scripts of a repository one by one: there is no library."""
    folder = tmp_path / "repository"
    shutil.copytree(REPOSITORY / "workflow/rules", folder / "workflow/rules")
    shutil.copy(REPOSITORY / "workflow/Snakefile", folder / "workflow")
    author = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    url = f"git+file://{folder}/workflow/Snakefile@HEAD"
    planned = run(project, "-n", snakefile=url)
    assert planned.returncode != 0
    assert "expected a clone" in planned.stdout, planned.stdout
    assert "ModuleNotFoundError" not in planned.stdout
