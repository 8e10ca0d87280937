import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { LonghaulError } from '../../contracts/error.ts';
import { type Digest, DigestSchema } from '../../contracts/ids.ts';
import { inside } from '../inside.ts';
import { diskFull, isDiskFull } from '../keeper/git.ts';
import { setupStep } from '../keeper/setup-commands.ts';
import type { StepRecords } from '../keeper/step-records.ts';
import type { Steps } from '../keeper/steps.ts';
import type { SetupArchive } from '../protocol.ts';
import { podPlace } from './places.ts';

const archiveLimitMs = 30 * 60_000;
const maxArchiveBytes = 16 * 1024 ** 3;

// Home itself belongs to the volume: its mode is not the commands' to set. Any tar will do; one that knows no NUL between names is told
// lines, where a name that holds a newline is one that there is not.
const packScript = `
cd / && exec 2>"${inside.tmp}/pack-errors" || exit 1
names=$1; shift
for one in home/agent/.[!.]* home/agent/..?* home/agent/*; do
  if [ -e "$one" ] || [ -L "$one" ]; then set -- "$@" "$one"; fi
done
[ -s "$names" ] || [ $# -gt 0 ] || exit 0
if tar --null --version >/dev/null 2>&1; then exec tar --null -T "$names" -cf - "$@"; fi
tr '\\n\\0' '\\001\\n' <"$names" | tar -T - -cf - "$@"
`;

/** Runs tar(1) of the task's image where its commands run: the paths in an archive are theirs. */
export interface ArchiveDeps {
  readonly steps: Steps;
  readonly records: StepRecords;
}

/** Archives these paths below the root (each ended by a NUL) and home; gives the file, which no command can write. Throws `sandbox.setup_failed`. */
export async function packArchive({ steps, records }: ArchiveDeps, names: Buffer): Promise<string> {
  const listed = `${randomBytes(12).toString('hex')}.names`;
  writeFileSync(path.join(podPlace.control, listed), names, { mode: 0o400 });
  const argv = ['sh', '-c', packScript, 'sh', `${inside.control}/${listed}`] as const;
  const wanted = { ...setupStep('pack', argv, archiveLimitMs), maxOutputBytes: maxArchiveBytes };
  const step = await steps.start(wanted, null);
  const result = await step.done;
  rmSync(path.join(podPlace.control, listed), { force: true });
  if (result?.status === 'ok') return records.outputFile(step.stepId);
  const tell = await steps.start(
    setupStep('pack-errors', ['cat', `${inside.tmp}/pack-errors`], 60_000),
    null,
  );
  await tell.done;
  throw notArchived('kept', tell.tail());
}

/** Unpacks an archive that lies in `control`, which it then removes. Throws `sandbox.setup_failed`. */
export async function unpackArchive({ steps }: ArchiveDeps, archive: SetupArchive): Promise<void> {
  const name = archiveName(archive.digest);
  if (archive.bytes > 0) {
    const argv = ['tar', '-C', '/', '-xpf', `${inside.control}/${name}`] as const;
    const step = await steps.start(setupStep('unpack', argv, archiveLimitMs), null);
    const result = await step.done;
    if (result?.status !== 'ok') throw notArchived('unpacked', step.tail());
  }
  rmSync(path.join(podPlace.control, name), { force: true });
}

/** The name of an archive in `control`. */
export const archiveName = (digest: Digest): string => `${digest.replace(':', '-')}.tar`;

export async function describeArchive(file: string): Promise<SetupArchive> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { digest: DigestSchema.parse(`sha256:${hash.digest('hex')}`), bytes: statSync(file).size };
}

function notArchived(what: string, output: string): LonghaulError {
  if (isDiskFull(output)) return diskFull('the result of the setup');
  return new LonghaulError(
    'sandbox.setup_failed',
    `The result of the setup could not be ${what}: ${output.trim()}. The task's image needs tar(1), and what the commands leave must be readable.`,
  );
}
