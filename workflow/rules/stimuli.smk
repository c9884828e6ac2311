"""Films and words: one table of words, scene cuts, events of each alignment, and the pictures those events need."""


rule transcript:
    input:
        unpack(lambda wildcards: design.transcript.inputs(**wildcards)),
    output:
        words=paths.WORDS,
        notes=paths.TRANSCRIPT,
    log:
        "<logs>/transcript/{stimulus}.log",
    benchmark:
        "<benchmarks>/transcript/{stimulus}.tsv"
    conda:
        "../../envs/stimuli.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        disk_mb=20,
        runtime=10,
    params:
        spec=lambda wildcards: design.transcript.spec(**wildcards),
        code=design.code("transcript.py"),
    message:
        "Words of {wildcards.stimulus}"
    script:
        "../scripts/transcript.py"


rule scene_cuts:
    input:
        unpack(lambda wildcards: design.scene_cuts.inputs(**wildcards)),
    output:
        cuts=paths.CUTS,
    log:
        "<logs>/scene_cuts/{stimulus}.log",
    benchmark:
        "<benchmarks>/scene_cuts/{stimulus}.tsv"
    conda:
        "../../envs/stimuli.yaml"
    threads: 2
    resources:
        mem_mb=grows(1000),
        disk_mb=20,
        runtime=240,
    params:
        spec=lambda wildcards: design.scene_cuts.spec(**wildcards),
        code=design.code("scene_cuts.py"),
    message:
        "Scene cuts of {wildcards.stimulus}"
    script:
        "../scripts/scene_cuts.py"


rule events:
    input:
        unpack(lambda wildcards: design.events.inputs(**wildcards)),
    output:
        events=expand(paths.EVENTS, alignment=design.study.alignments, allow_missing=True),
        counts=expand(paths.EVENT_COUNTS, alignment=design.study.alignments, allow_missing=True),
        film=paths.FILM,
    log:
        "<logs>/events/{stimulus}.log",
    benchmark:
        "<benchmarks>/events/{stimulus}.tsv"
    conda:
        "../../envs/stimuli.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        disk_mb=50,
        runtime=20,
    params:
        spec=lambda wildcards: design.events.spec(**wildcards),
        code=design.code("events.py"),
    message:
        "Events of {wildcards.stimulus}"
    script:
        "../scripts/events.py"


rule frames:
    input:
        unpack(lambda wildcards: design.frames.inputs(**wildcards)),
    output:
        frames=paths.FRAMES,
    log:
        "<logs>/frames/{stimulus}.log",
    benchmark:
        "<benchmarks>/frames/{stimulus}.tsv"
    conda:
        "../../envs/stimuli.yaml"
    threads: 2
    resources:
        mem_mb=grows(1000),
        disk_mb=lambda wildcards, input: design.disk.frames(input),
        runtime=240,
    params:
        spec=lambda wildcards: design.frames.spec(**wildcards),
        code=design.code("frames.py"),
    message:
        "Pictures of {wildcards.stimulus} that events need"
    script:
        "../scripts/frames.py"


rule sound:
    input:
        unpack(lambda wildcards: design.sound.inputs(**wildcards)),
    output:
        sound=paths.SOUND,
    log:
        "<logs>/sound/{stimulus}.log",
    benchmark:
        "<benchmarks>/sound/{stimulus}.tsv"
    conda:
        "../../envs/stimuli.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        # Four hours of film.
        disk_mb=1000,
        runtime=30,
    params:
        spec=lambda wildcards: design.sound.spec(**wildcards),
        code=design.code("sound.py"),
    message:
        "Sound of {wildcards.stimulus}"
    script:
        "../scripts/sound.py"


rule lowlevel:
    input:
        unpack(lambda wildcards: design.lowlevel.inputs(**wildcards)),
    output:
        lowlevel=expand(paths.LOWLEVEL, alignment=design.study.alignments, allow_missing=True),
    log:
        "<logs>/lowlevel/{stimulus}.log",
    benchmark:
        "<benchmarks>/lowlevel/{stimulus}.tsv"
    conda:
        "../../envs/stimuli.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        disk_mb=50,
        runtime=60,
    params:
        spec=lambda wildcards: design.lowlevel.spec(**wildcards),
        code=design.code("lowlevel.py"),
    message:
        "Low-level features of the events of {wildcards.stimulus}"
    script:
        "../scripts/lowlevel.py"
