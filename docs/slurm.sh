#!/usr/bin/env bash
# A job array that renders a library in parts, one a job. The number of parts comes first:
#
#     sbatch --array=1-8 docs/slurm.sh 8 libraries/sd15.toml
#
# The folder `library/` must lie on a disk that all nodes share. Submit a part again that was cancelled, with the same
# number of parts (`sbatch --array=3,5 docs/slurm.sh 8 ...`): what is done stays done. More arguments go to `render` as
# they are (`--workers 4`, `--json-log`).
#SBATCH --job-name=babelgen
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --output=render-%A-%a.log
set -euo pipefail

# Not the size of the array: a smaller one, of what was cancelled, must not make other parts.
parts=${1:?"say first how many parts there are, such as 8 for --array=1-8"}
shift

cd "${SLURM_SUBMIT_DIR:-.}"
# `exec`, so that the warning before the end reaches the render itself, which then ends within ten seconds.
exec "${PYTHON:-.venv/bin/python}" render.py render "$@" --shard "$SLURM_ARRAY_TASK_ID/$parts"
