"""Say which files of a results folder are not what was written, and which are older than their
inputs.
"""

import os
import sys
from pathlib import Path

from fusion.io import checksums
from fusion.io.logs import log_to

terminal = os.dup(1)
log = log_to(snakemake.log[0])
folder = Path(snakemake.params.spec["folder"])

wrong, older, count = checksums.verify(folder)
for line in (*wrong, *older):
    log.error("%s", line)
said = f"{folder}: {count} files are as they were written"
said += f", {len(wrong)} are not" if wrong else ""
said += f", {len(older)} inputs were made again after what they are in" if older else ""
log.info("%s", said)
with open(terminal, "w", encoding="utf-8") as out:
    out.write("\n".join((*wrong, *older, said)) + "\n")
sys.exit(1 if wrong or older else 0)
