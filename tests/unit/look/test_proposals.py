"""What a draft proposes, and what it leaves open."""

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.scripts import REPOSITORY

from fusion.design import look
from fusion.design.config import load_zoo
from fusion.look import beginning, header, length, networks, page, proposal, stimuli
from fusion.look.spec import DraftSpec
from fusion.look.survey import Surveyed

EVERY = load_zoo(["config/models.yaml"], REPOSITORY)
ZOO = {name: EVERY[name] for name in look.PROPOSED}
SHIPPED = {name: EVERY[name] for name in look.SHIPPED}


def recording(name, events, length_s=None, **more):
    table = pd.DataFrame(events, columns=["onset", "duration", "trial_type"])
    subject = name.split("_")[0][4:]
    columns = ("onset", "duration", "trial_type")
    return Surveyed(name, subject, events=table, length_s=length_s, columns=columns, **more)


def test_events_as_long_as_the_film_are_its_beginning():
    blocks = [(20 + 30 * k, 30, ("music", "speech")[k % 2]) for k in range(13)]
    one = recording("sub-1_task-film", [(19.9, 0, "start task"), *blocks])
    chosen = beginning.choose([one], 390.0)
    assert chosen.rule == {"rule": "first_event", "value": "music"} and chosen.sure
    assert [c.value for c in beginning.candidates([one])] == ["start task", "music", "speech"]


def test_a_name_alone_is_never_sure():
    chosen = beginning.choose([recording("sub-1_task-a", [(3, 0, "film"), (9, 0, "key")])], 60.0)
    assert chosen.rule == {"rule": "first_event", "value": "film"}
    assert not chosen.sure and "CHECK" in chosen.why


@pytest.mark.parametrize(
    "events", [[(1, 0, "on"), (99, 0, "off")], [(1, 0, "film one"), (5, 0, "film two")]]
)
def test_what_events_leave_open_stays_open(events):
    assert beginning.choose([recording("sub-1_task-a", events)], 60.0).rule is None


@pytest.mark.parametrize(
    ("lasts", "starts"),
    [((150, 150), {"1": 0, "2": 150}), ((300, 300), {"1": 0, "2": 0}), ((200, 60), None)],
)
def test_runs_are_parts_or_viewings_by_their_lengths(lasts, starts):
    runs = [
        recording(f"sub-1_task-a_run-{k}", [(5, s, "film")]) for k, s in enumerate(lasts, start=1)
    ]
    rule = beginning.choose(runs, 300.0).rule
    assert (rule and rule["film_s"]) == starts


def test_subjects_whose_parts_differ_leave_the_rule_open():
    runs = [
        recording(f"sub-{subject}_task-a_run-{k}", [(5, s, "film")])
        for subject, lasts in (("1", (150, 150)), ("2", (100, 200)))
        for k, s in enumerate(lasts, start=1)
    ]
    assert beginning.choose(runs, 300.0).rule is None


@pytest.mark.parametrize(
    ("onsets", "folds", "why"),
    [
        (np.arange(0, 600, 2.0), (5, 10.0), ""),
        (np.arange(0, 600, 60.0), (None, None), "10 events"),
        (np.arange(0, 60, 0.5), (None, None), "blocks of 20 s"),
    ],
)
def test_folds_fit_or_the_film_is_too_short(onsets, folds, why):
    found = length.folding([onsets], 20.0, 8)
    assert (found.folds, found.gap_s) == folds and why in found.why


@pytest.mark.parametrize("zoo", [ZOO, SHIPPED])
def test_contrasts_name_models_that_take_part_and_each_role_once(zoo):
    models = networks.proposed(zoo, True)
    made = networks.contrasts(models, zoo)
    roles = [row["role"] for row in made.values() if "role" in row]
    assert len(roles) == len(set(roles))
    every = {"signal", "vision", "language", "multimodal", "linear", "matched"}
    assert set(roles) == (every if zoo is ZOO else {"signal", "vision", "matched"})
    named = {name for row in made.values() for side in "ab" for name in np.atleast_1d(row[side])}
    assert named - {"nothing"} <= set(models)
    assert {"slip_vs_simclr", "clip_vs_simclr", "slip_vs_clip"} <= made.keys()


def test_without_pictures_networks_of_text_remain():
    assert networks.proposed(ZOO, False) == ["sbert", "simcse"]
    assert networks.proposed(SHIPPED, False) == []
    assert sum(map(networks.megabytes, SHIPPED)) == 0


@pytest.mark.parametrize(("text", "code"), [("the dog and the man is it", "en"), ("brr tik", "")])
def test_the_language_is_that_of_the_commonest_words(text, code):
    assert stimuli.language(text.split()) == code


def test_films_belong_to_the_tasks_or_runs_that_are_named_after_them():
    def film(name):
        return stimuli.Film(f"stimuli/{name}.mp4", header.Header(60.0, 25.0, (64, 48), True))

    def shown(names, recordings):
        rows = [recording(name, []) for name in recordings]
        return {
            one.key: [row.name for row in one.recordings]
            for one in proposal._assigned([film(name) for name in names], rows)
        }

    a, b = "sub-1_task-brave", "sub-1_task-up"
    assert shown(["brave"], [a]) == {"brave": [a]}
    assert shown(["brave_hd", "sing"], [a, b])["bravehd"] == [a]
    runs = ["sub-1_task-film_run-1", "sub-1_task-film_run-2"]
    assert shown(["part1", "part2"], runs) == {"part1": runs[:1], "part2": runs[1:]}


def test_any_text_of_a_dataset_makes_valid_yaml(tmp_path):
    odd = "it's: a [test] # ä\nb"
    one = recording("sub-1_task-film", [(3, 60, odd)], 70.0)
    film = stimuli.Film("stimuli/a b: c.mp4", header.Header(60.0, 25.0, (64, 48), True))
    shown = proposal.Shown("abc", film, recordings=[one], chosen={"task": "film"})
    shown.zero = beginning.choose([one], 60.0)
    spec = DraftSpec("/data/it's # mine", "odd", "config/odd.yaml", (), (), ZOO, {})
    made = proposal.Proposal(
        spec, [one], ["film"], [shown], ["language"], {"language": length.Folding(5, 10.0)},
        ["sbert"], networks.contrasts(["sbert"], ZOO), ["x"],
    )  # fmt: skip
    read = yaml.safe_load(page.config(made))
    assert read["root"] == "/data/it's # mine"
    assert read["stimuli"]["abc"]["film_zero"]["value"] == odd
    assert read["stimuli"]["abc"]["video"] == "stimuli/a b: c.mp4"
