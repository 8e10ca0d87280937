import type { ErrorCode } from '../../contracts/words/errors.ts';
import type { DoctorFacts, VersionFacts } from '../platform.ts';
import { field, type Line, line, tone } from '../terminal/line.ts';
import { otherSettingsFix, otherSettingsText, sandboxWords } from '../worker-settings.ts';
import { asTyped } from './as-typed.ts';
import { counted, formatBytes } from './format.ts';

/** One thing that was looked at. `missing` is needed by every task; `note` is worth knowing. */
export interface Finding {
  readonly area: string;
  readonly status: 'ok' | 'note' | 'missing';
  readonly text: string;
  /** How to get what is missing; null when nothing is. */
  readonly fix: string | null;
  readonly code: ErrorCode | null;
}

const littleDiskBytes = 1_000_000_000;
const noDiskBytes = 1_000_000;

/** What the facts mean. Pure. */
export function findingsOf(facts: DoctorFacts, program: string): readonly Finding[] {
  return [
    nodeFinding(facts.node),
    gitFinding(facts.git),
    ...stateFindings(facts.stateDirectory),
    serverFinding(facts.server, program),
    workersFinding(facts, program),
    ...settingsFindings(facts.workers, program),
    ...versionFindings(facts, program),
    ...sandboxFindings(facts.sandbox),
    ...modelFindings(facts.model),
  ];
}

export function doctorLines(findings: readonly Finding[]): readonly Line[] {
  const missing = findings.filter(({ status }) => status === 'missing');
  const end =
    missing.length === 0
      ? tone('good', 'Everything that a task needs is there.')
      : tone(
          'bad',
          `${counted(missing.length, 'thing')} that a task needs ${missing.length === 1 ? 'is' : 'are'} missing.`,
        );
  return [...findings.flatMap(findingLines), line(end)];
}

const marks = {
  ok: tone('good', '✓ '),
  note: tone('warn', '! '),
  missing: tone('bad', '✗ '),
} as const;

function findingLines(finding: Finding): readonly Line[] {
  const row = field(0, 9, finding.area, marks[finding.status], finding.text);
  const fix = finding.fix === null ? [] : [field(0, 11, '', tone('accent', `→ ${finding.fix}`))];
  return [{ ...row, hang: 11 }, ...fix];
}

const ok = (area: string, text: string): Finding => ({ area, status: 'ok', text, fix: null, code: null });
const note = (area: string, text: string, fix: string | null): Finding => ({
  area,
  status: 'note',
  text,
  fix,
  code: null,
});
const missing = (area: string, code: ErrorCode, text: string, fix: string): Finding => ({
  area,
  status: 'missing',
  text,
  fix,
  code,
});

function nodeFinding({ version, needed, newEnough }: DoctorFacts['node']): Finding {
  if (newEnough) return ok('node', version);
  return missing(
    'node',
    'node.too_old',
    `${version}, and ${needed} is needed`,
    'run "npm install": the package pins a Node of its own',
  );
}

function gitFinding({ version }: DoctorFacts['git']): Finding {
  if (version !== null) return ok('git', version);
  return missing(
    'git',
    'git.missing',
    'not on the PATH',
    'install git with the package manager of your system',
  );
}

function stateFindings(state: DoctorFacts['stateDirectory']): readonly Finding[] {
  const { path, exists, writable, shared, freeBytes } = state;
  const free = freeBytes === null ? '' : `, ${formatBytes(freeBytes)} free`;
  if (!writable) {
    return [
      missing(
        'state',
        'disk.no_permission',
        `${path} cannot be written`,
        `make it yours, or set LONGHAUL_HOME to a folder that is`,
      ),
    ];
  }
  return [
    ok('state', `${path}${exists ? '' : ' (not made yet)'}${free}`),
    ...(shared ? [note('state', 'other users can read it', `chmod 700 ${path}`)] : []),
    ...diskFindings(freeBytes),
  ];
}

function diskFindings(freeBytes: number | null): readonly Finding[] {
  const fix = 'free some: the server, sandboxes and artifacts write there';
  if (freeBytes === null || freeBytes >= littleDiskBytes) return [];
  if (freeBytes >= noDiskBytes) return [note('disk', 'little space is left', fix)];
  return [missing('disk', 'disk.full', 'no space is left where the state lies', fix)];
}

function serverFinding(
  { facts, reachable, detail, startable }: DoctorFacts['server'],
  program: string,
): Finding {
  const more = detail === '' ? '' : `: ${detail}`;
  if (facts !== null && reachable) {
    const version = facts.version === null ? '' : `, version ${facts.version}`;
    const page = facts.uiAddress === null ? '' : `, page ${facts.uiAddress}`;
    return ok('server', `${facts.kind}, ${facts.address}, namespace ${facts.namespace}${version}${page}`);
  }
  if (facts !== null) {
    const fix =
      facts.kind === 'configured'
        ? 'look at TEMPORAL_ADDRESS and the network, or unset it to use an embedded server'
        : `${program} down, then ${program} up`;
    return missing(
      'server',
      'server.unavailable',
      `${facts.kind} at ${facts.address} does not answer${more}`,
      fix,
    );
  }
  if (startable) return note('server', `none runs${more}`, `${program} up (run starts it, too)`);
  return missing(
    'server',
    'server.missing',
    `none runs, and none can be started${more}`,
    'put "temporal" on the PATH, or set TEMPORAL_ADDRESS',
  );
}

function workersFinding({ workers, server }: DoctorFacts, program: string): Finding {
  const served = workers.filter(({ address }) => server.facts === null || address === server.facts.address);
  if (served.length > 0) {
    const list = served
      .map(
        ({ pid, version, sandbox }) =>
          `process ${pid} (${version}${sandbox.backend === 'local' ? '' : `, commands ${sandboxWords(sandbox)}`})`,
      )
      .join(', ');
    return ok('workers', list);
  }
  const configured = server.facts?.kind === 'configured';
  return note(
    'workers',
    configured ? 'none on this machine; others may work for this server' : 'none runs',
    `${program} up (run starts one, too)`,
  );
}

function settingsFindings(workers: DoctorFacts['workers'], program: string): readonly Finding[] {
  const other = otherSettingsText(workers);
  return other === null ? [] : [note('workers', other, asTyped(otherSettingsFix, program))];
}

/** Nothing where no server answers: that is said already. */
function versionFindings({ versions, server }: DoctorFacts, program: string): readonly Finding[] {
  if (versions !== null) return versions.map((version) => versionFinding(version, program));
  if (!server.reachable) return [];
  return [note('versions', 'this server keeps none of workers, or not for this login', null)];
}

function versionFinding({ build, current, served, tasks }: VersionFacts, program: string): Finding {
  const on = tasks.length === 0 ? 'no task' : `${counted(tasks.length, 'task')} (${tasks.join(', ')})`;
  if (current) return ok('versions', `${build} is current, with ${on}`);
  if (served) return ok('versions', `${build}, replaced: ${on}, until the iteration ends`);
  return note(
    'versions',
    `${build} has no worker, and ${on} of it`,
    `${program} up moves it to the current version, or says why not; see docs/versions.md`,
  );
}

function sandboxFindings(sandbox: DoctorFacts['sandbox']): readonly Finding[] {
  const { limits } = sandbox;
  const held = limits.length === 0 ? [] : [ok('limits', limits.join(', '))];
  if (sandbox.backend === 'kubernetes') {
    const found = sandbox.findings.map(({ holds, text, fix }) =>
      holds ? ok('sandbox', text) : missing('sandbox', 'sandbox.unavailable', text, fix),
    );
    return [...found, ...held];
  }
  const { available, findings } = sandbox;
  if (available) {
    return [
      ok('sandbox', 'local, bubblewrap'),
      ...findings.map((text) => note('sandbox', text, null)),
      ...held,
    ];
  }
  const fix = 'install bubblewrap: apt install bubblewrap, dnf install bubblewrap, apk add bubblewrap';
  const [first = 'not available', ...more] = findings;
  return [
    missing('sandbox', 'sandbox.unavailable', first, fix),
    ...more.map((text) => note('sandbox', text, null)),
  ];
}

function modelFindings(model: DoctorFacts['model']): readonly Finding[] {
  const name =
    model.model === null
      ? missing(
          'model',
          'model.not_configured',
          'no model is named',
          'set LONGHAUL_MODEL, or give --model to run',
        )
      : ok('model', `${model.model} at ${model.baseUrl}${model.keySet ? ', a key is set' : ''}`);
  return [
    name,
    ...(!model.keySet
      ? [
          missing(
            'model',
            'model.not_configured',
            'no key is set',
            'set OPENAI_API_KEY; where the server behind OPENAI_BASE_URL needs none, to any word',
          ),
        ]
      : []),
    ...(model.model !== null && !model.priceKnown
      ? [
          note(
            'price',
            'not known for this model: --budget-usd cannot be used',
            'give the model a price in the price table',
          ),
        ]
      : []),
  ];
}
