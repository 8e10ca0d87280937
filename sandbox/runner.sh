#!/bin/sh
# The step runner and the first process of a sandbox. It needs a POSIX shell, and setsid where commands are to have sessions of their own.
# Standard input: one line for each step, `start <name> <step id>`; or `stop`, to stop everything else inside.
# Descriptor 3: `ready` once, `stopped` after each `stop`, and `exit <name> <status>` for each step, with $3 also how many
# processes were killed for memory so far and how many there are; a signal n gives 128+n.
# Where the keeper sees no process of the sandbox, in a pod, it also asks by these, each answered with the same two words and what follows:
#   `hold <tag> [kill]`: stops everything else inside; the number of processes that still run follows, which `kill` kills. `wake`, without an answer, lets them go on.
#   `signal <tag> <name> <signal> <start>`: signals the processes of a step that began at this tick; their number follows. Signal 0 counts.
#   `count <tag>`: the number of all processes follows.
#   `clear <tag>`: kills everything else inside; the number of processes that still run follows.
# $1 is a directory with, for each name: <name>.sh (what to run), <name>.out (a FIFO whose reader is open), perhaps <name>.in.
dir=$1
ulimit -c 0
# $2 limits the processes; it counts those of this user namespace alone (Linux 5.14). Dash knows it as -p, the others as -u.
if [ -n "$2" ]; then ulimit -u "$2" 2>/dev/null || ulimit -p "$2" 2>/dev/null; fi
# A shell without job control lets its background children ignore INT and QUIT, and they cannot undo it themselves.
reset=
env --default-signal=INT,QUIT true 2>/dev/null && reset='env --default-signal=INT,QUIT'
# The first process only waits, and so takes in every process whose parent has ended; nobody inside can stop or end it.
# $3 says that the keeper does not see this container's own counts.
counts=$3
exec 4<&0 </dev/null
sessions=
command -v setsid >/dev/null 2>&1 && sessions=setsid

# What follows starts no process: where commands have used up all that there may be, none can be had.

# How many processes of this container were killed for memory, by version 2 of control groups or by version 1.
killed() {
  oom=0
  for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    [ -r "$file" ] || continue
    while read -r key value; do [ "$key" = oom_kill ] && oom=$value; done <"$file"
  done
}

# How many processes still run, beside the first one and this shell ($1); with $2 they are killed, and their children: what waits in vfork(2)
# for a child that is stopped cannot be stopped itself.
running() {
  count=0
  found=' '
  for stat in /proc/[0-9]*/stat; do
    pid=${stat#/proc/}
    pid=${pid%/stat}
    { [ "$pid" = 1 ] || [ "$pid" = "$1" ]; } && continue
    { read -r line <"$stat"; } 2>/dev/null || continue
    case ${line##*) } in [TtZX]*) continue ;; esac
    count=$((count + 1))
    found="$found$pid "
  done
  if [ "$count" = 0 ] || [ -z "$2" ]; then return; fi
  for stat in /proc/[0-9]*/stat; do
    pid=${stat#/proc/}
    pid=${pid%/stat}
    { read -r line <"$stat"; } 2>/dev/null || continue
    set -- "$1" "$2" ${line##*) }
    case $found in *" $pid "* | *" $4 "*) kill -s KILL "$pid" 2>/dev/null ;; esac
  done
}

# Whose a process ($1) is: `own` with this name ($2) in its environment, `other` with another one, else nothing. A shell reads past NUL bytes.
whose() {
  owner=
  {
    while read -r text || [ -n "$text" ]; do
      case $text in
        *"LONGHAUL_STEP_NAME=$2"*) owner=own ;;
        *LONGHAUL_STEP_NAME=*) owner=other ;;
      esac
    done <"/proc/$1/environ"
  } 2>/dev/null
}

# A step's processes have its name, which nobody can foresee, in the environment; or they have none there, are no older than the step ($3, in
# ticks), in no session of the runner's, and were not started by another step.
signal() {
  count=0
  # All stopped before the first is killed: what forks as fast as others die would never be caught up with.
  [ "$2" != KILL ] || kill -s STOP -- -1
  for place in /proc/[0-9]*; do
    pid=${place#/proc/}
    whose "$pid" "$1"
    [ "$owner" = other ] && continue
    { read -r line <"$place/stat"; } 2>/dev/null || continue
    set -- "$1" "$2" "$3" ${line##*) }
    # proc_pid_stat(5): state, parent, group, session, …, start time.
    case $4 in [ZX]) continue ;; esac
    if [ "$owner" != own ]; then
      { [ "$7" = 1 ] || [ "${23}" -lt "$3" ]; } && continue
      whose "$5" "$1"
      [ "$owner" = other ] && continue
    fi
    count=$((count + 1))
    [ "$2" = 0 ] || kill -s "$2" "$pid" 2>/dev/null
  done
  [ "$2" != KILL ] || kill -s CONT -- -1
}
(
  echo ready >&3
  read -r self rest </proc/self/stat
  while read -r verb name step more; do
    case $verb in
      hold)
        kill -s STOP -- -1
        running "$self" $step
        echo "hold $name $count" >&3
        ;;
      count)
        set -- /proc/[0-9]*
        echo "count $name $#" >&3
        ;;
      wake) kill -s CONT -- -1 ;;
      clear)
        kill -s KILL -- -1
        running "$self"
        echo "clear $name $count" >&3
        ;;
      signal)
        signal "$step" $more
        echo "signal $name $count" >&3
        ;;
    esac
    if [ "$verb" = stop ]; then
      # One call for all of them: the kernel lets no process be made in between.
      kill -s STOP -- -1
      echo stopped >&3
    fi
    [ "$verb" = start ] || continue
    # Twice a subshell: the first process takes in the inner one, so that nothing of a step that has ended is left to be counted.
    (
      (
        input=$dir/$name.in
        [ -e "$input" ] || input=/dev/null
        LONGHAUL_STEP_ID=$step LONGHAUL_STEP_NAME=$name $sessions $reset sh "$dir/$name.sh" <"$input" >"$dir/$name.out" 2>&1 3>&- &
        wait $!
        status=$?
        if [ -n "$counts" ]; then
          killed
          set -- /proc/[0-9]*
          status="$status $oom $#"
        fi
        echo "exit $name $status" >&3
      ) </dev/null &
    )
  done
) <&4 4<&- &
exec 3>&- 4<&-
wait $!
