"""Find or fetch a model's checkpoint and tokenizer, and write down what they are."""

import os
from pathlib import Path

from fusion.io.job import begin
from fusion.models.run import fetch
from fusion.models.run.lock import hold, is_pinned
from fusion.models.run.weights import write_weights
from fusion.models.spec import Weights, WeightsSpec

log = begin(snakemake)
LOCK = "config/weights.lock"
spec = WeightsSpec.read(snakemake.params.spec)

# Where files are kept is a fact of the machine, not of the analysis; what they are is checked by
# hash.
cache = Path(
    os.environ.get("FUSION_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "ieeg-fusion")
)
mirror = os.environ.get("FUSION_MIRROR")

found = fetch.fetch(
    spec.checkpoint, spec.sha256, spec.files, cache, mirror, snakemake.input.checkpoint
)
log.info("%s is %s (sha256 %s)", found.source, found.path, found.sha256)
tokenizer = backbone = None
if spec.tokenizer:
    tokenizer = fetch.fetch(
        spec.tokenizer,
        {},
        ("tokenizer*", "vocab*", "merges*"),
        cache,
        mirror,
        snakemake.input.tokenizer,
    )
if spec.backbone:
    backbone = fetch.fetch(spec.backbone, None, (), cache, mirror, snakemake.input.backbone)
for one, pin in ((found, spec.sha256), (tokenizer, None), (backbone, None)):
    if one is not None:
        hold(one, is_pinned(one, pin), LOCK)
write_weights(
    Weights(**vars(found), tokenizer=tokenizer, backbone=backbone), snakemake.output.weights
)
