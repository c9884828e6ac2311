"""Write sites and figures for other programs and for journals."""

import logging

from fusion.figures import read, registry, style
from fusion.io.job import begin
from fusion.io.tables import write_tsv
from fusion.report import export
from fusion.report.spec import ExportSpec

log = begin(snakemake)
logging.getLogger("fontTools").setLevel(logging.WARNING)
spec = ExportSpec.read(snakemake.params.spec)
out = snakemake.output

tables = read.tables({name: snakemake.input[name] for name in spec.tables})
sites = tables["sites"]
write_tsv(export.electrodes(sites), out.electrodes)
export.write_text(out.electrodes_json, export.as_json(export.dictionary()))
export.write_image(export.volume(sites), out.volume)
export.write_text(out.volume_json, export.as_json(export.describe_volume(sites)))
export.write_text(out.left, export.surface_label(sites, "left"))
export.write_text(out.right, export.surface_label(sites, "right"))
notebook = export.notebook("..", spec.figures.level, spec.figures.window_name)
export.write_text(out.notebook, export.as_json(notebook))

files = iter(zip(out.pdf, out.svg, strict=True))
for width_mm, names in spec.widths:
    with style.drawn_at(width_mm):
        for name in names:
            figure, _, state, _ = registry.draw(name, tables, spec.figures)
            style.export(figure, *next(files))
            log.info("%s at %g mm: %s", name, width_mm, state)
