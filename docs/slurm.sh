#!/usr/bin/env bash
# A job array that renders a library in parts, one a job:
#
#     sbatch --array=1-8 docs/slurm.sh libraries/sd15.toml
#
# The folder `library/` must lie on a disk that all nodes share. Submit it again when a job was cancelled: what is done
# stays done. More arguments go to `render` as they are (`--workers 4`, `--json-log`).
#SBATCH --job-name=babelgen
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --output=render-%A-%a.log
set -euo pipefail

# Arrays may begin at any number and have a step (--array=0-14:2); parts are counted from 1.
shard=$(((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN) / ${SLURM_ARRAY_TASK_STEP:-1} + 1))

cd "${SLURM_SUBMIT_DIR:-.}"
# `exec`, so that the warning before the end reaches the render itself, which then ends within ten seconds.
exec "${PYTHON:-.venv/bin/python}" render.py render "$@" --shard "$shard/$SLURM_ARRAY_TASK_COUNT"
