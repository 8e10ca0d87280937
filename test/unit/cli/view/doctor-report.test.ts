import { describe, expect, it } from 'vitest';
import type { DoctorFacts } from '../../../../cli/platform.ts';
import { renderLines } from '../../../../cli/terminal/render.ts';
import { doctorLines, findingsOf } from '../../../../cli/view/doctor-report.ts';
import { embedded, localWorker, soundFacts } from '../../../helpers/fake-platform.ts';

const missingIn = (changes: Partial<DoctorFacts>) =>
  findingsOf({ ...soundFacts, ...changes }, 'longhaul')
    .filter(({ status }) => status === 'missing')
    .map(({ code }) => code);

describe('doctor', () => {
  it('shows a machine on which everything is there', () => {
    const lines = doctorLines(findingsOf(soundFacts, 'longhaul'));
    expect(`\n${renderLines(lines, { columns: 80, color: false }).join('\n')}\n`).toMatchInlineSnapshot(`
      "
      node     ✓ v24.21.0
      git      ✓ 2.51.0
      state    ✓ /home/ann/.local/state/longhaul, 50.0 GB free
      server   ✓ embedded, 127.0.0.1:7233, namespace default, version 1.31.0, page
                 http://127.0.0.1:8233
      workers  ✓ process 4711 (0.1.0)
      versions ✓ 0.1.0-aaaaaaaaaaaa is current, with no task
      sandbox  ✓ local, bubblewrap
      sandbox  ! bubblewrap 0.11.0
      limits   ✓ memory 4.0 GB, 512 processes
      model    ✓ gpt-test at https://api.openai.com/v1, a key is set
      Everything that a task needs is there.
      "
    `);
  });

  it.each([
    ['an old Node', { node: { version: 'v20.1.0', needed: '>=24', newEnough: false } }, ['node.too_old']],
    ['no git', { git: { version: null } }, ['git.missing']],
    [
      'a state directory that cannot be written',
      { stateDirectory: { ...soundFacts.stateDirectory, writable: false } },
      ['disk.no_permission'],
    ],
    [
      'a disk without space',
      { stateDirectory: { ...soundFacts.stateDirectory, freeBytes: 0 } },
      ['disk.full'],
    ],
    [
      'a configured server that does not answer',
      {
        server: {
          facts: {
            kind: 'configured',
            address: 'temporal.example:7233',
            namespace: 'x',
            version: null,
            uiAddress: null,
          },
          reachable: false,
          detail: 'connection refused',
          startable: true,
        },
      },
      ['server.unavailable'],
    ],
    [
      'no server and no way to one',
      { server: { facts: null, reachable: false, detail: '', startable: false } },
      ['server.missing'],
    ],
    [
      'no sandbox',
      { sandbox: { backend: 'local', available: false, findings: ['bwrap is missing'], limits: [] } },
      ['sandbox.unavailable'],
    ],
    ['no key', { model: { ...soundFacts.model, keySet: false } }, ['model.not_configured']],
  ] as const)('finds %s', (_, changes, codes) => {
    expect(missingIn(changes as Partial<DoctorFacts>)).toEqual(codes);
  });

  it('misses nothing where run starts what does not run yet', () => {
    const server = { facts: null, reachable: false, detail: '', startable: true };
    expect(missingIn({ server, workers: [] })).toEqual([]);
  });

  it('says of an embedded server that is stuck that it does not answer, and not that none runs', () => {
    const server = { facts: embedded, reachable: false, detail: 'process 4711 runs', startable: true };
    const facts = { ...soundFacts, server, workers: [] };
    const found = findingsOf(facts, 'longhaul').find(({ area }) => area === 'server');
    expect(found).toMatchObject({
      code: 'server.unavailable',
      text: `embedded at ${embedded.address} does not answer: process 4711 runs`,
      fix: 'longhaul down, then longhaul up',
    });
  });

  it('says how to get each thing that is missing', () => {
    const nothing: DoctorFacts = {
      ...soundFacts,
      git: { version: null },
      server: { facts: null, reachable: false, detail: '', startable: false },
      sandbox: { backend: 'local', available: false, findings: [], limits: [] },
      model: { ...soundFacts.model, keySet: false, model: null },
    };
    const missing = findingsOf(nothing, 'longhaul').filter(({ status }) => status === 'missing');
    expect(missing).toHaveLength(5);
    expect(missing.every(({ fix }) => fix !== null)).toBe(true);
  });

  it('counts no worker of another server', () => {
    const workers = [
      { pid: 1, address: 'other:7233', version: '0.1.0', model: null, sandbox: localWorker, notes: [] },
    ];
    const found = findingsOf({ ...soundFacts, workers }, 'longhaul').find(({ area }) => area === 'workers');
    expect(found?.status).toBe('note');
  });

  it('says which versions tasks are on, and which of them have no worker', () => {
    const versions = [
      { build: '0.2.0-b', current: true, served: true, tasks: ['one'] },
      { build: '0.1.0-a', current: false, served: true, tasks: ['two'] },
      { build: '0.0.9-z', current: false, served: false, tasks: ['three', 'four'] },
    ];
    const found = findingsOf({ ...soundFacts, versions }, 'longhaul').filter(
      ({ area }) => area === 'versions',
    );
    expect(found.map(({ status, text }) => [status, text])).toEqual([
      ['ok', '0.2.0-b is current, with 1 task (one)'],
      ['ok', '0.1.0-a, replaced: 1 task (two), until the iteration ends'],
      ['note', '0.0.9-z has no worker, and 2 tasks (three, four) of it'],
    ]);
    expect(found[2]?.fix).toContain('longhaul up');
    const unknown = findingsOf({ ...soundFacts, versions: null }, 'longhaul');
    expect(unknown.find(({ area }) => area === 'versions')?.status).toBe('note');
  });

  it('says of a cluster what it has, and of each thing that it lacks what to do', () => {
    const findings = [
      { holds: true, text: 'Kubernetes v1.36.3 at https://cluster.example', fix: '' },
      { holds: false, text: 'there is no namespace boxes', fix: 'kubectl apply -k manifests' },
    ];
    const sandbox = { backend: 'kubernetes', findings, limits: [] } as const;
    const found = findingsOf({ ...soundFacts, sandbox }, 'longhaul').filter(({ area }) => area === 'sandbox');
    expect(found).toEqual([
      { area: 'sandbox', status: 'ok', text: findings[0]?.text, fix: null, code: null },
      {
        area: 'sandbox',
        status: 'missing',
        text: 'there is no namespace boxes',
        fix: 'kubectl apply -k manifests',
        code: 'sandbox.unavailable',
      },
    ]);
  });

  it('says of a worker that it has other settings of the model', () => {
    const model = { server: 'https://a.example/v1', keySet: true, differs: ['OPENAI_API_KEY'] };
    const workers = [
      { pid: 4711, address: embedded.address, version: '0.1.0', notes: [], model, sandbox: localWorker },
    ];
    expect(findingsOf({ ...soundFacts, workers }, './longhaul')).toContainEqual({
      area: 'workers',
      status: 'note',
      text: 'Worker 4711 was started with another OPENAI_API_KEY than yours, and asks https://a.example/v1.',
      fix: 'To use yours, start it anew, and tasks go on: "./longhaul down", then "./longhaul up".',
      code: null,
    });
  });
});
