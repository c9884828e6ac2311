"""A one-node SLURM on this machine, for tests: its own munge key, ports and folders; no
accounting.
"""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

SYSTEM_CONFIG = Path("/etc/slurm/slurm.conf")
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel")

CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
SlurmctldPort={port}
SlurmdPort={node_port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
MpiDefault=none
ReturnToService=2
MinJobAge=600
SchedulerParameters=sched_interval=2,batch_sched_delay=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Say why no cluster can be started here; empty if one can."""
    if absent := [name for name in NEEDED if not find(name)]:
        return f"not installed: {', '.join(absent)} (Debian packages slurm-wlm and munge)"
    if os.geteuid():
        return "SLURM's daemons need root"
    if os.path.lexists(SYSTEM_CONFIG) and not left_behind():
        return f"{SYSTEM_CONFIG} is there: this machine belongs to a cluster"
    return ""


def left_behind() -> bool:
    """Say whether SLURM's configuration is the link of an earlier test that was killed."""
    if not SYSTEM_CONFIG.is_symlink():
        return False
    target = SYSTEM_CONFIG.readlink()
    if not target.exists():
        return True
    pid = target.with_name("slurmctld.pid")
    ours = "ClusterName=test\n" in target.read_text()
    return ours and not (pid.exists() and Path("/proc", pid.read_text().strip()).exists())


def find(name):
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


@contextmanager
def running(folder: Path, cores: int = 2):
    """Start a cluster below ``folder``; yield the environment in which sbatch and squeue find
    it.
    """
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir(parents=True)
    (folder / "munge").chmod(0o755)
    key = folder / "munge" / "key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    memory = int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20 * 0.8)
    text = CONFIG.format(
        folder=folder,
        host=socket.gethostname().split(".")[0],
        port=free_port(),
        node_port=free_port(),
        cores=cores,
        memory=memory,
    )
    (folder / "slurm.conf").write_text(text)
    # Inside a job the executor clears SLURM's variables, so srun finds the cluster only in SLURM's
    # own place.
    if left_behind():
        SYSTEM_CONFIG.unlink()
    SYSTEM_CONFIG.symlink_to(folder / "slurm.conf")
    environment = dict(os.environ)
    started = []
    try:
        files = {
            "key-file": key,
            "socket": "munge/socket",
            "pid-file": "munge/pid",
            "log-file": "munge/log",
            "seed-file": "munge/seed",
        }
        options = [f"--{name}={folder / file}" for name, file in files.items()]
        started.append(
            start([find("munged"), "--foreground", "--force", *options], folder, environment)
        )
        wait_for(lambda: (folder / "munge" / "socket").exists(), "munged")
        started.append(start([find("slurmctld"), "-D"], folder, environment))
        started.append(start([find("slurmd"), "-D"], folder, environment))
        wait_for(lambda: "idle" in output(["sinfo", "-h", "-o", "%T"], environment), "an idle node")
        yield environment
    finally:
        with suppress(subprocess.SubprocessError):
            output(["scancel", "--user=root"], environment)
        SYSTEM_CONFIG.unlink()
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(30)


def start(command, folder, environment):
    with open(folder / f"{Path(command[0]).name}.out", "wb") as out:
        return subprocess.Popen(command, env=environment, stdout=out, stderr=out)


def output(command, environment):
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=30
    ).stdout


def wait_for(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} after {seconds} s")
        time.sleep(0.3)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]
