#!/usr/bin/env bash
#SBATCH --job-name=wann
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=08:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#
# One search on all nodes of a job:
#   sbatch runs/cluster/slurm.sh biped runs/biped-0 --seed 0
# Task, run folder, and whatever else `wann search` takes. When the job's time is up, or it is preempted, the same command
# goes on from the last checkpoint, at most ten seconds before. The repository with its .venv must lie where all nodes
# see it; submit from there.
set -euo pipefail

task=$1 run=$2
shift 2
export PATH="$PWD/.venv/bin:$PATH"

# A token for this job alone: whoever reaches Ray's ports without it is refused.
RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')
export RAY_AUTH_MODE RAY_AUTH_TOKEN

if [ -e "$run/config.toml" ]; then
    command=(wann resume "$run")
else
    command=(wann search "$task" --out "$run" "$@")
fi

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
port=$((20000 + SLURM_JOB_ID % 20000))

# Starts Ray on every node, the command on the first one, and stops Ray when that ends (Ray 2.49 and later).
srun --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" \
    ray symmetric-run --address "$head:$port" --min-nodes "$SLURM_JOB_NUM_NODES" \
    --num-cpus="$SLURM_CPUS_ON_NODE" --include-dashboard=false -- \
    "${command[@]}" --ray "$head:$port"
