"""Look at a BIDS folder and write a commented config of it, which is never overwritten."""

import os
from pathlib import Path

from fusion.io.errors import InputError
from fusion.io.logs import log_to
from fusion.look import page, proposal
from fusion.look.spec import DraftSpec

terminal = os.dup(1)
log = log_to(snakemake.log[0])
spec = DraftSpec.read(snakemake.params.spec)

made = proposal.propose(spec, Path(os.path.expandvars(spec.root)).expanduser())
text = page.config(made)
path = Path(spec.out)
path.parent.mkdir(parents=True, exist_ok=True)
try:
    with open(path, "x", encoding="utf-8") as file:
        file.write(text)
except FileExistsError:
    raise InputError(path, "", "a file, which is never overwritten", "another name") from None
log.info("wrote %s", path)
with open(terminal, "w", encoding="utf-8") as out:
    out.write(page.said(made, text))
