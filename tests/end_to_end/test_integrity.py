"""Nothing is taken for what it is not: damaged files, and files in the place of others."""

import os
import shutil
from pathlib import Path

import pytest
from helpers.runs import snakemake

from fusion.io import checksums
from fusion.io.errors import InputError

RESULTS = Path("results/small")
# File -> sibling of the same kind, of another subject, recording, model or alignment.
SWAPS = {
    "encoding/01_language_demo_slip-trained-true/influence.nc": (
        "encoding/02_language_demo_slip-trained-true/influence.nc"
    ),
    "encoding/01_language_demo_slip-trained-true/scores.parquet": (
        "encoding/02_language_demo_slip-trained-true/scores.parquet"
    ),
    "encoding/01_language_demo_slip-trained-true/predictions.nc": (
        "encoding/02_language_demo_slip-trained-true/predictions.nc"
    ),
    "encoding/01_language_demo_text-trained-true/influence.nc": (
        "encoding/01_language_demo_slip-trained-true/influence.nc"
    ),
    "encoding/01_language_demo_text-trained-true/scores.parquet": (
        "encoding/01_language_demo_slip_simclr-trained-true/scores.parquet"
    ),
    "activations/film_language_demo_slip-trained-true.nc": (
        "activations/film_language_demo_slip_simclr-trained-true.nc"
    ),
    "weights/demo_slip.json": "weights/demo_slip_simclr.json",
    "weights/demo_text.json": "weights/demo_slip.json",
    "contrasts/01_language.parquet": "contrasts/02_language.parquet",
    "events/film_language.tsv": "events/film_language_counts.tsv",
    **{
        name.format(1): name.format(2)
        for name in (
            "responses/sub-0{}_task-film_run-1_language.nc",
            "clean/sub-0{}_task-film_run-1_desc-clean_ieeg.eeg",
            "clean/sub-0{}_task-film_run-1_desc-clean_ieeg.vhdr",
            "clean/sub-0{}_task-film_run-1_desc-clean_ieeg.vmrk",
            "clock/sub-0{}_task-film_run-1.tsv",
            "electrodes/sub-0{}_task-film_run-1.tsv",
            "quality/sub-0{}_task-film_run-1.tsv",
        )
    },
}


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGE = {
    "one bit": flipped,
    "the last byte": lambda content: content[:-1] + bytes([content[-1] ^ 128]),
    "cut in half": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "zeros": lambda content: bytes(len(content)),
    "a block of zeros": lambda content: content[:64] + bytes(64) + content[128:],
    "longer": lambda content: content + b"\n",
}


def kept_time(path, content):
    """Put other content into a file, its time stamp kept."""
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture(scope="module")
def mended(finished, tmp_path_factory):
    """A copy of the finished run for tests that leave it as they found it."""
    folder = tmp_path_factory.mktemp("mended") / "run"
    shutil.copytree(finished / "results", folder / "results", symlinks=True)
    return folder


def test_damage_to_any_file_is_found_and_named(mended, monkeypatch):
    monkeypatch.chdir(mended)
    files = [path for path, _ in checksums.all_records(RESULTS)]
    assert len(files) > 80
    kinds = set()
    for path in files:
        content, rule = path.read_bytes(), checksums.read(path).rule
        kinds.add((rule, path.suffix))
        for damage in DAMAGE.values():
            damaged = damage(content)
            if damaged == content:
                continue
            path.write_bytes(damaged)
            with pytest.raises(InputError) as error:
                checksums.check(path)
            said = str(error.value)
            assert said.startswith(str(path))
            assert f"rule {rule} wrote" in said
            assert f"snakemake --cores 1 --force '{path}'" in said
        path.write_bytes(content)
        checksums.check(path)
    suffixes = {suffix for _, suffix in kinds}
    assert suffixes >= {".nc", ".parquet", ".tsv", ".json", ".eeg", ".vhdr", ".vmrk", ".png"}
    assert len(kinds) > 30


def test_a_sibling_in_its_place_is_found_and_named(mended, monkeypatch):
    monkeypatch.chdir(mended)
    assert len(SWAPS) >= 17
    for name, sibling in SWAPS.items():
        path, other = (RESULTS / "intermediate" / one for one in (name, sibling))
        content = path.read_bytes()
        assert content != other.read_bytes()
        kept_time(path, other.read_bytes())
        with pytest.raises(InputError, match="wrote"):
            checksums.check(path)
        # With its record, which says of which path it is.
        record = checksums.record_path(path)
        own = record.read_bytes()
        shutil.copy(checksums.record_path(other), record)
        with pytest.raises(InputError, match="the record of "):
            checksums.check(path)
        record.write_bytes(own)
        kept_time(path, content)
        checksums.check(path)


@pytest.mark.slow
def test_a_job_that_would_read_it_stops_and_the_command_mends_it(copy_of_finished):
    folder = copy_of_finished
    path = (
        folder / RESULTS / "intermediate/encoding/01_language_demo_slip-trained-true/influence.nc"
    )
    before = (folder / RESULTS / "sites.tsv").read_bytes()
    kept_time(path, flipped(path.read_bytes()))
    ran = snakemake(folder, "--forcerun", "contrasts", "--until", "sites", check=False)
    assert ran.returncode != 0
    log = (folder / "logs/small/contrasts/01_language.log").read_text()
    assert f"ERROR {path.relative_to(folder)}: found other content" in log
    assert "Traceback" not in log
    snakemake(folder, "--force", str(path.relative_to(folder)))
    snakemake(folder, "--until", "sites")
    assert (folder / RESULTS / "sites.tsv").read_bytes() == before


@pytest.mark.slow
def test_a_whole_folder_is_verified_wherever_it_lies(copy_of_finished, tmp_path):
    ran = snakemake(copy_of_finished, "--", "verify")
    assert "files are as they were written\n" in ran.stdout
    path = copy_of_finished / RESULTS / "intermediate/clock/sub-01_task-film_run-1.tsv"
    kept_time(path, flipped(path.read_bytes()))
    ran = snakemake(copy_of_finished, "--", "verify", check=False)
    assert ran.returncode != 0
    assert f"{path.relative_to(copy_of_finished)}: found other content" in ran.stdout
    assert ", 1 are not" in ran.stdout


def test_a_moved_folder_is_the_same(finished, tmp_path, monkeypatch):
    moved = tmp_path / "a folder é" / "results"
    shutil.copytree(finished / "results", moved)
    wrong, older, count = checksums.verify(moved / "small")
    assert (wrong, older) == ([], [])
    assert count > 80


def test_what_was_made_from_another_version_is_named(copy_of_finished, monkeypatch):
    monkeypatch.chdir(copy_of_finished)
    path = RESULTS / "intermediate/clock/sub-01_task-film_run-1.tsv"
    kept_time(path, path.read_bytes() + b"\n")
    checksums.write(path, rule="preprocess")
    wrong, older, _ = checksums.verify(RESULTS)
    assert wrong == []
    assert any("responses/sub-01" in line and "clock/sub-01" in line for line in older)
