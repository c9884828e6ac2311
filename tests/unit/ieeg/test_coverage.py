"""Which stretch of the film every recording holds, and which recordings take no part."""

import pandas as pd
import pytest

from fusion.ieeg import quality


def clock(*stretches):
    """Return a clock of stretches (first, last) of film, at recording second 10 on."""
    rows = [
        {"film_s": film, "recording_s": 10 + film - a, "segment": 0, "sample": 0.0, "piece": k}
        for k, (a, b) in enumerate(stretches)
        for film in (a, b)
    ]
    return pd.DataFrame(rows)


TABLE = pd.DataFrame(
    {"recording": ["run-1", "run-2", "both"], "kept": [4, 4, 4], "warnings": [None, "old", None]}
)
CLOCKS = {
    "run-1": clock((-5, 120)),
    "run-2": clock((120, 250)),
    "both": clock((0, 100), (110, 240)),
}


def test_the_stretch_of_film_that_a_recording_holds_stands_in_the_table():
    found = quality.with_coverage(TABLE, CLOCKS, dict.fromkeys(CLOCKS, 240.0)).set_index(
        "recording"
    )
    assert found["film_from_s"].tolist() == [0.0, 120.0, 0.0]
    assert found["film_to_s"].tolist() == [120.0, 240.0, 240.0]
    assert found["film_share"].tolist() == pytest.approx([0.5, 0.5, 230 / 240])
    assert found["warnings"].tolist()[1] == "old"


def test_a_recording_that_holds_little_of_the_film_has_a_warning():
    found = quality.with_coverage(TABLE, CLOCKS, dict.fromkeys(CLOCKS, 1000.0))
    assert "holds 12% of the film (0 to 120 s)" in found["warnings"][0]
    assert found["warnings"][1].startswith("old; holds 13% of the film")
    assert "film_zero" in found["warnings"][0]


def test_recordings_that_take_no_part_are_rows_with_the_reason():
    found = quality.with_unclaimed(TABLE, {"sub-02_task-rest": "no film claims it"})
    last = found.iloc[-1]
    assert len(found) == len(TABLE) + 1
    assert (last["recording"], last["kept"]) == ("sub-02_task-rest", 0)
    assert last["warnings"] == "takes no part: no film claims it"
    assert quality.with_unclaimed(TABLE, {}) is TABLE
