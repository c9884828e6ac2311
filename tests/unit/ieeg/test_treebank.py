"""The Brain Treebank converter on a miniature release, and its clock on the timings of the real
one.
"""

import os
from pathlib import Path

import h5py
import mne
import numpy as np
import pandas as pd
import pytest
import release
import running

from fusion.ieeg import validation
from fusion.ieeg.treebank import clock as trigger_clock
from fusion.ieeg.treebank import release as release_files
from fusion.ieeg.treebank import words as release_words
from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled
from fusion.io.tables import read_tsv

PLANTED = {
    f"sub-{t.subject:02d}_task-{t.film.replace('-', '')}_run-{t.trial + 1:02d}": t
    for t in release.TRIALS
}


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """The miniature release, converted: (release, BIDS root, recordings by name)."""
    root, bids = tmp_path_factory.mktemp("release"), tmp_path_factory.mktemp("bids")
    release.write_release(root)
    made = running.design(root, source="treebank", bids=bids)
    for name in made.study.recordings:
        running.convert(made, name)
    running.run_rule(
        made, "convert_treebank_dataset", {"description": bids / "dataset_description.json"}
    )
    return root, bids, made.study.recordings


def bids_file(bids, name, suffix):
    return bids / name.split("_")[0] / "ieeg" / f"{name}_{suffix}"


def test_trials_need_not_be_contiguous_and_films_name_the_task(converted):
    assert set(converted[2]) == set(PLANTED)
    assert "sub-06_task-cars2_run-05" in converted[2]


def test_the_official_validator_has_no_error(converted):
    found = validation.findings(validation.run(converted[1]), [])
    assert not (found["severity"] == "error").any(), found[found["severity"] == "error"].to_string()


@pytest.mark.parametrize("name", PLANTED)
def test_the_rate_is_measured(converted, name):
    raw = mne.io.read_raw_brainvision(bids_file(converted[1], name, "ieeg.vhdr"), verbose="error")
    assert raw.info["sfreq"] == PLANTED[name].sfreq
    assert set(read_tsv(bids_file(converted[1], name, "channels.tsv"))["sampling_frequency"]) == {
        PLANTED[name].sfreq
    }


@pytest.mark.parametrize("name", PLANTED)
def test_words_land_on_their_planted_sample_on_every_electrode(converted, name):
    trial, bids = PLANTED[name], converted[1]
    words = read_tsv(bids_file(bids, name, "events.tsv")).query("trial_type == 'word'")
    assert len(words) == 40
    sample = words["onset"].to_numpy() * trial.sfreq
    assert np.abs(sample - trial.sample(words["film_s"])).max() <= 1
    raw = mne.io.read_raw_brainvision(bids_file(bids, name, "ieeg.vhdr"), verbose="error")
    data = raw.get_data() * 1e6
    assert raw.ch_names == [
        n.translate(str.maketrans("", "", "*#_")) for n in release.LABELS[trial.subject]
    ]
    for k in range(len(data)):  # the k-th label is electrode_k: its marks are (k + 1) times as high
        height = [data[k, int(s) - 2 : int(s) + 4].max() for s in sample]
        assert np.allclose(height, release.MARK * (k + 1) + k, atol=6)


@pytest.mark.parametrize(
    "name", [name for name, trial in PLANTED.items() if not trial.sparse and not trial.replay_s]
)
def test_the_release_s_own_rule_agrees_without_jitter(converted, name):
    words = read_tsv(bids_file(converted[1], name, "events.tsv")).query("trial_type == 'word'")
    away = np.all(
        [np.abs(words["film_s"] - at) > 0.11 for at, _ in PLANTED[name].pauses]
        or [np.ones(len(words), bool)],
        axis=0,
    )
    assert (
        np.abs(words["trigger_sample"] - PLANTED[name].sample(words["film_s"]))[away].max() <= 1.5
    )


def test_pauses_are_gaps_of_the_film_s_clock(converted):
    name = "sub-02_task-cars2_run-01"
    films = read_tsv(bids_file(converted[1], name, "events.tsv")).query("trial_type == 'film'")
    gaps = films["onset"].to_numpy()[1:] - (films["onset"] + films["duration"]).to_numpy()[:-1]
    assert np.sort(gaps)[-2:] == pytest.approx([3, 30], abs=0.01)
    assert (np.sort(gaps)[:-2] < 0.001).all()


def test_responses_never_span_a_pause(converted, tmp_path):
    name = "sub-02_task-cars2_run-01"
    made = running.design(
        converted[1],
        film_zero={"rule": "film_events"},
        ieeg={"shaft_ends": "keep", "high_pass_hz": False},
    )
    cleaned = running.preprocess(made, tmp_path, name)
    words = read_tsv(converted[1] / "stimuli/cars2_words.tsv")
    events = tmp_path / "events.tsv"
    words.assign(event=[f"w{k:05d}" for k in range(len(words))]).to_csv(
        events, sep="\t", index=False
    )
    with open_labelled(running.responses(made, cleaned, events, tmp_path, name)) as data:
        onset = data["onset_s"].to_numpy()
        dropped = data.attrs["dropped"]
    for at in (0, 20.05, 40.02, 60):
        assert (np.abs(onset - at) > 2.09).all()
    expected = sum(
        any(abs(t - at) < 2.1 for at in (0, 20.05, 40.02, 60)) for t in words["onset_s"] if t <= 60
    )
    assert f'"window crosses a gap": {expected}' in dropped
    assert len(onset) == len(words) - 1 - expected


def test_a_replayed_stretch_counts_once(converted):
    films = read_tsv(bids_file(converted[1], "sub-06_task-cars2_run-05", "events.tsv")).query(
        "trial_type == 'film'"
    )
    ends = films["film_end_s"].to_numpy()
    assert (films["film_s"].to_numpy()[1:] >= ends[:-1] - 1e-6).all()


def test_corrupted_electrodes_are_bad_in_both_spellings(converted, tmp_path):
    def bads(corrupted):
        return {
            subject: release_files.read_corrupted(corrupted, subject) for subject in release.LABELS
        }

    release.write_release(tmp_path, trials=release.TRIALS[:1], corrupted="laboratory")
    published = bads(converted[0] / "corrupted_elec.json")
    assert published == {1: {"F10Fa3"}, 2: {"RT2aA4", "Nobody9"}, 6: set(), 9: {"T2d4"}}
    assert bads(tmp_path / "corrupted_elec.json") == published
    table = read_tsv(
        bids_file(converted[1], "sub-01_task-fantasticmrfox_run-01", "channels.tsv")
    ).set_index("name")
    assert table.index[table["status"] == "bad"].tolist() == ["F10Fa3"]
    assert table.loc[["DC4", "TRIG4"], "type"].tolist() == ["MISC", "TRIG"]


def test_places_and_regions(converted):
    table = read_tsv(converted[1] / "sub-01/ieeg/sub-01_space-Other_electrodes.tsv").set_index(
        "name"
    )
    assert "DC4" not in table.index
    assert table.loc["T1bIc1", ["x", "y", "z"]].isna().all()  # the release has none
    # the release's column order is Z, X, Y
    assert table.loc["T1bIc2", ["x", "y", "z"]].tolist() == [-49, -21, 31]
    assert set(table["hemisphere"].dropna()) == {"L"}
    assert table.loc["F10Fa1", "region"] == "ctx-lh-superiortemporal"


def test_words_without_times_are_dropped_and_others_kept(converted):
    words, left_out = release_words.read_words(converted[0] / "transcripts/cars-2/features.csv")
    assert len(words) == 41
    assert left_out == {"rows without a word or a time": 1, "repeated rows": 1}
    assert words["onset_s"].is_monotonic_increasing


def test_jittered_triggers_give_a_smooth_clock():
    rng = np.random.default_rng(3)
    trial = release.Trial(
        1, 0, "x", 2048, pauses=[(100.0, 20.0)], film_s=300.0, jitter=20.0, drift=3e-5
    )
    triggers = release.triggers_of(trial, rng).dropna().sort_values("index").reset_index(drop=True)
    sfreq, measured = trigger_clock.measured_rate(triggers)
    assert sfreq == 2048
    assert measured == pytest.approx(2048, rel=1e-3)
    clock, notes = trigger_clock.film_clock(triggers, sfreq)
    at = np.r_[np.linspace(3, 97, 200), np.linspace(103, 297, 300)]
    off = np.interp(at, clock["film_s"], clock["index"]) - trial.sample(at)
    assert np.abs(off).max() < 12  # a single trigger is up to 20 samples off
    assert np.sqrt(np.mean(off**2)) < 5
    assert notes["segments"] == 2
    assert 2 < notes["jitter_ms"] < 8


def test_the_running_median_keeps_straight_lines():
    for n in (1, 2, 5, 20, 21, 22, 100):
        line = 3.0 * np.arange(n) + 1
        assert np.allclose(trigger_clock.running_median(line, 21), line)


def test_thinned_points_stay_within_the_tolerance():
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 100, 500))
    y = np.cumsum(rng.standard_normal(500))
    keep = trigger_clock.thin(x, y, 0.5)
    assert len(keep) < 500
    assert np.abs(np.interp(x, x[keep], y[keep]) - y).max() <= 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda r: (r / "electrode_labels/sub_1/electrode_labels.json").write_text(
                '["A1", "A#1"]'
            ),
            "electrode_labels.json.*twice",
        ),
        (
            lambda r: (r / "electrode_labels/sub_1/electrode_labels.json").write_text('{"a": 1}'),
            "electrode_labels.json.*list",
        ),
        (
            lambda r: (r / "corrupted_elec.json").write_text('{"patient1": []}'),
            "corrupted_elec.json.*sub_N or subjectN",
        ),
        (
            lambda r: (r / "subject_timings/sub_1_trial000_timings.csv").write_text(
                "movie_time,time\n1,2\n"
            ),
            "timings.csv.*'index'",
        ),
        (
            lambda r: (r / "subject_timings/sub_1_trial000_timings.csv").write_text(
                "movie_time,index\n1,\n"
            ),
            "timings.csv.*two at least",
        ),
        (
            lambda r: (r / "transcripts/fantastic-mr-fox/features.csv").write_text(
                "text,start\na,1\n"
            ),
            "features.csv.*'end'",
        ),
        (
            lambda r: (r / "subject_metadata/sub_1_trial000_metadata.json").unlink(),
            "metadata.json.*no such file",
        ),
        (
            lambda r: (r / "transcripts/fantastic-mr-fox/features.csv").unlink(),
            "features.csv.*no such file",
        ),
        (
            lambda r: _h5(r, lambda f: f.__delitem__("data/electrode_3")),
            r"sub_1_trial000.h5.*no electrode_3",
        ),
        (
            lambda r: _h5(r, lambda f: [f.__delitem__(f"data/electrode_{k}") for k in (8, 9)]),
            r"sub_1_trial000.h5.*8 electrodes for 9 labels",
        ),
        (lambda r: _h5(r, lambda f: f.move("data", "other")), r"sub_1_trial000.h5.*group 'data'"),
    ],
)
def test_a_broken_release_is_one_clear_error(tmp_path, change, message):
    release.write_release(
        tmp_path, trials=[release.Trial(1, 0, "fantastic-mr-fox", 512, film_s=20.0)]
    )
    change(tmp_path)
    with pytest.raises(InputError, match=message):
        made = running.design(tmp_path, source="treebank", bids=tmp_path / "bids")
        running.convert(made, next(iter(made.study.recordings)))


def _h5(root, change):
    with h5py.File(root / "all_subject_data/sub_1_trial000.h5", "a") as file:
        change(file)


REAL = os.environ.get("FUSION_REAL_LAYOUT")


@pytest.mark.skipif(not REAL, reason="FUSION_REAL_LAYOUT is not set")
@pytest.mark.parametrize(
    ("trial", "pauses", "within_one", "jitter", "across_a_pause"),
    [
        ("subject1_trial2", 2, 8385, 0, 0),
        ("subject2_trial4", 17, 6149, 1694, 1),
        ("subject6_trial0", 1, 3244, 821, 1),
    ],
)
def test_real_timings(trial, pauses, within_one, jitter, across_a_pause):
    """Word onsets of the real release from the anchors at the words' ends, by the release's rule.

    The triggers themselves are not public here; each word's end is a moment whose sample is known.
    Where it and the next word's start hang on the same trigger the rule must give the published
    sample; where a trigger lies between, the two triggers' jitter (up to 64 samples) stands between
    them; where a pause does, more."""
    words = pd.read_csv(Path(REAL) / f"braintreebank_alignment/{trial}_words_timing.csv")
    both = pd.concat(
        [
            words[["start", "est_idx"]].set_axis(["movie_time", "index"], axis=1),
            words[["end", "est_end_idx"]].set_axis(["movie_time", "index"], axis=1),
        ]
    )
    both = both.assign(trig_type="trigger").sort_values("index", ignore_index=True)
    assert trigger_clock.measured_rate(both)[0] == 2048
    assert trigger_clock.segments(both, 2048).max() == pauses
    published = pd.read_csv(
        Path(REAL) / "braintreebank_alignment/derived_pauses_all_trials.tsv", sep="\t"
    )
    subject, number = trial.replace("subject", "").split("_trial")
    assert (
        len(published.query(f"subject == 'sub_{subject}' and trial == 'trial{int(number):03d}'"))
        == pauses
    )

    ends = words[["end", "est_end_idx"]].set_axis(["movie_time", "index"], axis=1)
    off = np.abs(
        trigger_clock.nearest_trigger_sample(ends, words["start"], 2048) - words["est_idx"]
    )
    counts = [(off <= 1).sum(), ((off > 1) & (off <= 64)).sum(), (off > 64).sum()]
    explained = dict(
        zip(("within one sample", "trigger jitter", "a pause between"), counts, strict=True)
    )
    assert explained == {
        "within one sample": within_one,
        "trigger jitter": jitter,
        "a pause between": across_a_pause,
    }
    # the next word begins as this one ends
    at_once = (words["start"].shift(-1) - words["end"]).abs() < 0.002
    same = np.roll(at_once, 1)
    assert (off[same] <= 1).mean() > 0.98


def test_triggers_of_a_coarse_clock_are_not_taken_for_pauses():
    """Triggers ten times a second that come up to 0.15 s early or late, and five pauses."""
    rng = np.random.default_rng(4)
    sfreq, film, at = 1024, np.arange(0, 3000, 0.1), np.zeros(30000)
    pauses = [400.0, 900.0, 1500.0, 2100.0, 2700.0]
    for pause in pauses:
        at = np.where(film >= pause, at + 2.5, at)
    index = (5 + film + at + rng.uniform(-0.15, 0.15, len(film))) * sfreq
    triggers = pd.DataFrame(
        {"movie_time": film, "index": np.maximum.accumulate(index), "trig_type": "trigger"}
    )
    assert trigger_clock.segments(triggers, sfreq, 0.1).max() > 100
    assert trigger_clock.segments(triggers, sfreq).max() == len(pauses)
    assert trigger_clock.film_clock(triggers, sfreq)[1]["segments"] == 6


def test_a_word_in_two_rows_is_one(tmp_path):
    rows = [
        ("I", 1.0, 1.2, 0),
        ("'m", 1.0, 1.2, 0),
        ("gon", 1.3, 1.4, 0),
        ("na", 1.4, 1.6, 0),
        ("do", 1.7, 1.8, 0),
        ("n't", 1.8, 1.9, 0),
        ("go", 2.0, 2.1, 0),
        ("No", 2.1, 2.2, 1),
        ("na", 4.0, 4.1, 1),
    ]
    table = pd.DataFrame(rows, columns=["text", "start", "end", "sentence_idx"])
    table.assign(sentence="x").to_csv(tmp_path / "features.csv")
    words, left_out = release_words.read_words(tmp_path / "features.csv")
    assert words["word"].tolist() == ["I'm", "gonna", "don't", "go", "No", "na"]
    assert words["onset_s"].tolist() == [1.0, 1.3, 1.7, 2.0, 2.1, 4.0]
    assert words["offset_s"].tolist() == [1.2, 1.6, 1.9, 2.1, 2.2, 4.1]
    assert left_out == {"pieces of words joined": 3}
