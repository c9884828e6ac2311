"""List every fault of a config and its dataset at once; exit with 1 if there is one."""

import os
import sys
import time
from pathlib import Path

from fusion.io.logs import log_to
from fusion.look import check
from fusion.look.spec import CheckSpec

terminal = os.dup(1)
log = log_to(snakemake.log[0])
spec = CheckSpec.read(snakemake.params.spec)

began = time.monotonic()
found = check.faults(spec)
said = (
    f"{spec.config}: {len(found)} faults in {len(spec.recordings)} recordings and"
    f" {len(spec.films)} films, looked at in {time.monotonic() - began:.1f} s"
)
log.info("%s", said)
notes = "".join(f"Note: {note}\n" for note in spec.notes)
with open(terminal, "w", encoding="utf-8") as out:
    out.write(f"{check.in_words(found, Path.cwd())}{notes}{said}\n")
sys.exit(1 if found else 0)
