"""Rules of the controls stage: which controls there are, what each reads, what shapes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fusion.contrasts.spec import Comparison
from fusion.controls.spec import (
    BANDS,
    Activated,
    CeilingSpec,
    ControlTablesSpec,
    DimensionMatchSpec,
    FittingSpec,
    FloorPairSpec,
    FloorsSpec,
    InteractionSpec,
    JointNetworkSpec,
    LeakSpec,
    NegativeControlsSpec,
    PartitionSpec,
    PassiveSpec,
)
from fusion.demo.spec import PlantedSpec
from fusion.design import paths
from fusion.design.disk import megabytes
from fusion.design.stimuli import Inputs
from fusion.design.study import Study
from fusion.ids import TRAINED, Contrast, FitId, unique

MODALITY = {
    "vision": "vision",
    "language": "language",
    "multimodal": "vision-language",
    "audio": "audio",
    "video": "video",
}
#: Controls of one subject and alignment, in the order of the report; ``passive`` is of a film.
OF_SUBJECT = ("partition", "dimension_match", "interaction", "leak", "floors", "ceiling")


@dataclass(frozen=True)
class Controls:
    """Which controls a study has, and on which fits they rest."""

    study: Study

    @property
    def asked(self) -> dict[str, Any]:
        """Section ``controls`` of the config."""
        return dict(self.study.config["controls"])

    def band_models(self, band: str) -> list[str]:
        """Return the models of a band: those that the config names, or all of its modality.

        A network that is shown frames and texts together is tested on its own: its parts would
        fill every band.
        """
        named: list[str] | None = self.asked["bands"][band]
        if named is not None:
            return named
        return [
            name
            for name in self.study.networks
            if self.study.modality(name) == MODALITY[band]
            and self.study.zoo[name]["feed"] != "joint"
        ]

    @cached_property
    def bands(self) -> dict[str, tuple[FitId, ...]]:
        """Band -> its fits."""
        return {band: tuple(self.study.fits(self.band_models(band))) for band in BANDS}

    @cached_property
    def band_fits(self) -> tuple[FitId, ...]:
        """Fits of all bands, each once."""
        return unique(fit for fits in self.bands.values() for fit in fits)

    @cached_property
    def joint_networks(self) -> dict[str, JointNetworkSpec]:
        """Name -> network given frame and text together; none if the interaction test is off."""
        given = self.asked["joint_networks"] if self.asked["interaction"] else {}
        return {name: JointNetworkSpec.read(row) for name, row in given.items()}

    @cached_property
    def joint_fits(self) -> tuple[FitId, ...]:
        """Fits of the joint networks: of every pairing, but of the true one only with towers."""
        return unique(
            FitId(network.model, TRAINED, pairing)
            for network in self.joint_networks.values()
            for pairing in (self.study.pairings[:1] if network.towers else self.study.pairings)
        )

    @cached_property
    def interaction_fits(self) -> tuple[FitId, ...]:
        """Fits of the interaction test: vision, language and the joint networks."""
        return unique((*self.bands["vision"], *self.bands["language"], *self.joint_fits))

    @cached_property
    def matched_fits(self) -> tuple[FitId, ...]:
        """Fits of all contrasts, without those of concatenations, which have no activations."""
        return unique(
            fit
            for contrast in self.study.contrasts.values()
            for fit in contrast.fits
            if not self.study.is_concat(fit.model)
        )

    @cached_property
    def matched(self) -> dict[str, Contrast]:
        """Name -> contrast of which both sides have fits, all of them with activations."""
        return {
            name: contrast
            for name, contrast in self.study.contrasts.items()
            if not contrast.a.is_nothing
            and not contrast.b.is_nothing
            and set(contrast.fits) <= set(self.matched_fits)
        }

    @cached_property
    def floor_pairs(self) -> tuple[FloorPairSpec, ...]:
        """Two random inits of the first network, where there are two, and the declared pairs."""
        pairs = []
        if self.study.networks and len(self.study.inits) > 2:
            a, b = (FitId(self.study.networks[0], init) for init in self.study.inits[1:3])
            pairs.append(FloorPairSpec("two random inits", a, b))
        for models in self.asked["floor_pairs"]:
            a, b = self.study.fits(models)
            pairs.append(FloorPairSpec("declared pair", a, b))
        return tuple(pairs)

    @cached_property
    def floor_fits(self) -> tuple[FitId, ...]:
        """The first network, whose layers are compared, and the fits of all pairs."""
        compared = [fit for pair in self.floor_pairs for fit in (pair.a, pair.b)]
        return unique((*self.study.fits(self.study.networks[:1]), *compared))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Controls that are switched on and have what they need."""
        needs = {
            "partition": self.band_fits,
            "dimension_match": self.matched,
            "interaction": self.joint_networks and self.bands["vision"] and self.bands["language"],
            "leak": True,
            "floors": self.floor_fits,
            "ceiling": True,
            "passive": self.band_fits,
        }
        return tuple(
            name for name in (*OF_SUBJECT, "passive") if self.asked[name] and bool(needs[name])
        )

    @cached_property
    def fitting(self) -> FittingSpec:
        """Return responses and folds of the controls."""
        config = self.study.config
        statistics = config["statistics"]
        window = self.asked["window"] or statistics["primary_window"]
        return FittingSpec.take(
            config["encoding"], config["responses"], window_ms=statistics["windows"][window]
        )

    def parts(self, control: str) -> list[str]:
        """Return the parts of a control's table: one a subject or film, and alignment."""
        if control == "passive":
            return [
                paths.fill(paths.PASSIVE, stimulus=stimulus, alignment=alignment)
                for stimulus in self.study.stimuli
                for alignment in self.study.alignments
            ]
        tested = {alignment for one in self.matched.values() for alignment in one.alignments}
        return [
            paths.fill(paths.CONTROL, subject=subject, alignment=alignment, control=control)
            for subject in self.study.subjects
            for alignment in self.study.alignments
            if control != "dimension_match" or alignment in tested
        ]


#: How many times the size of its responses and of its layers a control is given: copies in 64 bits
#: that its steps may hold at once. Measured at the size of the demo only.
RESPONSES_COPIES, LAYERS_COPIES = 12, 6


@dataclass(frozen=True)
class _Rule:
    controls: Controls

    @property
    def study(self) -> Study:
        return self.controls.study

    def responses(self, subject: str, alignment: str) -> list[str]:
        """Return the responses of all recordings of a subject."""
        return self.responses_of(self.study.recordings_of(subject), alignment)

    def responses_of(self, recordings: Iterable[str], alignment: str) -> list[str]:
        """Return the responses of recordings."""
        return [
            paths.fill(paths.RESPONSES, recording=name, alignment=alignment) for name in recordings
        ]

    def of_films(self, pattern: str, films: Sequence[str], alignment: str) -> list[str]:
        """Return a file of each film."""
        return [paths.fill(pattern, stimulus=film, alignment=alignment) for film in films]

    def activations(self, fits: Sequence[FitId], films: Sequence[str], alignment: str) -> list[str]:
        """Return the activations of fits, in the order of :meth:`activated`."""
        return [
            paths.fill(
                paths.ACTIVATIONS,
                stimulus=film,
                alignment=alignment,
                model=fit.model,
                init=fit.init,
                pairing=fit.pairing,
            )
            for fit in fits
            for film in films
        ]

    def activated(self, fits: Sequence[FitId], films: Sequence[str]) -> tuple[Activated, ...]:
        """Return fit and film of every file of activations."""
        return tuple(Activated(fit, film) for fit in fits for film in films)

    def mem_mb(self, files: Any, attempt: int, least: int) -> int:
        """Return the memory of a job (MB), more with every attempt: the bins of the primary window
        that do not overlap, in several copies of 64 bits, and the layers of all networks.

        Parameters
        ----------
        files
            The job's inputs.
        attempt
            The first, second, ..
        least
            What a job of an ordinary dataset asks for.
        """
        config = self.study.config["responses"]
        first, last = config["window_ms"]
        start, stop = self.study.window
        bins = (last - first) / config["step_ms"] + 1
        taken = (stop - start) / config["bin_width_ms"] + 1
        share = min(1.0, taken / bins)
        y, x = (megabytes(files.get(name, ())) for name in ("responses", "activations"))
        return attempt * max(least, int(400 + RESPONSES_COPIES * share * y + LAYERS_COPIES * x))


@dataclass(frozen=True)
class Partition(_Rule):
    """Variance partition of a subject and alignment."""

    def inputs(self, subject: str, alignment: str) -> Inputs:
        """Return responses, networks of all bands, and low-level features."""
        films = self.study.stimuli_of(subject)
        return {
            "responses": self.responses(subject, alignment),
            "activations": self.activations(self.controls.band_fits, films, alignment),
            "lowlevel": self.of_films(paths.LOWLEVEL, films, alignment),
        }

    def spec(self, subject: str, alignment: str) -> dict[str, Any]:
        """Return bands and scalings."""
        films = self.study.stimuli_of(subject)
        return PartitionSpec.take(
            self.controls.asked | {"bands": self.controls.bands},
            self.study.config,
            subject=subject,
            alignment=alignment,
            films=films,
            activations=self.activated(self.controls.band_fits, films),
            fitting=self.controls.fitting,
        ).plain()


@dataclass(frozen=True)
class DimensionMatch(_Rule):
    """Contrasts of a subject and alignment at the same number of dimensions."""

    def inputs(self, subject: str, alignment: str) -> Inputs:
        """Return responses, and all networks that contrasts compare."""
        films = self.study.stimuli_of(subject)
        return {
            "responses": self.responses(subject, alignment),
            "activations": self.activations(self.controls.matched_fits, films, alignment),
        }

    def spec(self, subject: str, alignment: str) -> dict[str, Any]:
        """Return the contrasts of the alignment."""
        films = self.study.stimuli_of(subject)
        return DimensionMatchSpec.take(
            self.controls.asked,
            subject=subject,
            alignment=alignment,
            activations=self.activated(self.controls.matched_fits, films),
            comparisons=[
                Comparison.of(contrast)
                for contrast in self.controls.matched.values()
                if alignment in contrast.alignments
            ],
            fitting=self.controls.fitting,
        ).plain()


@dataclass(frozen=True)
class Interaction(_Rule):
    """Interaction test and modality shuffle of a subject and alignment."""

    def inputs(self, subject: str, alignment: str) -> Inputs:
        """Return responses, networks, and the events by which pairings are read."""
        films = self.study.stimuli_of(subject)
        return {
            "responses": self.responses(subject, alignment),
            "activations": self.activations(self.controls.interaction_fits, films, alignment),
            "events": self.of_films(paths.EVENTS, films, alignment),
        }

    def spec(self, subject: str, alignment: str) -> dict[str, Any]:
        """Return networks, pairings and shifts."""
        films = self.study.stimuli_of(subject)
        bands = {band: self.controls.bands[band] for band in ("vision", "language")}
        return InteractionSpec.take(
            self.controls.asked | {"bands": bands},
            self.study.config,
            subject=subject,
            alignment=alignment,
            films=films,
            activations=self.activated(self.controls.interaction_fits, films),
            networks=self.controls.joint_networks,
            pairings=self.study.shuffled,
            min_shift_s=self.study.config["events"]["shuffle_min_shift_s"],
            fitting=self.controls.fitting,
        ).plain()


@dataclass(frozen=True)
class NegativeControls(_Rule):
    """Leak meter and floors of a subject and alignment: what should find nothing."""

    @property
    def leak(self) -> bool:
        """Whether the leak meter is on."""
        return "leak" in self.controls.names

    @property
    def floors(self) -> bool:
        """Whether the floors are on."""
        return "floors" in self.controls.names

    def outputs(self) -> dict[str, str]:
        """Return the tables that are made; both where neither is, since a rule needs one."""
        names = [name for name in ("leak", "floors") if name in self.controls.names]
        return {
            name: paths.fill(paths.CONTROL, control=name) for name in names or ("leak", "floors")
        }

    def inputs(self, subject: str, alignment: str) -> Inputs:
        """Return responses, what the leak meter holds them against, and what floors compare."""
        films = self.study.stimuli_of(subject)
        found: Inputs = {"responses": self.responses(subject, alignment)}
        if self.leak:
            found["words"] = self.of_films(paths.WORDS, films, alignment)
            found["influence"] = [
                paths.fill(
                    paths.INFLUENCE,
                    subject=subject,
                    alignment=alignment,
                    model=fit.model,
                    init=fit.init,
                    pairing=fit.pairing,
                )
                for fit in self.study.fits(self.study.models)
            ]
        if self.floors:
            found["activations"] = self.activations(self.controls.floor_fits, films, alignment)
        return found

    def spec(self, subject: str, alignment: str) -> dict[str, Any]:
        """Return what each of the two needs."""
        films = self.study.stimuli_of(subject)
        asked = self.controls.asked
        floors = None
        if self.floors:
            floors = FloorsSpec.take(
                asked,
                activations=self.activated(self.controls.floor_fits, films),
                pairs=self.controls.floor_pairs,
                layers_of=self.controls.floor_fits[0],
            )
        return NegativeControlsSpec(
            subject=subject,
            alignment=alignment,  # type: ignore[arg-type]
            leak=LeakSpec(tuple(films), asked["drift_period_s"]) if self.leak else None,
            floors=floors,
            fitting=self.controls.fitting,
        ).plain()


@dataclass(frozen=True)
class Passive(_Rule):
    """Passive control of a film and alignment."""

    def inputs(self, stimulus: str, alignment: str) -> Inputs:
        """Return networks, low-level features and events."""
        return {
            "activations": self.activations(self.controls.band_fits, [stimulus], alignment),
            "lowlevel": self.of_films(paths.LOWLEVEL, [stimulus], alignment),
            "events": paths.fill(paths.EVENTS, stimulus=stimulus, alignment=alignment),
        }

    def spec(self, stimulus: str, alignment: str) -> dict[str, Any]:
        """Return bands, and all bins: what comes before the onset is the point."""
        window_ms = self.study.config["responses"]["window_ms"]
        return PassiveSpec.take(
            self.controls.asked | {"bands": self.controls.bands},
            stimulus=stimulus,
            alignment=alignment,
            activations=self.activated(self.controls.band_fits, [stimulus]),
            fitting=FittingSpec.take(self.controls.fitting.plain() | {"window_ms": window_ms}),
        ).plain()


@dataclass(frozen=True)
class Ceiling(_Rule):
    """Ceiling of a subject and alignment."""

    def others(self, subject: str) -> list[str]:
        """Return the recordings of other subjects who saw a film of this subject's."""
        films = self.study.stimuli_of(subject)
        return [
            name
            for name, row in self.study.recordings.items()
            if row.subject != subject and row.stimulus in films
        ]

    def inputs(self, subject: str, alignment: str) -> Inputs:
        """Return the responses of the subject and of others who saw the same films."""
        return {
            "responses": self.responses(subject, alignment),
            "others": self.responses_of(self.others(subject), alignment),
        }

    def spec(self, subject: str, alignment: str) -> dict[str, Any]:
        """Return who the others are."""
        return CeilingSpec.take(
            self.controls.asked,
            subject=subject,
            alignment=alignment,
            others=[self.study.recordings[name].subject for name in self.others(subject)],
            fitting=self.controls.fitting,
        ).plain()


@dataclass(frozen=True)
class ControlTables(_Rule):
    """Tables of all controls."""

    @property
    def names(self) -> tuple[str, ...]:
        """Controls that have a table; all if none is on, since a rule needs an output."""
        return self.controls.names or (*OF_SUBJECT, "passive")

    def inputs(self) -> Inputs:
        """Return the parts of every control's table."""
        parts: Inputs = {name: self.controls.parts(name) for name in self.names}
        return parts | {"schema": self.study.shipped("workflow/schemas/controls.schema.yaml")}

    def outputs(self) -> dict[str, list[str]]:
        """Return the tables and their data dictionaries."""
        return {
            "tables": [paths.fill(paths.TABLE, table=name) for name in self.names],
            "dictionaries": [paths.fill(paths.DICTIONARY, table=name) for name in self.names],
        }

    def spec(self) -> dict[str, Any]:
        """Return the correction."""
        return ControlTablesSpec.take(self.study.config["statistics"], controls=self.names).plain()


@dataclass(frozen=True)
class Planted(_Rule):
    """What verdicts and controls say of each planted kind, in the demo."""

    @property
    def names(self) -> tuple[str, ...]:
        """Controls whose rows are electrodes."""
        return tuple(name for name in self.controls.names if name in OF_SUBJECT)

    def inputs(self) -> Inputs:
        """Return the tables, and the truth."""
        return {
            "sites": paths.SITES,
            "contrasts": paths.ALL_CONTRASTS,
            "tables": [paths.fill(paths.TABLE, table=name) for name in self.names],
            "truth": paths.TRUTH,
            "schema": self.study.shipped("workflow/schemas/tables.schema.yaml"),
        }

    def outputs(self) -> dict[str, str]:
        """Return what verdicts say, and what contrasts and controls say."""
        return {
            "confusion": paths.fill(paths.TABLE, table="confusion"),
            "rungs": paths.fill(paths.TABLE, table="rungs"),
            "voices": paths.fill(paths.TABLE, table="voices"),
            "controls": paths.fill(paths.TABLE, table="controls_planted"),
            **{
                f"{key}_dictionary": paths.fill(paths.DICTIONARY, table=table)
                for key, table in (
                    ("confusion", "confusion"),
                    ("rungs", "rungs"),
                    ("voices", "voices"),
                    ("controls", "controls_planted"),
                )
            },
        }

    def spec(self) -> dict[str, Any]:
        """Return the window and the level at which tests are counted."""
        statistics = self.study.config["statistics"]
        return PlantedSpec.take(
            statistics, controls=self.names, window=statistics["primary_window"]
        ).plain()
