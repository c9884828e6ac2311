"""Which files each job of the encoding stage reads, and what shapes its result."""

KEEP_PREDICTIONS = config["encoding"]["keep_predictions"]


def encode_parts(model):
    """Return model -> layer of a model that joins layers of others, or None."""
    return ZOO[model]["parts"] if ZOO[model]["family"] == "concat" else None


def encode_activations(wildcards):
    """Return [stimulus, model] of every activations file of a fit, in the order of the files."""
    models = encode_parts(wildcards.model) or [wildcards.model]
    return [
        [stimulus, model] for stimulus in subject_stimuli(wildcards.subject) for model in models
    ]


def encode_activation_files(wildcards):
    """Return the activations files of a fit."""
    name = "<shared>/activations/{stimulus}_{alignment}_{model}-{init}-{pairing}.nc"
    return [
        name.format(**dict(wildcards) | {"stimulus": stimulus, "model": model})
        for stimulus, model in encode_activations(wildcards)
    ]


def encode_responses(wildcards):
    """Return the responses files of a subject."""
    return expand(
        "<shared>/responses/{recording}_{alignment}.nc",
        recording=subject_recordings(wildcards.subject),
        alignment=wildcards.alignment,
    )


def encode_spec(wildcards):
    """Return what shapes a fit."""
    return {
        "subject": wildcards.subject,
        "alignment": wildcards.alignment,
        "fit": f"{wildcards.model}-{wildcards.init}-{wildcards.pairing}",
        "activations": encode_activations(wildcards),
        "parts": encode_parts(wildcards.model),
        "encoding": config["encoding"],
    }


def encode_mem_mb(wildcards, input, attempt):
    """Return the memory of a fit (MB): responses, predictions, influence; a layer with its factors; the interpreter. More with every attempt."""
    responses, activations = (
        sum(Path(path).stat().st_size for path in paths) / 2**20
        for paths in (input.responses, input.activations)
    )
    layers = (
        1
        if encode_parts(wildcards.model)
        else max(1, len(ZOO[wildcards.model].get("layers") or {}))
    )
    libraries = 400 if config["encoding"]["backend"] == "numpy" else 2000
    return attempt * int(libraries + 3.2 * responses + 24 * activations / layers)
