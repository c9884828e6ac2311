"""What the official BIDS validator says about the dataset, and which of it concerns the
recordings.
"""

from pathlib import Path

from fusion.ieeg import validation
from fusion.ieeg.spec import ValidateBidsSpec
from fusion.io.job import begin
from fusion.io.tables import write_tsv

log = begin(snakemake)
spec = ValidateBidsSpec.read(snakemake.params.spec)

root = Path(spec.root)
used = [str(Path(file).relative_to(root)) for file in snakemake.input.files]
table = validation.findings(validation.run(root), used)
validation.report(table, root, spec.strict)
write_tsv(table, snakemake.output.table)
