"""From fits to sites: paired contrasts, the tests of multimodality, regions."""

SCHEMAS = Path(workflow.basedir, "workflow", "schemas")
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
        "windows": statistics["windows"],
        "bin_weights": statistics["bin_weights"],
        "multipliers": statistics["multipliers"],
        "min_blocks": statistics["min_blocks"],
        "seed": config["seed"],
    }


def contrast_influences(wildcards):
    """Return the influence files of the fits that a contrast compares."""
    return expand(
        "<results>/encoding/{subject}_{alignment}_{fit}/influence.nc",
        subject=wildcards.subject,
        alignment=wildcards.alignment,
        fit=contrast_fits(wildcards.contrast),
    )


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


rule contrast:
    input:
        influence=contrast_influences,
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
        contrasts_schema=str(SCHEMAS / "contrasts.schema.yaml"),
    output:
        sites="<results>/sites.tsv",
        sites_dictionary="<results>/sites.json",
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
        atlas=str(Path(workflow.basedir, "resources", "dkt_regions.tsv")),
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
