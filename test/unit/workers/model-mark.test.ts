import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { modelSettings } from '../../../workers/model-config.ts';
import { modelMark, otherSettings } from '../../../workers/model-mark.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const key = 'sk-of-the-worker';
const LONGHAUL_HOME = '/nowhere/longhaul';
const worker = {
  LONGHAUL_HOME,
  OPENAI_API_KEY: key,
  OPENAI_BASE_URL: 'https://user:secret@a.example/v1?token=t',
};
const markOf = (env: Readonly<Record<string, string>>) => modelMark(modelSettings(env));
const differences = (env: Readonly<Record<string, string>>) =>
  otherSettings(markOf(worker), modelSettings(env), env);

test('a mark shows no secret, and two of one key cannot be told to be of one key', () => {
  const mark = markOf(worker);
  expect(JSON.stringify(mark)).not.toMatch(/sk-of|secret|token/);
  expect(mark.server).toBe('https://a.example/v1');
  expect(mark.digests['OPENAI_API_KEY']).not.toBe(markOf(worker).digests['OPENAI_API_KEY']);
});

test('the same settings are recognized, and others by their names', () => {
  expect(differences(worker)).toEqual([]);
  expect(differences({ ...worker, OPENAI_API_KEY: 'another' })).toEqual(['OPENAI_API_KEY']);
  expect(differences({ ...worker, OPENAI_ORG_ID: 'o', OPENAI_PROJECT_ID: 'p' })).toEqual([
    'OPENAI_ORG_ID',
    'OPENAI_PROJECT_ID',
  ]);
  expect(differences({ LONGHAUL_HOME, OPENAI_API_KEY: key })).toEqual(['OPENAI_BASE_URL']);
});

test('an environment that says nothing of the model leaves it to the worker', () => {
  expect(differences({ LONGHAUL_HOME })).toEqual([]);
  expect(differences({ LONGHAUL_HOME, OPENAI_API_KEY: ' ' })).toEqual([]);
});

test('a models file that was changed since differs, also where nothing else is said', async () => {
  const home = await temporaryDirectory();
  const env = { LONGHAUL_HOME: home };
  const mark = markOf(env);
  writeFileSync(join(home, 'models.yaml'), 'profiles:\n  my-*:\n    contextWindowTokens: 32000\n');
  expect(otherSettings(mark, modelSettings(env), env)).toEqual(['models.yaml']);
});
