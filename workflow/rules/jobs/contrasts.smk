"""Which files each job of the contrasts stage reads, and what shapes its result."""

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
        **{key: statistics[key] for key in ("procedure", "windows", "bin_weights", "min_blocks")},
        **statistics[statistics["procedure"]],
        "seed": config["seed"],
    }


def contrast_files(wildcards, name):
    """Return one file of each of the fits that a contrast compares."""
    folder = f"<results>/intermediate/encoding/{wildcards.subject}_{wildcards.alignment}_"
    return [f"{folder}{fit}/{name}" for fit in contrast_fits(wildcards.contrast)]


def contrast_influences(wildcards):
    """Return the influence files of the fits that a contrast compares."""
    return contrast_files(wildcards, "influence.nc")


def contrast_bootstraps(wildcards):
    """Return the bootstrap intervals of those fits, which only the paper's procedure looks at."""
    return (
        contrast_files(wildcards, "bootstrap.nc")
        if config["statistics"]["procedure"] == "paper"
        else []
    )


def contrast_predictions(wildcards):
    """Return the held-out predictions of those fits, which only the block bootstrap looks at."""
    return (
        contrast_files(wildcards, "predictions.nc")
        if config["statistics"]["procedure"] == "block_bootstrap"
        else []
    )


def contrast_responses(wildcards):
    """Return the responses that go with them."""
    return (
        encode_responses(wildcards)
        if config["statistics"]["procedure"] == "block_bootstrap"
        else []
    )


def bootstrap_spec(wildcards):
    """Return what shapes the bootstrap of a fit."""
    return {
        **encode_spec(wildcards),
        "resamples": config["statistics"]["paper"]["resamples"],
        "seed": config["seed"],
    }


def contrast_tables(wildcards):
    """Return the tables of all contrasts, for all subjects and alignments."""
    return [
        f"<results>/intermediate/contrasts/{subject}_{alignment}_{contrast}.parquet"
        for contrast in config["contrasts"]
        for alignment in contrast_alignments(contrast)
        for subject in SUBJECTS
    ]


def sites_spec(wildcards):
    """Return what shapes the table of sites."""
    return {
        "contrasts": {name: contrast["role"] for name, contrast in config["contrasts"].items()},
        "alignments": ALIGNMENTS,
        "window": config["statistics"]["primary_window"],
        "level": config["statistics"]["level"],
        "correction": config["statistics"]["correction"],
        "modality": MODALITY,
        "subjects": {name: row.subject for name, row in RECORDINGS.items()},
        "seed": config["seed"],
    }


def shift_null_spec(wildcards):
    """Return what shapes the shift null of a fit."""
    statistics = config["statistics"]
    return {
        **encode_spec(wildcards),
        **statistics["shift_null"],
        "window": statistics["windows"][statistics["primary_window"]],
        "seed": config["seed"],
    }


def shift_null_tables(wildcards):
    """Return the shift nulls of all fits that a contrast holds against nothing."""
    alone = [
        name for name, sides in config["contrasts"].items() if "nothing" in (sides["a"], sides["b"])
    ]
    return list(
        dict.fromkeys(
            f"<results>/intermediate/shift_null/{subject}_{alignment}_{fit}.parquet"
            for name in alone
            for alignment in contrast_alignments(name)
            for subject in SUBJECTS
            for fit in contrast_fits(name)
        )
    )
