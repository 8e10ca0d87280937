import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { modelsFile } from '../../../drill/models-file.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

async function homeAndCopy() {
  const directory = await temporaryDirectory();
  const [home, copy] = [join(directory, 'home'), join(directory, 'copy')];
  for (const one of [home, copy]) mkdirSync(one);
  return { home, copy };
}

test("a drill speaks to models as the person's home does", async () => {
  const { home, copy } = await homeAndCopy();
  writeFileSync(join(home, 'models.yaml'), 'models: {}\n');
  const file = await modelsFile({ LONGHAUL_HOME: home }, copy);
  expect(file).toBe(join(copy, 'models.yaml'));
  expect(readFileSync(file, 'utf8')).toBe('models: {}\n');
  expect(await modelsFile({ LONGHAUL_HOME: home, LONGHAUL_MODELS_FILE: '/own.yaml' }, copy)).toBe(
    '/own.yaml',
  );
});

test('a home without a models file has none in the copy that says anything', async () => {
  const { home, copy } = await homeAndCopy();
  expect(readFileSync(await modelsFile({ LONGHAUL_HOME: home }, copy), 'utf8')).toBe('');
});

test('a models file that is there and cannot be read is told, not left out', async () => {
  const { home, copy } = await homeAndCopy();
  mkdirSync(join(home, 'models.yaml'));
  await expect(modelsFile({ LONGHAUL_HOME: home }, copy)).rejects.toMatchObject({
    code: 'disk.no_permission',
  });
});
