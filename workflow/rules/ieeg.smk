"""Recordings: validated, cleaned, put on the film's clock, and cut into event-locked responses."""


rule convert_treebank_dataset:
    input:
        **design.convert_treebank_dataset.inputs(),
    output:
        tables=design.convert_treebank_dataset.tables(),
        description=design.convert_treebank_dataset.description,
    log:
        "<logs>/convert_treebank_dataset/convert_treebank_dataset.log",
    benchmark:
        "<benchmarks>/convert_treebank_dataset/convert_treebank_dataset.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        disk_mb=50,
        runtime=10,
    params:
        spec=design.convert_treebank_dataset.spec(),
        code=design.code("convert_treebank_dataset.py"),
    message:
        "Converting what the Brain Treebank says of subjects and films"
    script:
        "../scripts/convert_treebank_dataset.py"


rule convert_treebank:
    input:
        unpack(lambda wildcards: design.convert_treebank.inputs(**wildcards)),
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
        trial="|".join(design.convert_treebank.trials) or "none",
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        disk_mb=lambda wildcards, input: design.disk.converted(input.h5),
        runtime=240,
    params:
        spec=lambda wildcards: design.convert_treebank.spec(**wildcards),
        code=design.code("convert_treebank.py"),
    message:
        "Converting {wildcards.trial}"
    script:
        "../scripts/convert_treebank.py"


rule convert_dandi_dataset:
    input:
        **design.convert_dandi.of_dataset(),
    output:
        description=design.convert_dandi.description,
    log:
        "<logs>/convert_dandi_dataset/convert_dandi_dataset.log",
    benchmark:
        "<benchmarks>/convert_dandi_dataset/convert_dandi_dataset.tsv"
    localrule: True
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        disk_mb=20,
        runtime=10,
    params:
        spec={},
        code=design.code("convert_dandi_dataset.py"),
    message:
        "Describing the dandiset"
    script:
        "../scripts/convert_dandi_dataset.py"


rule convert_dandi:
    input:
        unpack(lambda wildcards: design.convert_dandi.inputs(**wildcards)),
    output:
        vhdr="<dataset>/bids/{folder}/ieeg/{place}_task-film_ieeg.vhdr",
        vmrk="<dataset>/bids/{folder}/ieeg/{place}_task-film_ieeg.vmrk",
        eeg="<dataset>/bids/{folder}/ieeg/{place}_task-film_ieeg.eeg",
        sidecar="<dataset>/bids/{folder}/ieeg/{place}_task-film_ieeg.json",
        channels="<dataset>/bids/{folder}/ieeg/{place}_task-film_channels.tsv",
        events="<dataset>/bids/{folder}/ieeg/{place}_task-film_events.tsv",
        electrodes="<dataset>/bids/{folder}/ieeg/{place}_space-MNI152NLin2009cAsym_electrodes.tsv",
        coordsystem="<dataset>/bids/{folder}/ieeg/{place}_space-MNI152NLin2009cAsym_coordsystem.json",
    log:
        "<logs>/convert_dandi/{folder}/{place}.log",
    benchmark:
        "<benchmarks>/convert_dandi/{folder}/{place}.tsv"
    wildcard_constraints:
        place="|".join(design.convert_dandi.sessions) or "none",
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        disk_mb=lambda wildcards, input: design.disk.converted(input.nwb),
        runtime=120,
    params:
        spec={},
        code=design.code("convert_dandi.py"),
    message:
        "Converting {wildcards.place}"
    script:
        "../scripts/convert_dandi.py"


rule validate_bids:
    input:
        unpack(lambda wildcards: design.validate_bids.inputs()),
    output:
        table=paths.VALIDATION,
    log:
        "<logs>/validate_bids/validate_bids.log",
    benchmark:
        "<benchmarks>/validate_bids/validate_bids.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        disk_mb=20,
        runtime=20,
    params:
        spec=design.validate_bids.spec(),
        code=design.code("validate_bids.py"),
    message:
        "Validating the BIDS dataset"
    script:
        "../scripts/validate_bids.py"


rule preprocess:
    input:
        unpack(lambda wildcards: design.preprocess.inputs(**wildcards)),
    output:
        vhdr="<shared>/clean/{recording}_desc-clean_ieeg.vhdr",
        vmrk="<shared>/clean/{recording}_desc-clean_ieeg.vmrk",
        eeg="<shared>/clean/{recording}_desc-clean_ieeg.eeg",
        channels="<shared>/clean/{recording}_desc-clean_channels.tsv",
        sidecar="<shared>/clean/{recording}_desc-clean_ieeg.json",
        electrodes=paths.ELECTRODES,
        clock=paths.CLOCK,
        segments=paths.SEGMENTS,
        artefacts=paths.ARTEFACTS,
        quality=paths.QUALITY,
    log:
        "<logs>/preprocess/{recording}.log",
    benchmark:
        "<benchmarks>/preprocess/{recording}.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        disk_mb=lambda wildcards, input: design.disk.preprocess(input),
        runtime=120,
    params:
        spec=lambda wildcards: design.preprocess.spec(**wildcards),
        code=design.code("preprocess.py"),
    message:
        "Cleaning {wildcards.recording}"
    script:
        "../scripts/preprocess.py"


rule responses:
    input:
        unpack(lambda wildcards: design.responses.inputs(**wildcards)),
    output:
        responses=expand(paths.RESPONSES, alignment=design.study.alignments, allow_missing=True),
    log:
        "<logs>/responses/{recording}.log",
    benchmark:
        "<benchmarks>/responses/{recording}.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        disk_mb=lambda wildcards, input: design.disk.responses(input),
        runtime=30,
    params:
        spec=lambda wildcards: design.responses.spec(**wildcards),
        code=design.code("responses.py"),
    message:
        "Event-locked responses of {wildcards.recording}"
    script:
        "../scripts/responses.py"


rule recordings:
    input:
        unpack(lambda wildcards: design.recordings.inputs()),
    output:
        table=paths.RECORDINGS,
        dictionary="<results>/recordings.json",
        stimuli=paths.STIMULI,
        stimuli_dictionary=paths.STIMULI_DICTIONARY,
        derivative=directory(paths.DERIVATIVE),
    log:
        "<logs>/recordings/recordings.log",
    benchmark:
        "<benchmarks>/recordings/recordings.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        disk_mb=lambda wildcards, input: design.disk.recordings(input),
        runtime=10,
    params:
        spec=design.recordings.spec(),
        code=design.code("recordings.py"),
    message:
        "Collecting the quality of all recordings"
    script:
        "../scripts/recordings.py"
