"""Recordings: validated, cleaned, put on the film's clock, and cut into event-locked responses."""


include: "jobs/ieeg.smk"


rule convert_treebank_dataset:
    input:
        tables=release_tables(),
    output:
        tables=release_outputs(),
        description=(
            "<dataset>/bids/dataset_description.json"
            if TREEBANK
            else "<dataset>/bids/treebank.json"
        ),
    log:
        "<logs>/convert_treebank_dataset/convert_treebank_dataset.log",
    benchmark:
        "<benchmarks>/convert_treebank_dataset/convert_treebank_dataset.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        spec={"subjects": release_subjects(), "films": release_films()},
        code=code("convert_treebank_dataset.py"),
    message:
        "Converting what the Brain Treebank says of subjects and films"
    script:
        "../scripts/convert_treebank_dataset.py"


rule convert_treebank:
    input:
        h5=release("h5"),
        labels=release("labels"),
        timings=release("timings"),
        features=release("features"),
        corrupted=release("corrupted"),
        scenes=release("scenes"),
    output:
        vhdr="<dataset>/bids/sub-{subject}/ieeg/{trial}_ieeg.vhdr",
        vmrk="<dataset>/bids/sub-{subject}/ieeg/{trial}_ieeg.vmrk",
        eeg="<dataset>/bids/sub-{subject}/ieeg/{trial}_ieeg.eeg",
        sidecar="<dataset>/bids/sub-{subject}/ieeg/{trial}_ieeg.json",
        channels="<dataset>/bids/sub-{subject}/ieeg/{trial}_channels.tsv",
        events="<dataset>/bids/sub-{subject}/ieeg/{trial}_events.tsv",
    log:
        "<logs>/convert_treebank/{subject}_{trial}.log",
    benchmark:
        "<benchmarks>/convert_treebank/{subject}_{trial}.tsv"
    wildcard_constraints:
        trial="|".join(TREEBANK) or "none",
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=240,
    params:
        spec=convert_spec,
        code=code("convert_treebank.py"),
    message:
        "Converting {wildcards.trial}"
    script:
        "../scripts/convert_treebank.py"


rule validate_bids:
    input:
        files=dataset_files,
    output:
        table="<shared>/validation.tsv",
    log:
        "<logs>/validate_bids/validate_bids.log",
    benchmark:
        "<benchmarks>/validate_bids/validate_bids.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=20,
    params:
        spec={"root": str(BIDS_ROOT), "strict": config["ieeg"]["validation"] == "strict"},
        code=code("validate_bids.py"),
    message:
        "Validating the BIDS dataset"
    script:
        "../scripts/validate_bids.py"


rule preprocess:
    input:
        ieeg=recording_file,
        sidecars=recording_sidecars,
        atlas=atlas_files,
    output:
        vhdr="<shared>/clean/{recording}_desc-clean_ieeg.vhdr",
        vmrk="<shared>/clean/{recording}_desc-clean_ieeg.vmrk",
        eeg="<shared>/clean/{recording}_desc-clean_ieeg.eeg",
        channels="<shared>/clean/{recording}_desc-clean_channels.tsv",
        sidecar="<shared>/clean/{recording}_desc-clean_ieeg.json",
        electrodes="<shared>/electrodes/{recording}.tsv",
        clock="<shared>/clock/{recording}.tsv",
        quality="<shared>/quality/{recording}.tsv",
    log:
        "<logs>/preprocess/{recording}.log",
    benchmark:
        "<benchmarks>/preprocess/{recording}.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=120,
    params:
        spec=preprocess_spec,
        code=code("preprocess.py"),
    message:
        "Cleaning {wildcards.recording}"
    script:
        "../scripts/preprocess.py"


rule responses:
    input:
        eeg="<shared>/clean/{recording}_desc-clean_ieeg.eeg",
        channels="<shared>/clean/{recording}_desc-clean_channels.tsv",
        clock="<shared>/clock/{recording}.tsv",
        events=response_events,
    output:
        responses="<shared>/responses/{recording}_{alignment}.nc",
    log:
        "<logs>/responses/{recording}_{alignment}.log",
    benchmark:
        "<benchmarks>/responses/{recording}_{alignment}.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=30,
    params:
        spec=responses_spec,
        code=code("responses.py"),
    message:
        "Responses of {wildcards.recording} to {wildcards.alignment} events"
    script:
        "../scripts/responses.py"


rule recordings:
    input:
        quality=expand("<shared>/quality/{recording}.tsv", recording=all_recordings),
        electrodes=expand("<shared>/electrodes/{recording}.tsv", recording=all_recordings),
        clock=expand("<shared>/clock/{recording}.tsv", recording=all_recordings),
        responses=expand(
            "<shared>/responses/{recording}_{alignment}.nc",
            recording=all_recordings,
            alignment=ALIGNMENTS,
        ),
        clean=expand(
            "<shared>/clean/{recording}_desc-clean_{part}", recording=all_recordings, part=CLEAN
        ),
        validation="<shared>/validation.tsv",
    output:
        table="<results>/recordings.tsv",
        dictionary="<results>/recordings.json",
        derivative=directory("<dataset>/derivatives/fusion"),
    log:
        "<logs>/recordings/recordings.log",
    benchmark:
        "<benchmarks>/recordings/recordings.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=10,
    params:
        spec=recordings_spec(),
        code=code("recordings.py"),
    message:
        "Collecting the quality of all recordings"
    script:
        "../scripts/recordings.py"
