"""What README and docs tell a reader to do can be done: commands run, configs resolve, files and
columns exist.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fusion.design import config as settings

REPOSITORY = Path(__file__).parents[3]
PAGES = [
    REPOSITORY / "README.md",
    *(
        REPOSITORY / "docs" / f"{name}.md"
        for name in ("first_run", "own_data", "reading_the_results", "tutorial")
    ),
]


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def commands(page):
    return [
        line.split("#")[0].strip()
        for block in blocks(page, "bash")
        for line in block.splitlines()
        if line.split("#")[0].strip()
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "yaml")], ids=lambda p: p.stem)
def test_configs_resolve(page, tmp_path, monkeypatch):
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    for block in blocks(page, "yaml"):
        config = yaml.safe_load(block)
        (tmp_path / "stimuli").mkdir(exist_ok=True)
        for stimulus in config["stimuli"].values():
            for name in (stimulus["video"], stimulus["transcript"]["file"]):
                (tmp_path / name).touch()
        assert settings.resolve(
            {**config, "root": str(tmp_path)},
            schema,
            settings.load_zoo(["config/models.yaml"], REPOSITORY),
        )


def test_the_two_commands_are_targets_of_the_makefile():
    targets = re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    asked = [
        command.split()[1]
        for page in PAGES
        for command in commands(page)
        if command.startswith("make ")
    ]
    assert "demo" in asked and set(asked) <= set(targets)


def test_the_readme_cites_the_version_that_there_is():
    text = (REPOSITORY / "README.md").read_text()
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    (entry,) = (block for block in blocks(REPOSITORY / "README.md", "bibtex"))
    assert f"version = {{{citation['version']}}}" in entry
    paper = citation["references"][0]
    assert paper["title"] in entry
    assert all(one["family-names"] in entry for one in paper["authors"])
    assert len(text.splitlines()) <= 110, "two screens"


@pytest.mark.slow
def test_commands_of_the_first_run(finished):
    """Every Snakemake command of the first run, on a finished run; those that would compute are
    only planned.
    """
    small = finished / "tests/small.yaml"
    for command in commands(REPOSITORY / "docs/first_run.md"):
        words = shlex.split(command)
        if words[0] != ".venv/bin/snakemake":
            continue
        words = [
            "report.html" if word.endswith("snakemake_report.html") else word for word in words[1:]
        ]
        plan = [] if {"-n", "--summary", "--report"} & set(words) else ["-n"]
        ran = subprocess.run(
            [sys.executable, "-m", "snakemake", *words, *plan, "--configfile", str(small)],
            cwd=finished,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}"
    text = (finished / "report.html").read_text()
    assert "Sites by verdict" in text and "Regions" in text
