"""What the official BIDS validator says about the dataset, and which of it concerns the
recordings.
"""

from pathlib import Path

from fusion.ieeg import validation
from fusion.io.errors import InputError
from fusion.io.logs import log_to
from fusion.io.tables import write_tsv

log = log_to(snakemake.log[0])

root = Path(snakemake.params.spec["root"])
used = [str(Path(file).relative_to(root)) for file in snakemake.input.files]
table = validation.findings(validation.run(root), used)

matters = table[table["matters"]]
for row in matters.itertuples():
    log.error(
        "%s: %s %s", row.file, row.message, f"({row.field})" if isinstance(row.field, str) else ""
    )
log.info(
    "%d errors, %d of them about files that are read; %d warnings",
    (table["severity"] == "error").sum(),
    len(matters),
    (table["severity"] == "warning").sum(),
)
if snakemake.params.spec["strict"] and len(matters):
    first = matters.iloc[0]
    raise InputError(
        root / first["file"],
        str(first["field"] or ""),
        f"{first['message']} ({len(matters)} errors in all)",
        "valid BIDS (ieeg.validation: strict)",
    )
write_tsv(
    table.assign(matters=table["matters"].map({True: "true", False: "false"})),
    snakemake.output.table,
)
