import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorCode } from '../../../contracts/error.ts';
import { kubernetesConfig } from '../../../workers/kubernetes-config.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

async function read(text: string) {
  const file = join(await temporaryDirectory(), 'kubernetes.yaml');
  writeFileSync(file, text);
  return {
    file,
    read: () => kubernetesConfig({ LONGHAUL_HOME: '/nowhere', LONGHAUL_KUBERNETES_CONFIG: file }),
  };
}

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(errorCode(error)).toBe('config.invalid');
    return error instanceof Error ? error.message : '';
  }
  throw new Error('nothing was refused');
}

const images = 'image: registry.example/task:1\nkeeperImage: registry.example/keeper:1\n';

test('two images are enough, and every other setting has a default', async () => {
  const { read: config } = await read(images);
  expect(config()).toMatchObject({
    owner: null,
    settings: {
      namespace: 'longhaul-sandboxes',
      image: 'registry.example/task:1',
      keeperImage: 'registry.example/keeper:1',
      userNamespaces: true,
      runtimeClass: null,
      cpu: { request: '500m', limit: '4' },
    },
  });
});

test('what is given stands above its default, also inside of a group', async () => {
  const { read: config } = await read(`${images}cpu:\n  limit: "8"\nruntimeClass: gvisor\nowner: team-a\n`);
  const { settings, owner } = config();
  expect(settings).toMatchObject({ cpu: { request: '500m', limit: '8' }, runtimeClass: 'gvisor' });
  expect(owner).toBe('team-a');
});

test('every fault is named with its line: what is no setting, what has the wrong form, what is missing', async () => {
  const { file, read: config } = await read(
    'keeperImage: registry.example/keeper:1\nmemory: 1\ncpu:\n  limits: "2"\n  limit: lots\n',
  );
  const lines = messageOf(config).split('\n');
  expect(lines[0]).toContain(file);
  expect(lines).toContainEqual('  line 2: memory: there is no such setting');
  expect(lines).toContainEqual('  line 4: cpu.limits: there is no such setting');
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}line 5: cpu\.limit: expected processors/));
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}image: expected the name of an image/));
});

test('a text that is no YAML is refused with the line', async () => {
  const { read: config } = await read(`${images}cpu: {limit: "2"\n`);
  expect(messageOf(config)).toMatch(/line [34]: /);
});

test('a file that is not there is named, with what to write into it', () => {
  const message = messageOf(() => kubernetesConfig({ LONGHAUL_HOME: '/nowhere' }));
  expect(message).toContain('/nowhere/kubernetes.yaml');
  expect(message).toContain('LONGHAUL_KUBERNETES_CONFIG');
});
