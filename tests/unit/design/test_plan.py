"""The plan counts a network by its own size and its own times, says what each figure rests on, and
refuses a disk that is too small.
"""

import json
import math

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.runs import REPOSITORY
from helpers.scripts import design_for

from fusion.design.zoo import JOINED
from fusion.io.errors import InputError
from fusion.plan import before, facts, measured, table, work
from fusion.plan.facts import Facts, Film, Network, Recording

NETWORKS = {
    "slip": Network(17.6, 13, 768, "its listed size"),
    "slip_small": Network(4.6, 13, 384, "its listed size"),
}
REFERENCE = {"activations": (6.0, 0.04), "encode": (4.0, 0.05), "preprocess": (4.0, 0.5)}


@pytest.fixture(scope="module")
def config():
    return dict(design_for(REPOSITORY / "tests/small.yaml").study.config)


def made(config, films=None, recordings=None, networks=NETWORKS):
    films = films or {"film": Film(390, 9750, 0.3, 446, 90)}
    recordings = recordings or {"r1": Recording("01", "film", 100, 512, 500)}
    return Facts(config, films, recordings, networks)


def event(gmacs):
    return gmacs + work.EVENT_GMACS


def job(rule, limit_min=60.0, gpu=0, **wildcards):
    return {"rule": rule, "wildcards": wildcards, "threads": 2, "mem_mb": 1000, "disk_mb": 0,
            "gpu": gpu, "runtime_min": limit_min}  # fmt: skip


def one(*jobs, known=None, costs=None):
    found = table.plan(pd.DataFrame(jobs), known, costs or table.Costs(REFERENCE, []))
    return found.set_index(["rule", "network"])


def test_a_network_is_counted_by_its_own_size(config):
    found = one(
        job("activations", stimulus="film", model="slip"),
        job("activations", stimulus="film", model="slip_small"),
        known=made(config),
    )
    for name, gmacs in (("slip", 17.6), ("slip_small", 4.6)):
        row = found.loc[("activations", name)]
        assert row["core_hours"] == pytest.approx((6 + 0.04 * event(gmacs) * 446) / 3600)
        assert row["low"] == pytest.approx(row["core_hours"] / 3)
        assert row["high"] == pytest.approx(row["core_hours"] * 3)
        assert f"{gmacs:g} GMAC an event by its listed size" in row["basis"]


def test_what_was_measured_of_one_network_says_nothing_of_another(config):
    slow = measured.Measured("demo", "activations", "slip_small", event(4.6) * 100, 300.0)
    costs = table.Costs(REFERENCE, [slow])
    found = one(
        job("activations", stimulus="film", model="slip"),
        job("activations", stimulus="film", model="slip_small"),
        known=made(config),
        costs=costs,
    )
    own, other = (found.loc[("activations", name)] for name in ("slip_small", "slip"))
    assert own["core_hours"] * 3600 == pytest.approx(
        300 * (6 + 0.04 * event(4.6) * 446) / (6 + 0.04 * event(4.6) * 100)
    )
    assert "measured: 1 job of demo, times 4.46 in size" in own["basis"]
    assert other["core_hours"] * 3600 == pytest.approx(6 + 0.04 * event(17.6) * 446)
    assert other["basis"].startswith("reference")


def test_a_network_of_unknown_size_is_at_its_limit_and_says_so(config):
    row = one(job("activations", stimulus="film", model="mine"), known=made(config)).loc[
        ("activations", "mine")
    ]
    assert (row["low"], row["high"]) == (0.0, 1.0)
    assert row["basis"] == "time limit: the size of this network is not known yet"


def test_the_machine_s_speed_is_taken_from_rules_without_network(config):
    runs = [measured.Measured("demo", "preprocess", "", u, 2 * (4 + 0.5 * u)) for u in range(6)]
    assert table.Costs(REFERENCE, runs).machine == pytest.approx(2)
    assert table.Costs(REFERENCE, runs[:2]).machine == 1


def test_hours_on_a_gpu_are_not_core_hours(config):
    row = one(job("activations", gpu=1, stimulus="film", model="slip"), known=made(config)).loc[
        ("activations", "slip")
    ]
    assert row["core_hours"] == 0
    assert row["gpu_hours"] == pytest.approx(
        (6 + 0.04 * event(17.6) * 446) / 3600 / table.GPU_CORES
    )


def test_units_follow_the_shapes(config):
    small = made(config)
    twice = made(config, recordings={"r1": Recording("01", "film", 200, 512, 500)})
    fit = {"subject": "01", "alignment": "language", "model": "slip"}
    assert work.units("preprocess", {"recording": "r1"}, twice) == pytest.approx(
        2 * work.units("preprocess", {"recording": "r1"}, small)
    )
    assert 1.2 < work.units("encode", fit, twice) / work.units("encode", fit, small) < 2.01
    assert work.memory_mb("encode", fit, twice) > work.memory_mb("encode", fit, small) > 400
    assert work.disk_mb("preprocess", {"recording": "r1"}, small) == pytest.approx(102.4)
    shown = {"stimulus": "film", "model": "slip"}
    assert work.disk_mb("activations", shown, small) == pytest.approx(4 * 446 * 13 * 768 / 1e6)
    inits = made({**config, "random_inits": 2})
    assert work.units("random_activations", shown, inits) == pytest.approx(
        3 * work.units("activations", shown, small)
    )


def test_multiply_adds_of_a_fit_grow_as_the_algorithm_does():
    primal = [work.fit_gmacs(2000, p, 1000, 5, 9) for p in (100, 200)]
    dual = [work.fit_gmacs(n, 8000, 1000, 5, 9) for n in (500, 1000)]
    assert 1.8 < primal[1] / primal[0] < 5
    assert 3.5 < dual[1] / dual[0] < 8.5


def test_the_size_of_a_network_without_an_entry_is_that_of_its_weights():
    known = pd.DataFrame({"gmacs": [17.6], "layers": [13], "width": [768]}, index=["slip"])
    zoo = {
        "slip": {"feed": "image", "layers": {"a.*": "cls"}},
        "mine": {"feed": "image", "layers": {"a.*": "cls"}},
        "both": {"parts": {"slip": "a", "mine": "b"}},
        "absent": {"feed": "image", "layers": {"a": "cls"}},
    }
    found = facts.sizes(zoo, known, {"mine": 4 * 86e6}, 400, "jl")
    assert found["slip"].gmacs == 17.6
    assert found["mine"].gmacs == pytest.approx(0.086 * 197)
    assert found["mine"].width == pytest.approx(768, abs=10)
    assert found["both"].width == found["slip"].width + found["mine"].width
    assert "absent" not in found
    assert "86 M parameters" in found["mine"].basis


def test_every_shipped_network_has_a_size():
    zoo = yaml.safe_load((REPOSITORY / "config/models.yaml").read_text())
    known = pd.read_csv(REPOSITORY / "resources/network_sizes.tsv", sep="\t", comment="#")
    networks = {name for name, row in zoo.items() if row["family"] not in JOINED}
    assert networks <= set(known["network"])
    assert (known[["gmacs", "layers", "width"]] > 0).all().all()


def results(folder, config, times):
    """Write what a run leaves: config, film, words, quality and benchmarks."""
    inner = folder / "intermediate"
    for name in ("stimuli", "quality", "events", "benchmarks/encode", "benchmarks/activations"):
        (inner / name).mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (inner / "stimuli/film_film.json").write_text(
        json.dumps({"stimulus": "film", "end_s": 150.0, "pictures": 3750})
    )
    (inner / "stimuli/film_words.tsv").write_text("word\n" + "a\n" * 300)
    (inner / "events/film_language.tsv").write_text("event\n" + "a\n" * 290)
    row = {"subject": "01", "stimulus": "film", "kept": 10, "neural": 12, "sfreq_hz": 256,
           "duration_s": 160}  # fmt: skip
    pd.DataFrame([row]).to_csv(inner / "quality/sub-01_task-film.tsv", sep="\t", index=False)
    for name, (seconds, cpu) in times.items():
        (inner / "benchmarks" / f"{name}.tsv").write_text(f"s\tcpu_time\n{seconds}\t{cpu}\n")
    return folder


def test_measured_jobs_have_their_own_units_and_processor_time(config, tmp_path):
    times = {"encode/01_language_slip": (90.0, 30.0), "activations/film_slip": (50.0, "-")}
    folder = results(tmp_path / "small", config, times)
    found = {one.rule: one for one in measured.of_results(folder, NETWORKS)}
    assert found["encode"].seconds == 30.0
    assert found["encode"].network == "slip"
    assert found["activations"].seconds == 50.0
    assert found["activations"].units == pytest.approx(290 * event(17.6))
    known = facts.of_results(folder, NETWORKS)
    assert found["encode"].units == pytest.approx(
        work.units("encode", {"subject": "01", "alignment": "language", "model": "slip"}, known)
    )


def test_facts_before_a_run_come_from_sidecars_and_the_transcript(config, tmp_path):
    place = tmp_path / "ieeg"
    place.mkdir()
    rows = "name\ttype\tstatus\n" + "".join(f"A{k}\tSEEG\tgood\n" for k in range(7))
    (place / "r1_channels.tsv").write_text(rows + "B1\tSEEG\tbad\nE1\tECG\tgood\n")
    info = {"SamplingFrequency": 512, "RecordingDuration": 400.0}
    (place / "r1_ieeg.json").write_text(json.dumps(info))
    (tmp_path / "words.tsv").write_text("word\tonset_s\n" + "".join(
        f"w{k}\t{k}\n" for k in range(50)
    ))  # fmt: skip
    spec = design_for(REPOSITORY / "tests/small.yaml").transcript.spec("film")
    jobs = [
        before.Job("transcript", {"stimulus": "film"},
                   {"transcript": [str(tmp_path / "words.tsv")]}, spec),
        before.Job("responses", {"recording": "r1"}, {},
                   {"recording": "r1", "subject": "01", "stimulus": "film"}),
        before.Job("preprocess", {"recording": "r1"},
                   {"sidecars": [str(path) for path in place.iterdir()]}, {}),
    ]  # fmt: skip
    found = before.of_jobs(jobs, {**config, "source": "bids"}, NETWORKS)
    assert found.recordings["r1"] == Recording("01", "film", 7, 512.0, 400.0)
    assert found.films["film"].words == 50
    assert found.films["film"].seconds == 400.0


def test_the_plan_reads_tables_as_the_workflow_does(config, tmp_path):
    rows = "name\ttype\tstatus\n" + '"A0\tSEEG\tgood\n' + "A1\tSEEG\tgood\n" + 'A2"\tSEEG\tgood\n'
    (tmp_path / "r1_channels.tsv").write_text(rows)
    info = {"SamplingFrequency": 512, "RecordingDuration": "n/a"}
    (tmp_path / "r1_ieeg.json").write_text(json.dumps(info))
    made = before.Job(
        "preprocess", {"recording": "r1"}, {"sidecars": list(map(str, tmp_path.iterdir()))}, {}
    )
    spec = {"recording": "r1", "subject": "01", "stimulus": "film"}
    jobs = [made, before.Job("responses", {"recording": "r1"}, {}, spec)]
    found = before.of_jobs(jobs, {**config, "source": "bids"}, NETWORKS)
    assert found.recordings["r1"].channels == 3
    (tmp_path / "r1_ieeg.json").write_text('{"SamplingFrequency": NaN}')
    assert (
        before.of_jobs(jobs, {**config, "source": "bids"}, NETWORKS).recordings["r1"].sfreq == 1000
    )


def test_the_last_row_adds_up(config):
    found = table.plan(
        pd.DataFrame(
            [
                job("activations", stimulus="film", model="slip"),
                job("encode", subject="01", alignment="language", model="slip"),
            ]
        ),
        made(config),
        table.Costs(REFERENCE, []),
    )
    total, rows = found.iloc[-1], found.iloc[:-1]
    assert total["rule"] == "all"
    for name in ("jobs", "disk_mb", "core_hours", "low", "high"):
        assert total[name] == pytest.approx(rows[name].sum())
    assert np.isfinite(found["mem_mb"]).all() and not math.isnan(total["high"])
    table.check_disk(found, total["disk_mb"] + 1, "results")
    with pytest.raises(InputError, match="free space"):
        table.check_disk(found, total["disk_mb"] - 1, "results")
