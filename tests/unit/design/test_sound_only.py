"""A stimulus without pictures: words are analysed, and what needs pictures is left out aloud."""

import numpy as np
import pytest
from helpers.scripts import design_for, run_rule
from test_selection import config, dataset

from fusion.design import checks
from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled
from fusion.io.tables import read_tsv
from fusion.io.text import read_json
from fusion.stimuli import film, frames

CONTRASTS = {
    "any_vs_nothing": {"a": ["demo_slip", "demo_text"], "b": "nothing", "role": "signal"},
    "language_vs_nothing": {"a": "demo_text", "b": "nothing", "role": "language"},
    "vision_vs_nothing": {"a": "demo_slip_simclr", "b": "nothing", "role": "vision"},
    "slip_vs_simclr": {"a": "demo_slip", "b": "demo_slip_simclr", "role": "matched"},
}


def podcast(root, **sections):
    given = config(
        root,
        {"video": None},
        models=["demo_slip", "demo_slip_simclr", "demo_text", "demo_linear"],
        contrasts=CONTRASTS,
        random_inits=0,
    )
    return {**given, **sections}


@pytest.fixture
def root(tmp_path):
    root = dataset(tmp_path / "bids")
    rows = "".join(f"mot{k}.\t{1 + 0.5 * k}\t{1.3 + 0.5 * k}\n" for k in range(60))
    (root / "stimuli/words.tsv").write_text(f"word\tonset_s\toffset_s\n{rows}")
    return root


def test_what_needs_pictures_is_left_out_with_a_reason(root):
    study = design_for(podcast(root)).study
    assert study.alignments == ("language",)
    assert study.models == ("demo_text",)
    assert list(study.contrasts) == ["any_vs_nothing", "language_vs_nothing"]
    assert study.contrasts["any_vs_nothing"].a.names == ["demo_text-trained-true"]
    said = "\n".join(checks.notes(study))
    for part in ("no video", "demo_slip, demo_slip_simclr, demo_linear", "slip_vs_simclr"):
        assert part in said


def test_a_resolved_config_stays_as_it_is(root):
    once = design_for(podcast(root)).study.config
    assert design_for(dict(once)).study.config == once


def test_networks_of_pictures_alone_are_refused(root):
    with pytest.raises(InputError, match="key models.*no video"):
        design_for(podcast(root, models=["demo_slip"], contrasts={}))


def test_films_and_podcasts_do_not_share_a_config(root):
    given = podcast(root)
    given["stimuli"]["film"]["recordings"] = {"run": 1}
    given["stimuli"]["film"]["film_zero"].pop("film_s")
    zero = {"rule": "recording_start"}
    given["stimuli"]["other"] = {
        **given["stimuli"]["film"],
        "video": "stimuli/film.mp4",
        "recordings": {"run": 2},
        "film_zero": zero,
    }
    with pytest.raises(InputError, match="a config of their own"):
        design_for(given)


def test_events_and_low_level_features_come_from_words_alone(root, tmp_path):
    design, film_ = design_for(podcast(root)), {"stimulus": "film"}
    assert "film" not in design.events.inputs("film")
    words = run_rule(
        design,
        "transcript",
        {"words": tmp_path / "words.tsv", "notes": tmp_path / "notes.json"},
        wildcards=film_,
    ).output.words
    made = run_rule(
        design,
        "events",
        {
            "events": [tmp_path / "language.tsv"],
            "counts": [tmp_path / "counts.tsv"],
            "film": tmp_path / "film.json",
        },
        inputs={"words": words},
        wildcards=film_,
    ).output
    events = read_tsv(made["events"][0])
    assert len(events) == 60
    assert events["frame_s"].isna().all()
    assert read_json(made["film"])["end_s"] == pytest.approx(30.8)
    low = run_rule(
        design,
        "lowlevel",
        {"lowlevel": [tmp_path / "low.nc"]},
        inputs={"events": made["events"], "words": words, "facts": made["film"]},
        wildcards=film_,
    ).output.lowlevel
    with open_labelled(low[0]) as store:
        names = store["feature"].to_numpy().tolist()
        assert np.isfinite(store["features"].to_numpy()).all()
    assert names == ["word_rate_hz", "film_position", "word_length"]


def test_a_still_film_is_told_from_one_that_moves():
    still = np.full((4, 8, 8, 3), 20, np.uint8)
    assert frames.alike(still + 3, still[0])
    still[2, 4, 4] = 90
    assert not frames.alike(still, still[0])
    with pytest.raises(InputError, match="the same picture at all 4 events"):
        frames.refuse_still("film.mp4", 4)


def test_a_clock_without_pictures_has_no_frame():
    clock = film.silent_clock(12.0)
    assert not clock.has_pictures
    assert clock.frame_at([1.0, 20.0]).tolist() == [-1, -1]
