#!/bin/sh
# The step runner and the first process of a sandbox. It needs a POSIX shell and setsid, nothing else.
# Standard input: one line for each step, `start <name> <step id>`; or `stop`, to stop everything else inside.
# Descriptor 3: `ready` once, `stopped` after each `stop`, and `exit <name> <status>` for each step; a signal n gives 128+n.
# $1 is a directory with, for each name: <name>.sh (what to run), <name>.out (a FIFO whose reader is open), perhaps <name>.in.
dir=$1
ulimit -c 0
# $2 limits the processes; it counts those of this user namespace alone (Linux 5.14). Dash knows it as -p, the others as -u.
if [ -n "$2" ]; then ulimit -u "$2" 2>/dev/null || ulimit -p "$2" 2>/dev/null; fi
# A shell without job control lets its background children ignore INT and QUIT, and they cannot undo it themselves.
reset=
env --default-signal=INT,QUIT true 2>/dev/null && reset='env --default-signal=INT,QUIT'
# The first process only waits, and so takes in every process whose parent has ended; nobody inside can stop or end it.
exec 4<&0 </dev/null
(
  echo ready >&3
  while read -r verb name step; do
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
        LONGHAUL_STEP_ID=$step setsid $reset sh "$dir/$name.sh" <"$input" >"$dir/$name.out" 2>&1 3>&- &
        wait $!
        echo "exit $name $?" >&3
      ) </dev/null &
    )
  done
) <&4 4<&- &
exec 3>&- 4<&-
wait $!
