"""Which tables of controls and of the calibration figures and report may show."""

from __future__ import annotations

from fusion.design.study import Study


def band_models(study: Study, band: str) -> list[str]:
    """Return the models of a band: those that the config names, or all of its modality.

    A network that is shown frames and texts together is tested on its own; its parts would fill
    every band.
    """
    named = study.config["controls"]["bands"][band]
    modality = {"multimodal": "vision-language"}.get(band, band)
    own = [model for model in study.networks if study.zoo[model]["feed"] != "joint"]
    return [model for model in own if study.modality(model) == modality] if named is None else named


def control_tables(study: Study) -> tuple[str, ...]:
    """Return the controls that are switched on and have what they need, and the calibration if the
    config asks for it, or once ``snakemake calibrate`` has made it.
    """
    on, calibration = study.config["controls"], study.config["calibration"]
    bands = {band: band_models(study, band) for band in ("vision", "language", "multimodal")}
    networks = set(study.networks)
    matched = [
        one
        for one in study.contrasts.values()
        if one.a.fits and one.b.fits and {fit.model for fit in one.fits} <= networks
    ]
    made_before = (study.results / "tables" / "calibration.tsv").is_file()
    needs = {
        "partition": on["partition"] and any(bands.values()),
        "dimension_match": on["dimension_match"] and matched,
        "interaction": on["interaction"]
        and on["joint_networks"]
        and bands["vision"]
        and bands["language"],
        "leak": on["leak"],
        "floors": on["floors"] and (networks or on["floor_pairs"]),
        "ceiling": on["ceiling"],
        "passive": on["passive"] and any(bands.values()),
        "calibration": calibration["report"] or made_before,
    }
    return tuple(name for name, there in needs.items() if there)
