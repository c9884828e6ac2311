"""Find or fetch a model's checkpoint and tokenizer, and write down what they are."""

import json
import os
from pathlib import Path

from fusion.io.atomic import whole
from fusion.io.logs import log_to
from fusion.models.run import fetch

log = log_to(snakemake.log[0])
spec = snakemake.params.spec

# Where files are kept is a fact of the machine, not of the analysis; what they are is checked by
# hash.
cache = Path(
    os.environ.get("FUSION_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "ieeg-fusion")
)
mirror = os.environ.get("FUSION_MIRROR")

found = fetch.fetch(
    spec["checkpoint"],
    spec["sha256"],
    spec["files"],
    cache,
    mirror,
    list(snakemake.input.checkpoint),
)
found["tokenizer"] = found["backbone"] = None
if spec["tokenizer"]:
    found["tokenizer"] = fetch.fetch(
        spec["tokenizer"],
        {},
        ["tokenizer*", "vocab*", "merges*"],
        cache,
        mirror,
        list(snakemake.input.tokenizer),
    )
if spec["backbone"]:
    found["backbone"] = fetch.fetch(
        spec["backbone"], None, [], cache, mirror, list(snakemake.input.backbone)
    )
log.info("%s is %s (sha256 %s)", found["source"], found["path"], found["sha256"])

with whole(snakemake.output.weights) as part:
    part.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
