"""Which files each job of the report stage reads, and what shapes its result."""

STATISTICS = config["statistics"]
PRIMARY = {
    "window_name": STATISTICS["primary_window"],
    "window": STATISTICS["windows"][STATISTICS["primary_window"]],
}
CAPTIONS = Path(REPOSITORY, "workflow", "report")
# Every figure in the order of the report: name -> title and the category under which `snakemake --report` lists it.
TITLES = {
    "tests": ("Overlap of the tests of multimodality", "Sites"),
    "brain_verdict": ("Sites by verdict", "Brain"),
    "brain_model": ("Sites by best model", "Brain"),
    "region_map": ("Regions by test", "Brain"),
    "regions": ("Sites of integration by region", "Regions"),
    "coverage": ("Coverage by subject and region", "Regions"),
    "effects": ("Effects in every contrast", "Contrasts"),
    "scatter": ("Multimodal against unimodal models", "Contrasts"),
    "slip": ("Three networks, one architecture and training set", "Contrasts"),
    "time": ("r over time", "Contrasts"),
    "latency": ("Latency of sites", "Contrasts"),
    "alignments": ("Language events against vision events", "Contrasts"),
    "trained": ("Trained against random networks", "Models"),
    "layers": ("Layers", "Models"),
    "examples": ("Example predictions", "Models"),
    "partition": ("Variance partition by region", "Controls"),
    "claims": ("How often tests say yes", "Controls"),
    "leak": ("Leak meter", "Controls"),
    "passive": ("Passive control", "Controls"),
    "calibration": ("Calibration", "Controls"),
    "folds": ("Folds of film time", "Quality"),
}


def role(test):
    """Return the contrast that plays a part in the verdicts, or None."""
    return next(
        (name for name, contrast in config["contrasts"].items() if contrast["role"] == test), None
    )


def single(contrast):
    """Return the two fits of a contrast of single fits, or None."""
    sides = [config["contrasts"][contrast][side] for side in "ab"]
    named = all(isinstance(side, str) and side != "nothing" for side in sides)
    return [settings.fits_of(side)[0] for side in sides] if named else None


def one_on_one():
    """Return the contrast whose two models are shown over time: the decisive one, or the first of two single fits; or None."""
    decisive = [name for name in (role("matched"), *config["contrasts"]) if name]
    return next((name for name in decisive if single(name)), None)


def three_way():
    """Return the decisive contrast, that of a second model with the same rival, and that of the two models; or what there is of them."""
    first = role("matched")
    if first is None or single(first) is None:
        return []
    model, rival = single(first)
    pairs = {name: single(name) for name in config["contrasts"] if name != first and single(name)}
    second = next(
        (
            name
            for name, (a, b) in pairs.items()
            if b == rival and a.split("-")[1:] == model.split("-")[1:]
        ),
        None,
    )
    if second is None:
        return []
    third = next(
        (name for name, sides in pairs.items() if set(sides) == {model, pairs[second][0]}), None
    )
    return [first, second, *([third] if third else [])]


def figure_names():
    """Return the figures that this config gives rise to, in the order of the report."""
    needs = {
        "scatter": role("multimodal") or role("matched"),
        "slip": three_way(),
        "time": one_on_one(),
        "alignments": config["contrasts"],
        "effects": config["contrasts"],
        "examples": config["encoding"]["keep_predictions"] and one_on_one(),
        "folds": config["encoding"]["keep_predictions"],
        "claims": claims_tables(),
        **{
            name: name in report_tables()
            for name in ("partition", "leak", "passive", "calibration")
        },
    }
    return [name for name in TITLES if needs.get(name, True)]


def figure(name, caption=None):
    """Return the three files of a figure, flagged for `snakemake --report`."""
    caption = f"../report/{caption or name}.rst"
    title, category = TITLES.get(name, (None, "Brain"))
    return {
        kind: report(
            f"<results>/figures/{name}.{kind}",
            caption=caption,
            category=category,
            labels={"figure": title or "Sites by {colour}", "file": kind},
        )
        for kind in ("svg", "png", "tsv")
    }


def all_fits():
    """Return the ids of every fit with the true pairing, for all subjects and alignments."""
    return [
        {"subject": subject, "alignment": alignment, "model": model, "init": init}
        for subject in SUBJECTS
        for alignment in ALIGNMENTS
        for model in config["models"]
        for init in INITS
        if ZOO[model]["family"] != "concat" or init == "trained"
    ]


def score_files(wildcards):
    """Return the scores of all those fits."""
    pattern = (
        "<results>/intermediate/encoding/{subject}_{alignment}_{model}-{init}-true/scores.parquet"
    )
    return [pattern.format(**fit) for fit in all_fits()]


def score_profiles_spec(wildcards):
    """Return what shapes the profiles of scores."""
    return {"window": PRIMARY["window"], "fits": all_fits()}


def brain_spec(wildcards):
    """Return what shapes a brain: what colours it, and the effect that sizes its markers."""
    decisive = role("matched") or role("multimodal")
    effect = f"{decisive}_{contrast_alignments(decisive)[0]}_effect" if decisive else None
    return {"by": wildcards.colour, "effect": effect if wildcards.colour == "verdict" else None}


def scatter_spec():
    """Return what shapes the scatter of multimodal against unimodal models."""
    contrast = role("multimodal") or role("matched")
    operands = {side: config["contrasts"][contrast][side] for side in "ab"} if contrast else {}
    return {
        "contrast": contrast,
        "operands": operands,
        "window": PRIMARY["window_name"],
        "level": STATISTICS["level"],
    }


def slip_spec():
    """Return what shapes the three-way comparison."""
    operands = {
        name: {side: config["contrasts"][name][side] for side in "ab"} for name in three_way()
    }
    return {
        "pairs": three_way(),
        "operands": operands,
        "window": PRIMARY["window_name"],
        "level": STATISTICS["level"],
    }


def alignments_spec():
    """Return what shapes the comparison of alignments: the contrasts that tests of multimodality rest on."""
    chosen = [role(test) for test in ("multimodal", "matched", "linear") if role(test)] or list(
        config["contrasts"]
    )[:3]
    return {"contrasts": chosen, "window": PRIMARY["window_name"], "level": STATISTICS["level"]}


def time_fits():
    """Return [subject, alignment, side] of every fit of the contrast that is shown over time."""
    contrast = one_on_one()
    alignments = contrast_alignments(contrast) if contrast else []
    return [
        [subject, alignment, side]
        for subject in SUBJECTS
        for alignment in alignments
        for side in "ab"
    ]


def time_influence(wildcards):
    """Return the influence files of the fits that are shown over time."""
    fits = dict(zip("ab", single(one_on_one())))
    return [
        f"<results>/intermediate/encoding/{subject}_{alignment}_{fits[side]}/influence.nc"
        for subject, alignment, side in time_fits()
    ]


def time_spec():
    """Return what shapes the time courses."""
    contrast = one_on_one()
    sides = dict(zip("ab", single(contrast))) if contrast else {}
    return {
        "seed": config["seed"],
        "contrast": contrast,
        **PRIMARY,
        "electrodes": 3,
        "fits": time_fits(),
        "alignments": contrast_alignments(contrast) if contrast else [],
        "multipliers": STATISTICS["calibrated"]["multipliers"],
        "level": STATISTICS["level"],
        "sides": sides,
    }


def example_alignment():
    """Return the alignment in which example predictions are shown: that of the contrast shown over time, language first."""
    return contrast_alignments(one_on_one())[0] if one_on_one() else ALIGNMENTS[0]


def example_fit():
    """Return the fit whose predictions are shown: side a of the contrast shown over time."""
    return single(one_on_one())[0] if one_on_one() else f"{config['models'][0]}-trained-true"


def example_predictions(wildcards):
    """Return the predictions of that fit, for all subjects."""
    return [
        f"<results>/intermediate/encoding/{subject}_{example_alignment()}_{example_fit()}/predictions.nc"
        for subject in SUBJECTS
    ]


def example_responses(wildcards):
    """Return the responses that they predict."""
    return [f"<shared>/responses/{recording}_{example_alignment()}.nc" for recording in RECORDINGS]


def claims_tables():
    """Return the controls whose tests are counted in one figure, as far as they are switched on."""
    return [name for name in ("interaction", "floors") if name in CONTROL_TABLES]


def report_tables():
    """Return the further tables that the report shows, by name; the calibration if it is asked for, or once `snakemake calibrate` has made it."""
    names = ["overlap", "subjects", "recordings", *CONTROL_TABLES]
    names += ["confusion", *(["controls_planted"] if CONTROL_TABLES else [])] if DEMO else []
    names += (
        ["calibration"]
        if config["calibration"]["report"] or (RESULTS / "calibration.tsv").is_file()
        else []
    )
    return {
        name: f"<results>/{name}.tsv" if name == "recordings" else f"<results>/tables/{name}.tsv"
        for name in names
    }


def report_figures():
    """Return the figures that the report holds, in order."""
    return [f"<results>/figures/{name}.svg" for name in figure_names()]


wildcard_constraints:
    colour="verdict|model",
