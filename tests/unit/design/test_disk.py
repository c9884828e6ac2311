"""Requests of disk follow the shapes of what jobs read, up to full size, and are not far from what
the plan of a run expects.
"""

import re
from types import SimpleNamespace

import pytest
from helpers.scripts import REPOSITORY, design_for

from fusion.design.disk import LEAST, Disk
from fusion.plan import work
from fusion.plan.facts import Facts, Film, Network, Recording

#: 250 channels for two hours at 1,024 Hz, words and cuts.
CHANNELS, SFREQ, SECONDS = 250, 1024.0, 7200.0
WORDS, CUTS = 16_000, 1_440
#: How much more than the plan expects may be asked for: bounds of wide pictures, of compressed
#: recordings, of copies where files cannot be linked.
FACTOR = 4


class Inputs(SimpleNamespace):
    """Files of a job, by name, as Snakemake gives them."""

    def __getitem__(self, name):
        return getattr(self, name)


def table(path, rows):
    path.write_text("head\n" + "x\n" * rows)
    return str(path)


def empty(path, size):
    """Write a file of a size that takes no space."""
    with open(path, "wb") as file:
        file.truncate(int(size))
    return str(path)


@pytest.fixture
def disk():
    return Disk(design_for(REPOSITORY / "config/config.yaml").study)


@pytest.fixture
def facts(disk):
    film = Film(SECONDS, 25 * SECONDS, 2.07, WORDS, CUTS)
    recording = Recording("01", "film", CHANNELS, SFREQ, SECONDS)
    networks = {"demo_slip": Network(1, *disk.listed["demo_slip"], "listed")}
    return Facts(disk.study.config, {"film": film}, {"r": recording}, networks)


@pytest.fixture
def events(tmp_path):
    return [table(tmp_path / f"{k}.tsv", n) for k, n in enumerate((WORDS, CUTS))]


def held(asked, expected):
    assert expected <= asked <= LEAST + FACTOR * expected + 1, (asked, expected)


def test_cleaned_recordings(disk, facts, tmp_path):
    samples = CHANNELS * SFREQ * SECONDS
    expected = work.disk_mb("preprocess", {"recording": "r"}, facts)
    for name, size in (("a.eeg", 2), ("a.edf", 2), ("a.nwb", 1.2), ("a.fdt", 4)):
        path = empty(tmp_path / name, size * samples)
        held(disk.preprocess(Inputs(ieeg=[path], companions=[], sidecars=[])), expected)
    path = empty(tmp_path / "a.vhdr", 10)
    beside = [empty(tmp_path / "a.eeg", 2 * samples)]
    held(disk.preprocess(Inputs(ieeg=[path], companions=beside, sidecars=[])), expected)
    held(disk.preprocess(Inputs(ieeg=[path], companions=[], sidecars=beside)), expected)


def test_responses(disk, facts, events, tmp_path):
    channels = table(tmp_path / "channels.tsv", CHANNELS)
    expected = work.disk_mb("responses", {"recording": "r"}, facts)
    held(disk.responses(Inputs(channels=channels, events=events)), expected)


def test_pictures(disk, facts, events):
    asked = disk.frames(Inputs(events=events))
    held(asked, work.disk_mb("frames", {"stimulus": "film"}, facts))


def test_layers(disk, facts, events):
    files = Inputs(events_language=events[:1], events_vision=events[1:])
    asked = disk.activations("demo_slip", files)
    rule = disk.study.config["random_inits"] and "random_activations" or "activations"
    held(asked, work.disk_mb(rule, {"stimulus": "film", "model": "demo_slip"}, facts))


@pytest.mark.parametrize(("alignment", "n"), [("language", WORDS), ("vision", CUTS)])
def test_fits(disk, facts, tmp_path, alignment, n):
    responses = [empty(tmp_path / "r.nc", 4 * n * CHANNELS * facts.bins)]
    wildcards = {"subject": "01", "alignment": alignment, "model": "demo_slip"}
    inits = len(disk.study.inits)
    held(disk.encode(alignment, responses, inits), work.disk_mb("encode", wildcards, facts))
    one = wildcards | {"init": "trained"}
    held(disk.encode(alignment, responses), work.disk_mb("encode", one, facts))


def test_a_file_that_is_not_there_yet_is_waited_for(disk):
    with pytest.raises(FileNotFoundError):
        disk.frames(Inputs(events=["nowhere.tsv"]))


def test_every_rule_asks_for_disk():
    for path in (REPOSITORY / "workflow/rules").glob("*.smk"):
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"^        disk_mb=", text, re.M)) == len(
            re.findall(r"^        runtime=", text, re.M)
        ), path.name
