#!/bin/bash
# The Slurm path on one machine: a controller and a node of Debian's slurm-wlm in a temporary folder, evaluate.sbatch as a real array on
# it, the parts merged and compared with an evaluation by one process. Needs root, and: apt-get install slurm-wlm munge
#   docs/clusters/try-slurm.sh RUN_FOLDER [PARTS]      (a run of `ama-sam demo`; default 3 parts)
# On any adapter: AMA_SAM_ADAPTER=lavapipe docs/clusters/try-slurm.sh runs/demo
set -eu
run=$(realpath "${1:?a run folder, such as runs/demo}")
parts=${2:-3}
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
export AMA_SAM_ADAPTER=${AMA_SAM_ADAPTER:-swiftshader}
work=$(mktemp -d)
mkdir "$work/state" "$work/spool"
host=$(hostname -s)
pids=()
finish() {
  code=$?
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  [ "$code" -eq 0 ] && rm -rf "$work" || echo "failed; logs are in $work" >&2
}
trap finish EXIT

ama_sam() { node apps/trainer/src/node/bin.mjs "$@"; }

# Messages between the parts of Slurm are signed by munge, here with a key and a socket of its own.
chmod 755 "$work"
head -c 1024 /dev/urandom > "$work/munge.key"
chmod 600 "$work/munge.key"
munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munge.pid" \
  --log-file="$work/munge.log" --seed-file="$work/munge.seed" 2> "$work/munge.err" &
pids+=($!)

# No cgroups: a container often may not make any. Slurm then follows processes by their parents.
cat > "$work/slurm.conf" <<CONF
ClusterName=try
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
printf 'CgroupAutomount=no\n' > "$work/cgroup.conf"
export SLURM_CONF=$work/slurm.conf
slurmctld -D -f "$SLURM_CONF" -L "$work/slurmctld.log" 2> "$work/slurmctld.err" &
pids+=($!)
slurmd -D -f "$SLURM_CONF" -L "$work/slurmd.log" 2> "$work/slurmd.err" &
pids+=($!)
for _ in $(seq 60); do sinfo -h -o %T 2>/dev/null | grep -q idle && break; sleep 1; done
sinfo

# The script as it is, but for what this machine lacks: a GPU, and memory to count.
job=$(sbatch --parsable --array=0-$((parts - 1)) --gres=none --cpus-per-task=1 --mem=0 --time=30 \
  --output="$work/task-%a.log" "$here/evaluate.sbatch" "$run" "$work/scores")
echo "array $job of $parts tasks"
while squeue -h -j "$job" 2>/dev/null | grep -q .; do sleep 2; done
tail -n 1 "$work"/task-*.log
ama_sam merge "$work/scores"
ama_sam evaluate --run "$run" --out "$work/whole"
ama_sam compare "$work/scores" "$work/whole" --metrics dsc,aji,pq
cmp "$work/scores/per-image.csv" "$work/whole/per-image.csv"
echo "The table of $parts tasks is that of one process, byte for byte."
