"""Which files each job of the models stage reads, and what shapes its result."""


def local_files(source):
    """Return the files of a checkpoint or tokenizer that lies in a folder, which the job then depends on; none for others."""
    if source is None or source.startswith(("http://", "https://", "hf:")):
        return []
    path = Path(shipped(source))
    return sorted(str(p) for p in path.rglob("*") if p.is_file()) if path.is_dir() else [str(path)]


def region_files(wildcards):
    """Return the user's file of region features, where a model takes one."""
    source = ZOO[wildcards.model]["regions"]["file"]
    return (
        [stimulus_file(wildcards.stimulus, source.format(stimulus=wildcards.stimulus))]
        if source
        else []
    )


def weights_spec(wildcards):
    """Return what decides which weights a model has."""
    row = ZOO[wildcards.model]
    backbone = None if row["regions"]["file"] else row["regions"]["backbone"]
    return {
        **{key: row[key] for key in ("checkpoint", "sha256", "files", "tokenizer")},
        "backbone": backbone,
    }


def activations_spec(wildcards):
    """Return what shapes one file of activations."""
    return {
        "model": wildcards.model,
        "init": wildcards.init,
        "row": ZOO[wildcards.model],
        "seed": config["seed"],
        **config["activations"],
    }


# A rule has outputs even where no shuffled pairing is configured, and nothing asks for them.
SHUFFLED = PAIRINGS[1:] or ["shuffled0"]


def shuffled_activations_spec(wildcards):
    """Return what shapes the activations of all shuffled pairings."""
    return {**activations_spec(wildcards), "pairings": SHUFFLED}
