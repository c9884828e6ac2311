"""How much work a job is, from the shapes of what it reads: the unit of each rule is its own.

A job takes ``fixed_s + per_unit_s * units`` seconds of one core (``resources/costs.tsv``).
"""

from __future__ import annotations

from collections.abc import Mapping

from fusion.plan.facts import Facts, Network

RANDOM = ("random_activations", "all_activations")
SHUFFLED = ("shuffled_activations", "all_activations")
ACTIVATIONS = ("activations", *RANDOM, "shuffled_activations")
#: What an event costs besides the forward pass (resizing, tokens, writing), in multiply-adds.
EVENT_GMACS = 0.2
#: Fits of all electrodes; controls fit the primary window in bins that do not overlap.
FITS = ("encode", "single_encode", "bootstrap", "shift_null")
CONTROLS = ("partition", "dimension_match", "interaction", "negative_controls", "ceiling")
#: Multiply-adds, at the rate of a large product, of an eigendecomposition for a feature cubed, of a
#: solve in the space of events for an event cubed, and of a score for an event
#: (benchmarks/encode.md).
EIGEN, SOLVE, SCORE = 40.0, 8.0, 100.0
#: Events that a score costs before the first one.
FEW = 40.0
#: Pictures that are decoded for one that is wanted (benchmarks/frames.md), and what resizing and
#: storing one costs, in megapixels decoded.
DECODED, STORED_MP = 30.0, 1.7
#: Rules that read a table of all electrodes.
JOINS = ("sites", "score_profiles", "control_tables", "figure_tables", "figures", "report")


def units(rule: str, wildcards: Mapping[str, str], facts: Facts) -> float:
    """Return the units of work of a job; 0 where only its fixed part counts.

    Parameters
    ----------
    rule
        The rule.
    wildcards
        Of the job: stimulus, subject, recording, alignment, model.
    facts
        The dataset.
    """
    if rule in ACTIVATIONS:
        return _activations(rule, wildcards, facts)
    if rule in FITS:
        return _fits(rule, wildcards, facts)
    if rule in CONTROLS:
        return _control(wildcards, facts)
    if rule in JOINS:
        return float(facts.all_electrodes * len(facts.config["contrasts"]))
    if rule == "contrasts":
        electrodes = facts.electrodes(wildcards["subject"])
        draws = facts.config["statistics"]["calibrated"]["multipliers"]
        return float(electrodes * len(facts.config["contrasts"]) * (1 + draws / 1000))
    if (film := facts.films.get(wildcards.get("stimulus", ""))) is not None:
        if rule in ("transcript", "events", "lowlevel", "passive"):
            return film.words
        if rule in ("scene_cuts", "frames"):
            if rule == "frames":
                events = sum(facts.events(wildcards["stimulus"], one) for one in facts.alignments)
                decoded = min(film.pictures, DECODED * events) * film.megapixels
                return decoded + STORED_MP * events
            detected = not facts.config["stimuli"][wildcards["stimulus"]]["scene_cuts"]["file"]
            return film.pictures * film.megapixels if detected else 0.0
        return film.seconds if rule == "sound" else 0.0
    if (recording := facts.recordings.get(wildcards.get("recording", ""))) is not None:
        if rule == "responses":
            held = sum(facts.events(recording.film, one) for one in facts.alignments)
            return recording.megasamples + recording.channels * held * facts.bins / 1e6
        return recording.megasamples
    if rule in ("simulate", "recordings", "convert_treebank"):
        return sum(one.megasamples for one in facts.recordings.values())
    return 0.0


def copies(rule: str, facts: Facts) -> int:
    """Return how often a rule of activations runs a network over its events."""
    random = facts.config["random_inits"] if rule in RANDOM else 0
    shuffled = facts.config["events"]["shuffled_pairings"] if rule in SHUFFLED else 0
    return 1 + int(random) + int(shuffled)


def network_of(wildcards: Mapping[str, str], facts: Facts) -> Network | None:
    """Return the network of a job, or None if it has none or its size is not known."""
    return facts.networks.get(wildcards.get("model", ""))


def _activations(rule: str, wildcards: Mapping[str, str], facts: Facts) -> float:
    network, film = network_of(wildcards, facts), wildcards["stimulus"]
    gmacs = EVENT_GMACS + (network.gmacs if network else 0.0)
    return copies(rule, facts) * gmacs * sum(facts.events(film, one) for one in facts.alignments)


def fit_gmacs(
    events: float, features: float, targets: float, folds: int, alphas: int, nested: bool = True
) -> float:
    """Return the billions of multiply-adds of the ridge fits of one layer.

    Parameters
    ----------
    events, features, targets
        Rows, columns of the features, and electrodes times bins.
    folds, alphas
        Numbers of folds and penalties.
    nested
        Whether pairs of folds are left out too.
    """
    sets = folds + (folds * (folds - 1) / 2 if nested else 0)
    train = events * (1 - 1 / folds)
    scored = SCORE * alphas * sets * (events / folds + FEW)
    if 1.25 * features < train:
        shared = sets * EIGEN * features**3
        target = 3 * events * features + 2 * sets * features**2 + 2 * folds * events * features
    else:
        shared = events**2 * features + sets * SOLVE * train**3
        target = (2 * folds + alphas * sets / folds) * events * train
    return (shared + targets * (target + scored)) / 1e9


def _layers(wildcards: Mapping[str, str], facts: Facts) -> tuple[int, int]:
    network = network_of(wildcards, facts)
    return (network.layers, network.width) if network else (1, 768)


def _fits(rule: str, wildcards: Mapping[str, str], facts: Facts) -> float:
    encoding, subject = facts.config["encoding"], wildcards["subject"]
    layers, width = _layers(wildcards, facts)
    inits = 1 if "init" in wildcards else 1 + int(facts.config["random_inits"])
    one = fit_gmacs(
        facts.events_of_subject(subject, wildcards["alignment"]),
        width,
        facts.electrodes(subject) * facts.bins,
        encoding["folds"],
        len(encoding["alphas"]) + bool(encoding["infinite_alpha"]),
        encoding["validation"] == "nested",
    )
    again = {
        "bootstrap": facts.config["statistics"]["paper"]["resamples"],
        "shift_null": facts.config["statistics"]["shift_null"]["shifts"],
    }.get(rule, 1)
    return float(one * layers * inits * again)


def _control(wildcards: Mapping[str, str], facts: Facts) -> float:
    statistics, responses = facts.config["statistics"], facts.config["responses"]
    first, last = statistics["windows"][statistics["primary_window"]]
    bins = max(1.0, (last - first) / responses["bin_width_ms"])
    events = facts.events_of_subject(wildcards["subject"], wildcards["alignment"])
    return float(events * facts.electrodes(wildcards["subject"]) * bins / 1e6)


def memory_mb(rule: str, wildcards: Mapping[str, str], facts: Facts) -> float:
    """Return the memory of a job of fits (MB), from its shapes; 0 for other rules."""
    if rule not in FITS:
        return 0.0
    subject = wildcards["subject"]
    events = facts.events_of_subject(subject, wildcards["alignment"])
    targets = facts.electrodes(subject) * facts.bins
    _, width = _layers(wildcards, facts)
    small = min(events, width)
    # Responses and predictions, a layer in several precisions, its Gram matrices of all folds.
    numbers = 12 * events * targets + 24 * events * width + 250 * small**2
    return 400 + float(numbers) / 2**20


def disk_mb(rule: str, wildcards: Mapping[str, str], facts: Facts) -> float:
    """Return what a job writes (MB), from its shapes; 0 for rules that write tables."""
    if rule in ACTIVATIONS:
        layers, width = _layers(wildcards, facts)
        events = sum(facts.events(wildcards["stimulus"], one) for one in facts.alignments)
        return 4 * copies(rule, facts) * events * layers * width / 1e6
    if rule in FITS:
        events = facts.events_of_subject(wildcards["subject"], wildcards["alignment"])
        targets = facts.electrodes(wildcards["subject"]) * facts.bins
        encoding = facts.config["encoding"]
        seconds = sum(facts.films[r.film].seconds for r in facts.of_subject(wildcards["subject"]))
        blocks = seconds / encoding["block_s"]
        inits = 1 if "init" in wildcards else 1 + int(facts.config["random_inits"])
        kept = events if encoding["keep_predictions"] else 0
        influence = 2 * blocks * (1 + encoding["folds"])
        return float(4 * inits * targets * (kept + influence) / 1e6)
    film = facts.films.get(wildcards.get("stimulus", ""))
    if rule == "frames" and film is not None:
        side = facts.config["frames"]["size_px"]
        shown = sum(facts.events(wildcards["stimulus"], one) for one in facts.alignments)
        size = min(1.6 * side**2, film.megapixels * 1e6)
        return float(0.6 * 3 * size * min(shown, film.pictures) / 1e6)
    if rule == "sound" and film is not None:
        return 4 * 16_000 * film.seconds / 1e6
    if (recording := facts.recordings.get(wildcards.get("recording", ""))) is not None:
        if rule == "preprocess":
            return 4 * recording.megasamples
        if rule == "responses":
            held = sum(facts.events(recording.film, one) for one in facts.alignments)
            return 4 * recording.channels * held * facts.bins / 1e6
    if rule in ("simulate", "convert_treebank"):
        return 4 * sum(one.megasamples for one in facts.recordings.values())
    return 0.0
