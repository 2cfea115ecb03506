# Sourced by the job scripts in this folder, for the functions that they share. sbatch copies a script
# before it runs, so each finds this file through $home, the checkout of lcnn-dist.
#
# A script sets home and local_disk before it sources this file. It may set program too, the words that
# start lcnn-dist, interface, how srun tells MPI of the ranks, and launcher, the words before the program
# that start it on all ranks.
# shellcheck shell=bash

# Exit codes of lcnn-dist, and of ranks that SIGUSR1 ended before they could write a checkpoint.
readonly usage=64 stopped=75 ended_by_signal=$((128 + 10))

fail() {
  printf '%s: %s\n' "${SLURM_JOB_NAME:-$0}" "$*" >&2
  exit "$usage"
}

# Refuses a job script in which a placeholder is left.
require_filled_in() {
  local left
  left=$(grep -nE '^(#SBATCH |[^#]).*<[A-Z_]+>' "$0") || return 0
  fail "replace each <PLACEHOLDER> in $0, or delete its line:"$'\n'"$left"
}

# require_arguments COUNT ARGUMENT…: refuses fewer than COUNT, with the usage line of the job script.
require_arguments() {
  (($# > $1)) || fail "$(sed -n '2s/^# //p' "$0")"
}

# requests: prints the options that the job script has for sbatch.
requests() {
  sed -n 's/^#SBATCH //p' "$0"
}

# Passes USR1 to the ranks, once: Slurm may send it for the time limit and for preemption, and a second
# one would end launch/supervise before the checkpoint is written.
pass_time_up() {
  [[ -n $ranks && -z $is_passed ]] || return 0
  is_passed=1
  kill -USR1 "$ranks" 2>/dev/null || true
}

# run_ranks ARGUMENT…: starts lcnn-dist with these arguments on all ranks, and sets code to its exit
# code. USR1 (time limit or preemption) is passed to the ranks. TERM is noted only: on scancel, Slurm
# sends it to the ranks as well, and a second TERM would end them without a checkpoint.
run_ranks() {
  code=$stopped
  [[ -z $is_time_up && -z $is_cancelled ]] || return 0
  "${launcher[@]}" "${program[@]}" "$@" &
  ranks=$!
  # It may have come since the ranks were started.
  [[ -z $is_time_up ]] || pass_time_up
  # A signal ends wait, but not the ranks.
  while :; do
    was_interrupted=
    code=0
    wait "$ranks" || code=$?
    [[ -n $was_interrupted ]] || break
  done
  ranks=
}

# train RUN [ARGUMENT…]: trains into RUN, or continues the run in it, and sets code.
train() {
  local run=$1
  shift
  stage_data "$@"
  run_ranks train --run "$run" --resume auto --threads "$threads" "${arguments[@]}"
}

# stage_data ARGUMENT…: sets arguments to these. With a node-local disk, one task per node copies the
# folder of --data there, and arguments name the copy.
stage_data() {
  local index folder='' copy=$local_disk/lcnn-dist-$job
  arguments=("$@")
  [[ -n $local_disk ]] || return 0
  for ((index = 0; index < $#; index++)); do
    case ${arguments[index]} in
      --data)
        ((++index < $#)) || fail "--data needs a folder"
        folder=${arguments[index]}
        arguments[index]=$copy
        ;;
      --data=*)
        folder=${arguments[index]#*=}
        arguments[index]=--data=$copy
        ;;
    esac
  done
  [[ -n $folder ]] || return 0
  staged=$copy
  # Nodes that share the disk copy at the same time: the first whole copy gets the name.
  # shellcheck disable=SC2016
  once_per_node sh -c '
    mkdir -p "${2%/*}" && part=$(mktemp -d --tmpdir="${2%/*}" --suffix=".${2##*/}") || exit
    cp -R "$1/." "$part" || { rm -rf "$part"; exit 1; }
    mv -T "$part" "$2" 2>/dev/null || { rm -rf "$part" && test -d "$2"; }
  ' stage "$folder" "$copy"
}

remove_staged_data() {
  # A cancelled job starts no more steps: its copy stays until the node's own clean-up.
  [[ -z $staged || -n $is_cancelled ]] || once_per_node rm -rf "$staged" || true
  staged=
}

# once_per_node COMMAND…: runs a command by one task on each node of the job.
once_per_node() {
  srun --mpi=none --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" \
    --ntasks-per-node=1 --cpus-per-task=1 "$@"
}

# Whether the ranks stopped for USR1 and can continue; not whether the job was cancelled.
is_stopped() {
  [[ -z $is_cancelled ]] &&
    ((code == stopped || (code == ended_by_signal && ${is_time_up:-0})))
}

# Whether another start would end in the same way: training is complete, the arguments or files are
# wrong, the plan does not fit, the loss diverged, or the program is missing.
is_final() {
  [[ $code =~ ^(0|64|65|71|73|76|126|127)$ ]]
}

# requeue_if_stopped MOST: puts the job back into the queue if it can continue, at most MOST times. Of an
# array, that is this task alone.
requeue_if_stopped() {
  # After scancel, the ranks can be at their end before TERM reaches this script.
  ((code != stopped)) || sleep 1
  is_stopped || return 0
  if ((${SLURM_RESTART_COUNT:-0} >= $1)); then
    echo "Not requeued: restarted ${SLURM_RESTART_COUNT:-0} times already, the most allowed is $1"
    return
  fi
  echo "Requeued after restart ${SLURM_RESTART_COUNT:-0}"
  remove_staged_data
  scontrol requeue "$job"
}

job=${SLURM_JOB_ID-}
[[ -z ${SLURM_ARRAY_JOB_ID-} ]] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

require_filled_in
# Outside of a job, a script checks itself.
if [[ -z $job ]]; then
  echo "$0 asks Slurm for:"
  requests
  exec sbatch --test-only "$0"
fi

if [[ ! -v program ]]; then
  # On the PATH, built in the checkout, or in the package that this file came with.
  for found in "$(command -v lcnn-dist)" "${home:?}"/{.build/release,../../bin}/lcnn-dist; do
    [[ ! -x $found ]] || break
  done
  [[ -x $found ]] || fail "no lcnn-dist on the PATH, nor built in $home, the checkout that" \
    "LCNN_DIST_HOME names"
  program=("$found")
fi

# How srun tells MPI of the ranks.
if [[ ! -v interface ]]; then
  interface=pmix
  [[ $(ldd "${program[0]}" 2>/dev/null) != *libmpich* ]] || interface=pmi2
fi
# --wait ends ranks that wait in MPI for one that was killed.
[[ -v launcher ]] || launcher=(srun --mpi="$interface" --wait=60)
threads=${SLURM_CPUS_PER_TASK:-1}
# srun does not take --cpus-per-task over from sbatch since Slurm 22.05.
export SRUN_CPUS_PER_TASK=$threads
# Starts of this job before the present one.
restarts=${SLURM_RESTART_COUNT:-0}
arguments=()
code=0
staged=
ranks=
is_time_up=
is_passed=
is_cancelled=
was_interrupted=
trap 'is_time_up=1 was_interrupted=1; pass_time_up' USR1
trap 'is_cancelled=1 was_interrupted=1' TERM
trap remove_staged_data EXIT

echo "Job $job, restart $restarts, $(date +%FT%T): ${SLURM_NTASKS:-1} ranks × $threads threads" \
  "on ${SLURM_JOB_NODELIST-}"
