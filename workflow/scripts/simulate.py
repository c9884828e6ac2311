"""Simulate the demo: a BIDS film dataset with planted sites."""

from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from fusion.demo import bids, film, recording, scenes, sources, speech, voice
from fusion.demo.spec import SimulateSpec
from fusion.io.job import begin
from fusion.io.tables import write_tsv
from fusion.seeds import rng_for

log = begin(snakemake)

spec = SimulateSpec.read(snakemake.params.spec)
seed, film_s, sfreq = spec.seed, spec.film_s, spec.sfreq_hz
root = Path(snakemake.output.description).parent

onsets = film.draw_cuts(film_s, rng_for(seed, "simulate", "cuts"))
content = scenes.draw_scenes(len(onsets), rng_for(seed, "simulate", "scenes"))
words = speech.draw_words(film_s, onsets, content, rng_for(seed, "simulate", "words"))
voices = voice.draw_voices(words, rng_for(seed, "simulate", "voices"))
sound = (
    voice.sound_track(words, voices, film_s, rng_for(seed, "simulate", "sound"))
    if spec.voices
    else None
)
film.write_film(
    snakemake.output.video, onsets, content, film_s, rng_for(seed, "simulate", "motion"), sound
)
write_tsv(words.drop(columns="on_screen"), snakemake.output.words, float_format="%.10g")
write_tsv(pd.DataFrame({"onset": onsets}), snakemake.output.cuts, float_format="%.10g")
log.info(
    "film: %.0f s, %d scenes, %d words, %.0f%% of them about the screen",
    film_s,
    len(onsets),
    len(words),
    100 * words["on_screen"].mean(),
)

features = {
    **sources.scene_features(content),
    "language": sources.word_features(words),
    "voice": voices,
    "match": sources.matches(words, onsets, content)[:, None],
}


def planted_courses(contacts, rng):
    """Return electrode -> time course of what is planted there."""
    return {
        row["electrode"]: sources.site_course(
            row["planted"], features, onsets, words["onset_s"].to_numpy(), film_s, sfreq, rng
        )
        for row in contacts.loc[contacts["planted"] != "none"].to_dict("records")
    }


bids.write_dataset(root)
truth = []
for subject in tqdm(spec.subjects, desc="subjects"):
    rng = rng_for(seed, "simulate", "subject", subject)
    contacts = recording.implant(subject, spec.shafts, spec.contacts, rng)
    courses = planted_courses(contacts, rng)
    lead_s = round(float(rng.uniform(6, 12)), 3)
    data = recording.record(contacts, courses, lead_s, 5.0, sfreq, spec.effect, rng)
    if spec.voices:
        # From a stream of its own: all other contacts stay as they are without it.
        rng = rng_for(seed, "simulate", "voice shaft", subject)
        shaft = recording.implant_voice(rng)
        courses = planted_courses(shaft, rng)
        heard = recording.record(shaft, courses, lead_s, 5.0, sfreq, spec.effect, rng)
        contacts, data = pd.concat([contacts, shaft], ignore_index=True), np.vstack([data, heard])
    bids.write_subject(root, subject, contacts, data, sfreq, (lead_s, film_s), recording.LINE_HZ)
    truth.append(contacts[["electrode", "planted"]].assign(subject=subject))
truth = pd.concat(truth)[["subject", "electrode", "planted"]]
write_tsv(truth, snakemake.output.truth)
log.info("planted:\n%s", pd.crosstab(truth["subject"], truth["planted"]).to_string())
