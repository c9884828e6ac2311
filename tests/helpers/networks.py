"""Rows of the zoo and the places of their files, as the rules would hand them to a loader."""

from fusion.models.spec import Located, Row, Weights

ROW = {
    "model": "tiny",
    "origin": "zoo.yaml",
    "family": "transformers_text",
    "modality": "vision-language",
    "feed": "joint",
    "sha256": None,
    "files": [],
    "architecture": {},
    "ignore_keys": [],
    "rename_keys": {},
    "prefix_tokens": {},
    "layers": {},
    "tokenizer": None,
    "text_length": None,
    "preprocess": {},
    "clip": None,
    "regions": {"file": None, "backbone": None, "net": "resnet18", "grid": 3},
    "licence": None,
    "trained_on": None,
}


def row_of(**given) -> Row:
    """Return a row; what is not given has the schema's defaults."""
    return Row.read(ROW | given)


def located(path) -> Located:
    """Return a checkpoint or tokenizer at a path."""
    return Located(str(path), str(path), {}, "")


def weights_at(path, tokenizer=None, backbone=None) -> Weights:
    """Return the files of a network."""
    return Weights(
        **vars(located(path)),
        tokenizer=located(tokenizer) if tokenizer else None,
        backbone=located(backbone) if backbone else None,
    )
