import { inside } from '../../sandbox/inside.ts';

/** More processes than this, and nothing limits them. */
export const processLimit = 4_200;

/** Nobody writes to it: processes that read it wait. The keeper's container makes it, since an image may lack mkfifo(1). */
export const waitingFifo = 'waiting';

/**
 * What a shell of the task's image sees of its own walls, as lines `name value` for the container's termination message. Any POSIX shell.
 * The processes come last: where they are limited none can be started after them, and the shell that starts them ends.
 */
export const agentLook = `
say() { lines="$lines$1 $2
"; }
number() { for file in "$@"; do if [ -r "$file" ]; then read -r value <"$file"; echo "$value"; return; fi; done; echo unknown; }
while read -r key value rest; do
  case $key in Uid:|CapEff:|CapBnd:|NoNewPrivs:|Seccomp:) say "\${key%:}" "$value" ;; esac
done </proc/self/status
read -r inner outer count </proc/self/uid_map
say uidMap "$outer"
say memory "$(number /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes)"
if (: >/longhaul-canary) 2>/dev/null; then say root writable; else say root read-only; fi
if [ -e /var/run/secrets/kubernetes.io/serviceaccount ]; then say token mounted; else say token none; fi
echo 0 >/tmp/processes
(
  started=0
  while [ "$started" -lt ${processLimit} ]; do
    (read -r _ <&3) &
    started=$((started + 1))
    echo "$started" >/tmp/processes
  done
) 3<>${inside.control}/${waitingFifo} 2>/dev/null
read -r started </tmp/processes
say processes "$started"
printf %s "$lines" >/dev/termination-log
`;
