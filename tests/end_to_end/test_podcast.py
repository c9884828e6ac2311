"""A podcast laid out as ds005574 is, with planted responses: sites of language are found, and
nothing is said of vision.
"""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from edfio import Edf, EdfSignal
from helpers.runs import REPOSITORY, checkout, made_once, snakemake

from fusion.demo import sources, speech

CONFIG = REPOSITORY / "config" / "ds005574.yaml"
SECONDS, SFREQ, SLOW = 600, 256, 64
CONTACTS = [f"G{k}" for k in range(1, 17)] + [f"S{k}" for k in range(1, 9)]
CONTACTS += [f"D{k}" for k in range(1, 7)]
#: Few, as the average reference gives every contact a thirtieth of what each of them follows.
FOLLOW = ["G3", "S5", "D2"]
#: SD of the planted course over that of the noise; a third in bins of 200 ms, which average noise.
EFFECT = 0.05


def transcript(rng):
    """Return the words of a story, with silences between its sentences: word, start, end,
    sentence_id.
    """
    rows, now, sentence = [], 1.0, 0
    while now < SECONDS - 6:
        said = speech.story_sentence(rng).split()
        for word in said:
            rows.append((word, round(now, 3), round(now + 0.25, 3), sentence))
            now += rng.uniform(0.3, 0.5)
        now, sentence = now + rng.uniform(0.3, 0.6), sentence + 1
    return pd.DataFrame(rows, columns=["word", "start", "end", "sentence_id"])


def courses(words, rng):
    """Return the signals of the contacts (contact, time) in µV: some follow the words."""
    features = sources.word_features(words)
    data = []
    for name in CONTACTS:
        noise = rng.standard_normal(SECONDS * SFREQ)
        if name in FOLLOW:
            course = sources.word_source(
                sources.code(features, rng), words["start"].to_numpy(), SECONDS, SFREQ, 0.3
            )
            noise += EFFECT * course
        data.append(20 * noise)
    return np.array(data)


def subject(root, name, words, rng, mark):
    """Write a subject as the release has it: EDF with channels of two rates, no events, electrodes
    in two spaces, a byte-order mark in some tables.
    """
    place = root / f"sub-{name}" / "ieeg"
    place.mkdir(parents=True)
    stem = place / f"sub-{name}_task-podcast"
    edf = [
        EdfSignal(one, SFREQ, label=contact, physical_dimension="uV")
        for contact, one in zip(CONTACTS, courses(words, rng), strict=True)
    ]
    edf.append(EdfSignal(rng.standard_normal(SECONDS * SLOW), SLOW, label="OSAT"))
    Edf(edf).write(f"{stem}_ieeg.edf")
    channels = pd.DataFrame(
        {
            "name": [*CONTACTS, "OSAT"],
            "type": "ECOG",  # as in sub-03 of the release, pulse and breath too
            "units": ["uV"] * len(CONTACTS) + ["n/a"],
            "low_cutoff": "n/a",
            "high_cutoff": "n/a",
            "sampling_frequency": [float(SFREQ)] * len(CONTACTS) + [float(SLOW)],
            "status": ["good"] * len(CONTACTS) + ["bad"],
            "status_description": ["n/a"] * len(CONTACTS) + ["no localization"],
        }
    )
    encoding = "utf-8-sig" if mark else "utf-8"
    channels.to_csv(f"{stem}_channels.tsv", sep="\t", index=False, encoding=encoding)
    for space, system in (
        ("Other", {"iEEGCoordinateSystem": "Other", "iEEGCoordinateUnits": "n/a"}),
        ("MNI152NLin2009aSym", {"iEEGCoordinateSystem": "MNI152NLin2009aSym",
                                "iEEGCoordinateUnits": "mm"}),
    ):  # fmt: skip
        places = pd.DataFrame(
            {"name": CONTACTS, "x": -55.0, "y": np.arange(len(CONTACTS)) - 30.0, "z": 5.0,
             "size": 4.1, "group": [c[0] for c in CONTACTS]}
        )  # fmt: skip
        places.to_csv(place / f"sub-{name}_space-{space}_electrodes.tsv", sep="\t", index=False)
        (place / f"sub-{name}_space-{space}_coordsystem.json").write_text(json.dumps(system))
    info = {
        "TaskName": "podcast",
        "iEEGReference": "strip",
        "PowerLineFrequency": 60,
        "SoftwareFilters": "n/a",
        "RecordingType": "continuous",
        "SamplingFrequency": float(SFREQ),
        "RecordingDuration": SECONDS - 1 / SFREQ,
    }
    (place / f"sub-{name}_task-podcast_ieeg.json").write_text(json.dumps(info))


@pytest.fixture(scope="session")
def podcast(tmp_path_factory):
    """The results of a run of the podcast's own config on a miniature of its dataset."""

    def run(folder):
        checkout(folder)
        root, rng = folder / "ds005574", np.random.default_rng(7)
        words = transcript(rng)
        (root / "stimuli/whisper-medium").mkdir(parents=True)
        rows = words[["word", "start", "end"]].assign(word_idx=np.arange(len(words)))
        rows[["word_idx", "word", "start", "end"]].to_csv(
            root / "stimuli/whisper-medium/transcript.tsv", sep="\t"
        )
        (root / "dataset_description.json").write_text(
            '{"Name": "Podcast", "BIDSVersion": "1.9.0"}'
        )
        for k, name in enumerate(("01", "02")):
            subject(root, name, words, rng, mark=k == 0)
        config = yaml.safe_load(CONFIG.read_text())
        off = ("partition", "dimension_match", "leak", "floors", "passive", "ceiling")
        config |= {"root": str(root), "responses": {"step_ms": 100}}
        config["controls"] = dict.fromkeys(off, False)  # they have tests of their own
        (folder / "podcast.yaml").write_text(yaml.safe_dump(config))
        snakemake(folder, "--", "results/ds005574/report.html", config=folder / "podcast.yaml")

    folder = made_once(tmp_path_factory, "podcast", run)
    return folder / "results" / "ds005574"


@pytest.mark.slow
def test_sites_of_language_are_found_and_no_others(podcast):
    sites = pd.read_csv(podcast / "sites.tsv", sep="\t", dtype={"subject": str}, na_values="n/a")
    tested = sites[sites["electrode"].isin(CONTACTS)]
    found = tested["verdict"] == "language"
    planted = tested["electrode"].isin(FOLLOW)
    print(
        f"sites of language: {(found & planted).sum()} of {planted.sum()} planted,"
        f" {(found & ~planted).sum()} of {(~planted).sum()} others"
    )
    assert found[planted].mean() >= 0.75
    # The average reference hands a thirtieth of the planted course to every other contact.
    assert found[~planted].mean() <= 0.1
    assert sites.loc[sites["electrode"] == "OSAT", "verdict"].isin(["not tested"]).all()


@pytest.mark.slow
def test_nothing_visual_is_claimed(podcast):
    sites = pd.read_csv(podcast / "sites.tsv", sep="\t", na_values="n/a")
    assert set(sites["verdict"]) <= {"language", "none", "undecided", "not tested"}
    evidence = pd.read_csv(podcast / "tables/evidence.tsv", sep="\t")
    assert set(evidence["claim"]) == {"signal", "language"}
    assert not sites["reason"].str.contains("vision").any()
    page = (podcast / "report.html").read_text(encoding="utf-8")
    assert "Nothing was shown, so nothing is said of vision." in page
    assert "What follows language: ds005574" in page
    assert not list(podcast.rglob("*_vision*"))


@pytest.mark.slow
def test_the_page_says_how_words_were_read(podcast):
    stimuli = pd.read_csv(podcast / "tables/stimuli.tsv", sep="\t")
    assert stimuli.loc[0, "pictures"] == 0
    assert "columns word, start, end, word_idx" in stimuli.loc[0, "transcript"]
    assert "Films and words" in (podcast / "report.html").read_text(encoding="utf-8")
