"""From fits to sites: paired contrasts, the tests of multimodality, regions."""

SCHEMAS = Path(shipped("workflow/schemas"))
MODALITY = {name: ZOO[name]["modality"] for name in config["models"]}


def operand_spec(operand):
    """Return one side of a contrast in full names, or None for nothing."""
    rank = operand["rank"] if isinstance(operand, dict) else 1
    return {"rank": rank, "of": settings.fits_of(operand)} if operand != "nothing" else None


def contrast_spec(wildcards):
    """Return what shapes one contrast of one subject and alignment."""
    contrast, statistics = config["contrasts"][wildcards.contrast], config["statistics"]
    return {
        "subject": wildcards.subject,
        "alignment": wildcards.alignment,
        "contrast": wildcards.contrast,
        "a": operand_spec(contrast["a"]),
        "b": operand_spec(contrast["b"]),
        "alternative": contrast["alternative"],
        "validation": config["encoding"]["validation"],
        "block_s": config["encoding"]["block_s"],
        **{
            key: statistics[key]
            for key in ("procedure", "windows", "bin_weights", "multipliers", "min_blocks", "gate_bins", "resamples")
        },
        "seed": config["seed"],
    }


def contrast_files(wildcards, name):
    """Return one file of each of the fits that a contrast compares."""
    folder = f"<results>/encoding/{wildcards.subject}_{wildcards.alignment}_"
    return [f"{folder}{fit}/{name}" for fit in contrast_fits(wildcards.contrast)]


def contrast_influences(wildcards):
    """Return the influence files of the fits that a contrast compares."""
    return contrast_files(wildcards, "influence.nc")


def contrast_bootstraps(wildcards):
    """Return the bootstrap intervals of those fits, which only the paper's procedure looks at."""
    return contrast_files(wildcards, "bootstrap.nc") if config["statistics"]["procedure"] == "paper" else []


def contrast_predictions(wildcards):
    """Return the held-out predictions of those fits, which only the block bootstrap looks at."""
    return contrast_files(wildcards, "predictions.nc") if config["statistics"]["procedure"] == "block_bootstrap" else []


def contrast_responses(wildcards):
    """Return the responses that go with them."""
    return encode_responses(wildcards) if config["statistics"]["procedure"] == "block_bootstrap" else []


def bootstrap_spec(wildcards):
    """Return what shapes the bootstrap of a fit."""
    return {**encode_spec(wildcards), "resamples": config["statistics"]["resamples"], "seed": config["seed"]}


def contrast_tables():
    """Return the tables of all contrasts, for all subjects and alignments."""
    return [
        f"<results>/contrasts/{subject}_{alignment}_{contrast}.parquet"
        for contrast in config["contrasts"]
        for alignment in contrast_alignments(contrast)
        for subject in SUBJECTS
    ]


def sites_spec(wildcards):
    """Return what shapes the table of sites."""
    return {
        "contrasts": {name: contrast["test"] for name, contrast in config["contrasts"].items()},
        "alignments": ALIGNMENTS,
        "window": config["statistics"]["primary_window"],
        "level": config["statistics"]["level"],
        "correction": config["statistics"]["correction"],
        "modality": MODALITY,
        "subjects": {name: row["subject"] for name, row in RECORDINGS.items()},
        "seed": config["seed"],
    }


def calibrate_settings(world):
    """Return [effect, minutes] of every simulation of a world; None minutes is the film as it is."""
    calibrate = config["calibrate"]
    cases = [[calibrate["effect"], None]]
    if world not in ("none", "drift"):
        cases += [[effect, None] for effect in calibrate["effects"]] + [
            [calibrate["effect"], minutes] for minutes in calibrate["minutes"]
        ]
    return cases


def calibrate_spec(wildcards):
    """Return what shapes the simulations of one world."""
    names = [name for name in config["contrasts"] if wildcards.alignment in contrast_alignments(name)]
    contrasts = {name: {side: operand_spec(config["contrasts"][name][side]) for side in "ab"} for name in names}
    for name in names:
        contrasts[name]["alternative"] = config["contrasts"][name]["alternative"]
    return {
        "alignment": wildcards.alignment,
        "world": wildcards.world,
        "cases": calibrate_settings(wildcards.world),
        "contrasts": contrasts,
        "fits": list(dict.fromkeys(fit for name in names for fit in contrast_fits(name))),
        "modality": {name: row["modality"] for name, row in ZOO.items() if "modality" in row},
        "parts": {name: list(ZOO[name]["parts"]) for name in config["models"] if ZOO[name].get("parts")},
        "window": config["statistics"]["primary_window"],
        "windows": config["statistics"]["windows"],
        "validation": config["encoding"]["validation"],
        **{key: config["statistics"][key] for key in ("bin_weights", "multipliers", "min_blocks")},
        **{key: config["calibrate"][key] for key in ("repetitions", "electrodes", "width", "step_ms")},
        "bin_ms": config["responses"]["bin_ms"],
        # Band-limited amplitude is taken after the high-pass, which leaves its drift in.
        "high_pass_hz": False if config["ieeg"]["high_gamma_hz"] else config["ieeg"]["high_pass_hz"],
        "encoding": config["encoding"],
        "seed": config["seed"],
    }


def shift_null_spec(wildcards):
    """Return what shapes the shift null of a fit."""
    statistics = config["statistics"]
    how = {key: statistics[key] for key in ("shifts", "shift_min_s")}
    return {
        **encode_spec(wildcards),
        **how,
        "window": statistics["windows"][statistics["primary_window"]],
        "seed": config["seed"],
    }


def shift_null_tables():
    """Return the shift nulls of all fits that a contrast holds against nothing."""
    alone = [name for name, sides in config["contrasts"].items() if "nothing" in (sides["a"], sides["b"])]
    return list(
        dict.fromkeys(
            f"<results>/shift_null/{subject}_{alignment}_{fit}.parquet"
            for name in alone
            for alignment in contrast_alignments(name)
            for subject in SUBJECTS
            for fit in contrast_fits(name)
        )
    )


rule bootstrap:
    input:
        responses=encode_responses,
        activations=encode_activation_files,
        influence="<results>/encoding/{subject}_{alignment}_{model}-{init}-{pairing}/influence.nc",
    output:
        intervals="<results>/encoding/{subject}_{alignment}_{model}-{init}-{pairing}/bootstrap.nc",
    log:
        "<logs>/bootstrap/{subject}_{alignment}_{model}-{init}-{pairing}.log",
    benchmark:
        "<benchmarks>/bootstrap/{subject}_{alignment}_{model}-{init}-{pairing}.tsv"
    conda:
        "../../envs/encoding.yaml"
    threads: 4
    resources:
        mem_mb=encode_mem_mb,
        runtime=2880,
    params:
        spec=bootstrap_spec,
        code=code("bootstrap.py"),
    message:
        "Refitting resampled events of subject {wildcards.subject}, {wildcards.alignment}: {wildcards.model}-{wildcards.init}-{wildcards.pairing}"
    script:
        "../scripts/bootstrap.py"


rule contrast:
    input:
        influence=contrast_influences,
        bootstrap=contrast_bootstraps,
        predictions=contrast_predictions,
        responses=contrast_responses,
    output:
        table="<results>/contrasts/{subject}_{alignment}_{contrast}.parquet",
    log:
        "<logs>/contrast/{subject}_{alignment}_{contrast}.log",
    benchmark:
        "<benchmarks>/contrast/{subject}_{alignment}_{contrast}.tsv"
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=20,
    params:
        spec=contrast_spec,
        code=code("contrast.py"),
    message:
        "Contrast {wildcards.contrast} at subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/contrast.py"


rule sites:
    input:
        contrasts=contrast_tables(),
        electrodes=expand("<results>/electrodes/{recording}.tsv", recording=RECORDINGS),
        sites_schema=str(SCHEMAS / "sites.schema.yaml"),
        overlap_schema=str(SCHEMAS / "overlap.schema.yaml"),
        subjects_schema=str(SCHEMAS / "subjects.schema.yaml"),
        contrasts_schema=str(SCHEMAS / "contrasts.schema.yaml"),
    output:
        sites="<results>/sites.tsv",
        sites_dictionary="<results>/sites.json",
        overlap="<results>/overlap.tsv",
        overlap_dictionary="<results>/overlap.json",
        subjects="<results>/subjects.tsv",
        subjects_dictionary="<results>/subjects.json",
        contrasts="<results>/contrasts.parquet",
        contrasts_dictionary="<results>/contrasts.json",
    log:
        "<logs>/sites/sites.log",
    benchmark:
        "<benchmarks>/sites/sites.tsv"
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=20,
    params:
        spec=sites_spec,
        code=code("sites.py"),
    message:
        "Sites: correcting over electrodes, deciding verdicts"
    script:
        "../scripts/sites.py"


rule regions:
    input:
        sites="<results>/sites.tsv",
        atlas=shipped("resources/dkt_regions.tsv"),
        schema=str(SCHEMAS / "regions.schema.yaml"),
    output:
        regions="<results>/regions.tsv",
        dictionary="<results>/regions.json",
    log:
        "<logs>/regions/regions.log",
    benchmark:
        "<benchmarks>/regions/regions.tsv"
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        spec={"correction": config["statistics"]["correction"]},
        code=code("regions.py"),
    message:
        "Regions: counting sites"
    script:
        "../scripts/regions.py"


rule calibrate_world:
    input:
        responses=f"<results>/responses/{config['calibrate']['recording'] or next(iter(RECORDINGS), 'none')}_{{alignment}}.nc",
    output:
        table="<results>/calibration/{alignment}_{world}.parquet",
    log:
        "<logs>/calibrate_world/{alignment}_{world}.log",
    benchmark:
        "<benchmarks>/calibrate_world/{alignment}_{world}.tsv"
    conda:
        "../../envs/encoding.yaml"
    threads: 1
    resources:
        mem_mb=2500,
        runtime=240,
    params:
        spec=calibrate_spec,
        code=code("calibrate_world.py"),
    message:
        "Simulating world {wildcards.world}, {wildcards.alignment} alignment"
    script:
        "../scripts/calibrate_world.py"


rule calibrate:
    input:
        worlds=expand(
            "<results>/calibration/{alignment}_{world}.parquet",
            alignment=ALIGNMENTS,
            world=config["calibrate"]["worlds"],
        ),
        schema=str(SCHEMAS / "calibration.schema.yaml"),
    output:
        table="<results>/calibration.tsv",
        dictionary="<results>/calibration.json",
    log:
        "<logs>/calibrate/calibrate.log",
    benchmark:
        "<benchmarks>/calibrate/calibrate.tsv"
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=20,
    params:
        spec={"level": config["statistics"]["level"], "correction": config["statistics"]["correction"]},
        code=code("calibrate.py"),
    message:
        "Calibration: error rates and power of every contrast"
    script:
        "../scripts/calibrate.py"


rule shift_null:
    input:
        responses=encode_responses,
        activations=encode_activation_files,
    output:
        table="<results>/shift_null/{subject}_{alignment}_{model}-{init}-{pairing}.parquet",
    log:
        "<logs>/shift_null/{subject}_{alignment}_{model}-{init}-{pairing}.log",
    benchmark:
        "<benchmarks>/shift_null/{subject}_{alignment}_{model}-{init}-{pairing}.tsv"
    conda:
        "../../envs/encoding.yaml"
    threads: 2
    resources:
        mem_mb=encode_mem_mb,
        runtime=1440,
    params:
        spec=shift_null_spec,
        code=code("shift_null.py"),
    message:
        "Shifting film against recording of subject {wildcards.subject}, {wildcards.alignment}: {wildcards.model}-{wildcards.init}-{wildcards.pairing}"
    script:
        "../scripts/shift_null.py"


rule shift_nulls:
    input:
        tables=shift_null_tables(),
        schema=str(SCHEMAS / "shift_nulls.schema.yaml"),
    output:
        table="<results>/shift_nulls.tsv",
        dictionary="<results>/shift_nulls.json",
    log:
        "<logs>/shift_nulls/shift_nulls.log",
    benchmark:
        "<benchmarks>/shift_nulls/shift_nulls.tsv"
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=20,
    params:
        spec={"correction": config["statistics"]["correction"]},
        code=code("shift_nulls.py"),
    message:
        "Scores against circular shifts, corrected"
    script:
        "../scripts/shift_nulls.py"
