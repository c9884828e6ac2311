"""Where every file lies: one constant a pattern, for ``output:`` and for inputs alike.

Patterns begin with one of Snakemake's path variables, which ``workflow/Snakefile`` declares:

- ``<results>``: answers, in ``results/<dataset>`` or, of a named analysis, a folder below
- ``<dataset>``: ``results/<dataset>``, what all analyses of a dataset share and people may open
- ``<shared>``: ``results/<dataset>/intermediate``, what they share besides
"""

from __future__ import annotations

# Shared by all analyses of a dataset.
BIDS = "<dataset>/bids"
DERIVATIVE = "<dataset>/derivatives/fusion"
VALIDATION = "<shared>/validation.tsv"
TRUTH = "<shared>/truth.tsv"
WEIGHTS = "<shared>/weights/{model}.json"
WORDS = "<shared>/stimuli/{stimulus}_words.tsv"
TRANSCRIPT = "<shared>/stimuli/{stimulus}_transcript.json"
CUTS = "<shared>/stimuli/{stimulus}_cuts.tsv"
EVENTS = "<shared>/events/{stimulus}_{alignment}.tsv"
FILM = "<shared>/stimuli/{stimulus}_film.json"
EVENT_COUNTS = "<shared>/events/{stimulus}_{alignment}_counts.tsv"
FRAMES = "<shared>/frames/{stimulus}.nc"
SOUND = "<shared>/sound/{stimulus}.nc"
LOWLEVEL = "<shared>/lowlevel/{stimulus}_{alignment}.nc"
ACTIVATIONS = "<shared>/activations/{stimulus}_{alignment}_{model}-{init}-{pairing}.nc"
CLEAN = "<shared>/clean/{recording}_desc-clean"
ELECTRODES = "<shared>/electrodes/{recording}.tsv"
SEGMENTS = "<shared>/segments/{recording}.tsv"
ARTEFACTS = "<shared>/artefacts/{recording}.tsv"
CLOCK = "<shared>/clock/{recording}.tsv"
QUALITY = "<shared>/quality/{recording}.tsv"
RESPONSES = "<shared>/responses/{recording}_{alignment}.nc"

# Of one analysis.
ENCODING = "<results>/intermediate/encoding/{subject}_{alignment}_{model}-{init}-{pairing}"
SCORES = ENCODING + "/scores.parquet"
INFLUENCE = ENCODING + "/influence.nc"
PREDICTIONS = ENCODING + "/predictions.nc"
BOOTSTRAP = ENCODING + "/bootstrap.nc"
CONTRASTS = "<results>/intermediate/contrasts/{subject}_{alignment}.parquet"
REGION_EFFECTS = "<results>/intermediate/regions/{subject}_{alignment}.parquet"
FILM_TO_FILM = "<results>/intermediate/film_to_film/{subject}_{alignment}.parquet"
CONTROL = "<results>/intermediate/controls/{subject}_{alignment}_{control}.parquet"
PASSIVE = "<results>/intermediate/controls/{stimulus}_{alignment}_passive.parquet"
SHIFT_NULL = (
    "<results>/intermediate/shift_null/{subject}_{alignment}_{model}-{init}-{pairing}.parquet"
)
WORLD = "<results>/intermediate/calibration/{alignment}_{world}.parquet"
RECORDED_WORLDS = "<results>/intermediate/calibration_recorded/{subject}_{alignment}.parquet"
BENCHMARKS = "<results>/intermediate/benchmarks"

# Answers.
TABLE = "<results>/tables/{table}.tsv"
DICTIONARY = "<results>/tables/{table}.json"
STIMULI = "<results>/tables/stimuli.tsv"
STIMULI_DICTIONARY = "<results>/tables/stimuli.json"
FIGURE = "<results>/figures/{figure}.{kind}"
FIGURE_INDEX = "<results>/figures/index.tsv"
SITES = "<results>/sites.tsv"
SITES_DICTIONARY = "<results>/sites.json"
REGIONS = "<results>/regions.tsv"
REGIONS_DICTIONARY = "<results>/regions.json"
RECORDINGS = "<results>/recordings.tsv"
ALL_CONTRASTS = "<results>/tables/contrasts.parquet"
SCORE_PROFILES = "<results>/tables/score_profiles.parquet"
COURSES = "<results>/tables/courses.parquet"
EXPORT = "<results>/export/{file}"
REPORT = "<results>/report.html"
METHODS = "<results>/methods.md"
REFERENCES = "<results>/references.bib"


def fill(pattern: str, **wildcards: str) -> str:
    """Return a pattern with some of its wildcards filled in; the others stay as they are."""
    for name, value in wildcards.items():
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern
