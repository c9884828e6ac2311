"""Figures, each a job of its own, and the report that holds them all."""

STATISTICS = config["statistics"]
PRIMARY = {"window_name": STATISTICS["primary_window"], "window": STATISTICS["windows"][STATISTICS["primary_window"]]}
CAPTIONS = Path(workflow.basedir, "workflow", "report")
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
    return next((name for name, contrast in config["contrasts"].items() if contrast["test"] == test), None)


def single(contrast):
    """Return the two fits of a contrast of single fits, or None."""
    sides = [config["contrasts"][contrast][side] for side in "ab"]
    named = all(isinstance(side, str) and side != "nothing" for side in sides)
    return [settings.fits_of(side)[0] for side in sides] if named else None


def one_on_one():
    """Return the contrast whose two models are shown over time: the decisive one, or the first of two single fits; or None."""
    decisive = [name for name in (role("slip"), *config["contrasts"]) if name]
    return next((name for name in decisive if single(name)), None)


def three_way():
    """Return the decisive contrast, that of a second model with the same rival, and that of the two models; or what there is of them."""
    first = role("slip")
    if first is None or single(first) is None:
        return []
    model, rival = single(first)
    pairs = {name: single(name) for name in config["contrasts"] if name != first and single(name)}
    second = next(
        (name for name, (a, b) in pairs.items() if b == rival and a.split("-")[1:] == model.split("-")[1:]), None
    )
    if second is None:
        return []
    third = next((name for name, sides in pairs.items() if set(sides) == {model, pairs[second][0]}), None)
    return [first, second, *([third] if third else [])]


def figure_names():
    """Return the figures that this config gives rise to, in the order of the report."""
    needs = {
        "scatter": role("multimodal") or role("slip"),
        "slip": three_way(),
        "time": one_on_one(),
        "alignments": config["contrasts"],
        "effects": config["contrasts"],
        "examples": config["encoding"]["keep_predictions"] and one_on_one(),
        "folds": config["encoding"]["keep_predictions"],
        "claims": claims_tables(),
        **{name: name in report_tables() for name in ("partition", "leak", "passive", "calibration")},
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


def brain_spec(wildcards):
    """Return what shapes a brain: what colours it, and the effect that sizes its markers."""
    decisive = role("slip") or role("multimodal")
    effect = f"{decisive}_{contrast_alignments(decisive)[0]}_effect" if decisive else None
    return {"by": wildcards.colour, "effect": effect if wildcards.colour == "verdict" else None}


def scatter_spec():
    """Return what shapes the scatter of multimodal against unimodal models."""
    contrast = role("multimodal") or role("slip")
    operands = {side: config["contrasts"][contrast][side] for side in "ab"} if contrast else {}
    return {"contrast": contrast, "operands": operands, "window": PRIMARY["window_name"], "level": STATISTICS["level"]}


def slip_spec():
    """Return what shapes the three-way comparison."""
    operands = {name: {side: config["contrasts"][name][side] for side in "ab"} for name in three_way()}
    return {"pairs": three_way(), "operands": operands, "window": PRIMARY["window_name"], "level": STATISTICS["level"]}


def alignments_spec():
    """Return what shapes the comparison of alignments: the contrasts that tests of multimodality rest on."""
    chosen = [role(test) for test in ("multimodal", "slip", "linear") if role(test)] or list(config["contrasts"])[:3]
    return {"contrasts": chosen, "window": PRIMARY["window_name"], "level": STATISTICS["level"]}


def time_fits():
    """Return [subject, alignment, side] of every fit of the contrast that is shown over time."""
    contrast = one_on_one()
    alignments = contrast_alignments(contrast) if contrast else []
    return [[subject, alignment, side] for subject in SUBJECTS for alignment in alignments for side in "ab"]


def time_influence(wildcards):
    """Return the influence files of the fits that are shown over time."""
    fits = dict(zip("ab", single(one_on_one())))
    return [
        f"<results>/encoding/{subject}_{alignment}_{fits[side]}/influence.nc"
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
        "multipliers": STATISTICS["multipliers"],
        "level": STATISTICS["level"],
        "sides": sides,
    }


def example_alignment():
    """Return the alignment in which example predictions are shown: that of the contrast shown over time, language first."""
    return contrast_alignments(one_on_one())[0] if one_on_one() else ALIGNMENTS[0]


def example_fit():
    """Return the fit whose predictions are shown: side a of the contrast shown over time."""
    return single(one_on_one())[0] if one_on_one() else f"{config['models'][0]}-trained-true"


def example_responses():
    """Return [subject, recording] of all recordings."""
    return [[row["subject"], name] for name, row in RECORDINGS.items()]


def claims_tables():
    """Return the controls whose tests are counted in one figure, as far as they are switched on."""
    return [name for name in ("interaction", "floors") if name in CONTROL_TABLES]


def report_tables():
    """Return the further tables that the report shows, by name; the calibration if it is asked for, or once `snakemake calibrate` has made it."""
    names = ["overlap", "subjects", "recordings", *CONTROL_TABLES]
    names += ["confusion", *(["controls_planted"] if CONTROL_TABLES else [])] if DEMO else []
    names += ["calibration"] if config["calibrate"]["report"] or (RESULTS / "calibration.tsv").is_file() else []
    return {name: f"<results>/{name}.tsv" for name in names}


def report_figures():
    """Return the figures that the report holds, in order."""
    return [f"<results>/figures/{name}.svg" for name in figure_names()]


wildcard_constraints:
    colour="verdict|model",


rule score_profiles:
    input:
        scores=[
            "<results>/encoding/{subject}_{alignment}_{model}-{init}-true/scores.parquet".format(**fit)
            for fit in all_fits()
        ],
    output:
        table="<results>/score_profiles.parquet",
    log:
        "<logs>/score_profiles/score_profiles.log",
    benchmark:
        "<benchmarks>/score_profiles/score_profiles.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=500 if DEMO else 3000,
        runtime=30,
    params:
        spec={"window": PRIMARY["window"], "fits": all_fits()},
        code=code("score_profiles.py"),
    message:
        "Reducing scores to what figures need"
    script:
        "../scripts/score_profiles.py"


rule figure_tests:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("tests"),
    log:
        "<logs>/figure_tests/tests.log",
    benchmark:
        "<benchmarks>/figure_tests/tests.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={},
        code=code("figure_tests.py"),
    message:
        "Figure: Overlap of the tests"
    script:
        "../scripts/figure_tests.py"


rule figure_brain:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("brain_{colour}", "brain"),
    log:
        "<logs>/figure_brain/brain_{colour}.log",
    benchmark:
        "<benchmarks>/figure_brain/brain_{colour}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec=brain_spec,
        code=code("figure_brain.py"),
    message:
        "Figure: Brain by {wildcards.colour}"
    script:
        "../scripts/figure_brain.py"


rule figure_region_map:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("region_map"),
    log:
        "<logs>/figure_region_map/region_map.log",
    benchmark:
        "<benchmarks>/figure_region_map/region_map.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={},
        code=code("figure_region_map.py"),
    message:
        "Figure: Regions by test"
    script:
        "../scripts/figure_region_map.py"


rule figure_regions:
    input:
        regions="<results>/regions.tsv",
    output:
        **figure("regions"),
    log:
        "<logs>/figure_regions/regions.log",
    benchmark:
        "<benchmarks>/figure_regions/regions.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={"level": STATISTICS["level"]},
        code=code("figure_regions.py"),
    message:
        "Figure: Sites by region"
    script:
        "../scripts/figure_regions.py"


rule figure_coverage:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("coverage"),
    log:
        "<logs>/figure_coverage/coverage.log",
    benchmark:
        "<benchmarks>/figure_coverage/coverage.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={},
        code=code("figure_coverage.py"),
    message:
        "Figure: Coverage"
    script:
        "../scripts/figure_coverage.py"


rule figure_effects:
    input:
        contrasts="<results>/contrasts.parquet",
    output:
        **figure("effects"),
    log:
        "<logs>/figure_effects/effects.log",
    benchmark:
        "<benchmarks>/figure_effects/effects.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={"window": PRIMARY["window_name"], "level": STATISTICS["level"]},
        code=code("figure_effects.py"),
    message:
        "Figure: Effects"
    script:
        "../scripts/figure_effects.py"


rule figure_scatter:
    input:
        contrasts="<results>/contrasts.parquet",
    output:
        **figure("scatter"),
    log:
        "<logs>/figure_scatter/scatter.log",
    benchmark:
        "<benchmarks>/figure_scatter/scatter.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec=scatter_spec(),
        code=code("figure_scatter.py"),
    message:
        "Figure: Multimodal against unimodal"
    script:
        "../scripts/figure_scatter.py"


rule figure_slip:
    input:
        contrasts="<results>/contrasts.parquet",
    output:
        **figure("slip"),
    log:
        "<logs>/figure_slip/slip.log",
    benchmark:
        "<benchmarks>/figure_slip/slip.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec=slip_spec(),
        code=code("figure_slip.py"),
    message:
        "Figure: Three-way comparison"
    script:
        "../scripts/figure_slip.py"


rule figure_time:
    input:
        contrasts="<results>/contrasts.parquet",
        sites="<results>/sites.tsv",
        influence=time_influence,
    output:
        **figure("time"),
    log:
        "<logs>/figure_time/time.log",
    benchmark:
        "<benchmarks>/figure_time/time.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=800 if DEMO else 4000,
        runtime=10,
    params:
        spec=time_spec(),
        code=code("figure_time.py"),
    message:
        "Figure: r over time"
    script:
        "../scripts/figure_time.py"


rule figure_latency:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("latency"),
    log:
        "<logs>/figure_latency/latency.log",
    benchmark:
        "<benchmarks>/figure_latency/latency.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={"step_ms": config["responses"]["step_ms"]},
        code=code("figure_latency.py"),
    message:
        "Figure: Latencies"
    script:
        "../scripts/figure_latency.py"


rule figure_alignments:
    input:
        contrasts="<results>/contrasts.parquet",
    output:
        **figure("alignments"),
    log:
        "<logs>/figure_alignments/alignments.log",
    benchmark:
        "<benchmarks>/figure_alignments/alignments.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec=alignments_spec(),
        code=code("figure_alignments.py"),
    message:
        "Figure: Agreement of alignments"
    script:
        "../scripts/figure_alignments.py"


rule figure_trained:
    input:
        scores="<results>/score_profiles.parquet",
        sites="<results>/sites.tsv",
    output:
        **figure("trained"),
    log:
        "<logs>/figure_trained/trained.log",
    benchmark:
        "<benchmarks>/figure_trained/trained.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={"models": config["models"]},
        code=code("figure_trained.py"),
    message:
        "Figure: Trained against random"
    script:
        "../scripts/figure_trained.py"


rule figure_layers:
    input:
        scores="<results>/score_profiles.parquet",
        sites="<results>/sites.tsv",
    output:
        **figure("layers"),
    log:
        "<logs>/figure_layers/layers.log",
    benchmark:
        "<benchmarks>/figure_layers/layers.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={"models": config["models"]},
        code=code("figure_layers.py"),
    message:
        "Figure: Layers"
    script:
        "../scripts/figure_layers.py"


rule figure_examples:
    input:
        scores="<results>/score_profiles.parquet",
        sites="<results>/sites.tsv",
        predictions=[
            f"<results>/encoding/{subject}_{example_alignment()}_{example_fit()}/predictions.nc"
            for subject in SUBJECTS
        ],
        responses=[f"<results>/responses/{recording}_{example_alignment()}.nc" for _, recording in example_responses()],
    output:
        **figure("examples"),
    log:
        "<logs>/figure_examples/examples.log",
    benchmark:
        "<benchmarks>/figure_examples/examples.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700 if DEMO else 4000,
        runtime=10,
    params:
        spec={
            "fit": example_fit(),
            "alignment": example_alignment(),
            "subjects": SUBJECTS,
            "recordings": example_responses(),
            "window": PRIMARY["window"],
        },
        code=code("figure_examples.py"),
    message:
        "Figure: Example predictions"
    script:
        "../scripts/figure_examples.py"


rule figure_folds:
    input:
        predictions=[
            f"<results>/encoding/{subject}_{example_alignment()}_{example_fit()}/predictions.nc"
            for subject in SUBJECTS
        ],
        responses=[f"<results>/responses/{recording}_{example_alignment()}.nc" for _, recording in example_responses()],
    output:
        **figure("folds"),
    log:
        "<logs>/figure_folds/folds.log",
    benchmark:
        "<benchmarks>/figure_folds/folds.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={"alignment": example_alignment(), "gap_s": config["encoding"]["gap_s"]},
        code=code("figure_folds.py"),
    message:
        "Figure: Folds of film time"
    script:
        "../scripts/figure_folds.py"


rule figure_partition:
    input:
        partition="<results>/partition.tsv",
        sites="<results>/sites.tsv",
    output:
        **figure("partition"),
    log:
        "<logs>/figure_partition/partition.log",
    benchmark:
        "<benchmarks>/figure_partition/partition.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={},
        code=code("figure_partition.py"),
    message:
        "Figure: Variance partition"
    script:
        "../scripts/figure_partition.py"


rule figure_claims:
    input:
        tables=[f"<results>/{name}.tsv" for name in claims_tables()],
    output:
        **figure("claims"),
    log:
        "<logs>/figure_claims/claims.log",
    benchmark:
        "<benchmarks>/figure_claims/claims.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={"tables": claims_tables(), "level": STATISTICS["level"]},
        code=code("figure_claims.py"),
    message:
        "Figure: How often tests say yes"
    script:
        "../scripts/figure_claims.py"


rule figure_leak:
    input:
        leak="<results>/leak.tsv",
    output:
        **figure("leak"),
    log:
        "<logs>/figure_leak/leak.log",
    benchmark:
        "<benchmarks>/figure_leak/leak.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={},
        code=code("figure_leak.py"),
    message:
        "Figure: Leak meter"
    script:
        "../scripts/figure_leak.py"


rule figure_passive:
    input:
        passive="<results>/passive.tsv",
    output:
        **figure("passive"),
    log:
        "<logs>/figure_passive/passive.log",
    benchmark:
        "<benchmarks>/figure_passive/passive.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={},
        code=code("figure_passive.py"),
    message:
        "Figure: Passive control"
    script:
        "../scripts/figure_passive.py"


rule figure_calibration:
    input:
        calibration="<results>/calibration.tsv",
    output:
        **figure("calibration"),
    log:
        "<logs>/figure_calibration/calibration.log",
    benchmark:
        "<benchmarks>/figure_calibration/calibration.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=700,
        runtime=10,
    params:
        spec={},
        code=code("figure_calibration.py"),
    message:
        "Figure: Calibration"
    script:
        "../scripts/figure_calibration.py"


rule report:
    input:
        config=str(RESULTS / "config.yaml"),
        sites="<results>/sites.tsv",
        regions="<results>/regions.tsv",
        contrasts="<results>/contrasts.parquet",
        scores="<results>/score_profiles.parquet",
        electrodes=expand("<results>/electrodes/{recording}.tsv", recording=RECORDINGS),
        responses=expand("<results>/responses/{recording}_{alignment}.nc", recording=RECORDINGS, alignment=ALIGNMENTS),
        cards=[
            f"<results>/activations/{STIMULI[0]}_{ALIGNMENTS[0]}_{model}-trained-true.nc"
            for model in config["models"]
            if ZOO[model]["family"] != "concat"
        ],
        tables=list(report_tables().values()),
        figures=report_figures(),
    output:
        html=report(
            "<results>/report.html",
            caption="../report/report.rst",
            category="Report",
            labels={"figure": "Report", "file": "html"},
        ),
    log:
        "<logs>/report/report.log",
    benchmark:
        "<benchmarks>/report/report.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        spec={
            "tables": list(report_tables()),
            "titles": {name: title for name, (title, _) in TITLES.items()},
            "captions": {
                name: (CAPTIONS / f"{name.split('_')[0] if name.startswith('brain') else name}.rst").read_text()
                for name in TITLES
            },
            "benchmarks": str(RESULTS / "benchmarks"),
        },
        code=code("report.py"),
    message:
        "Report: {output.html}"
    script:
        "../scripts/report.py"
