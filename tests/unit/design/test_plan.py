"""The plan adds up what jobs would cost, and refuses a disk that is too small."""

import pandas as pd
import pytest

from fusion import plan
from fusion.io.errors import InputError

JOBS = pd.DataFrame(
    [
        {
            "rule": "encode",
            "network": "slip",
            "threads": 2,
            "mem_mb": 4000,
            "disk_mb": 100,
            "gpu": 0,
            "runtime_min": 60,
        },
        {
            "rule": "encode",
            "network": "slip",
            "threads": 2,
            "mem_mb": 6000,
            "disk_mb": 100,
            "gpu": 0,
            "runtime_min": 60,
        },
        {
            "rule": "activations",
            "network": "slip",
            "threads": 1,
            "mem_mb": 3000,
            "disk_mb": 0,
            "gpu": 1,
            "runtime_min": 30,
        },
    ]
)


def test_measured_rules_count_at_what_was_measured_others_at_their_limit():
    table = plan.plan(
        JOBS, {"encode": {"01_language_slip-trained-true": [900.0]}}, {"activations": 50}
    ).set_index("rule")
    assert table.loc["encode", "core_hours"] == pytest.approx(2 * 2 * 900 / 3600)
    assert table.loc["encode", "basis"] == "measured"
    assert table.loc["activations", "gpu_hours"] == pytest.approx(0.5)
    assert table.loc["activations", "basis"] == "time limit"
    assert table.loc["all", ["jobs", "mem_mb", "disk_mb"]].tolist() == [3, 6000, 250]


def test_benchmarks_are_read_by_rule(tmp_path):
    for name, seconds in (
        ("encode/01_language.tsv", 3),
        ("encode/02_language.tsv", 5),
        ("figure_brain/a/b.tsv", 1),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"s\th:m:s\n{seconds}\t0:00:0{seconds}\n")
    assert plan.measured_seconds([tmp_path]) == {
        "encode": {"01_language": [3], "02_language": [5]},
        "figure_brain": {"b": [1]},
    }


def test_a_network_is_never_counted_at_the_time_of_another():
    measured = {"activations": {"film_slip": [60.0, 90.0], "film_slip_clip": [600.0]}}
    assert plan.seconds_of(measured, "activations", "slip") == [60.0, 90.0]
    assert plan.seconds_of(measured, "activations", "slip_clip") == [600.0]
    assert plan.seconds_of(measured, "activations", "clip") == []
    jobs = JOBS.assign(network=["slip", "slip", "albef"], rule="activations")
    table = plan.plan(jobs, measured, {}).set_index("network")
    assert table.loc["slip", "basis"] == "measured"
    assert table.loc["slip", "core_hours"] == pytest.approx(2 * 2 * 75 / 3600)
    assert table.loc["slip", "most_core_hours"] == pytest.approx(2 * 2 * 90 / 3600)
    assert table.loc["albef", "basis"] == "time limit"


def test_a_disk_that_is_too_small_is_refused():
    table = plan.plan(JOBS, {}, {})
    plan.check_disk(table, 200, "results")
    with pytest.raises(InputError, match="at least 200 MB"):
        plan.check_disk(table, 199, "results")
