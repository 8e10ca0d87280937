import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dialects, modelSettings } from '../../../workers/model-config.ts';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

/** A state directory with a models file in it. */
async function homeWith(yaml: string): Promise<{ readonly LONGHAUL_HOME: string }> {
  const home = await temporaryDirectory();
  writeFileSync(join(home, 'models.yaml'), yaml);
  return { LONGHAUL_HOME: home };
}

const priced = `
profiles:
  my-*:
    contextWindowTokens: 32000
    commandTool: shell
    price: { inputUsdPerMTok: 1, cachedInputUsdPerMTok: 0.1, outputUsdPerMTok: 2 }
`;

describe('the settings of the model', () => {
  test('without anything set are those of the official server, without a key', async () => {
    const LONGHAUL_HOME = await temporaryDirectory();
    expect(modelSettings({ LONGHAUL_HOME })).toEqual({
      baseUrl: 'https://api.openai.com/v1',
      apiKey: null,
      organization: null,
      project: null,
      defaultModel: 'gpt-5.5',
      config: { profiles: {} },
    });
  });

  test('come from the environment, without the space around them; what is blank is not set', async () => {
    const LONGHAUL_HOME = await temporaryDirectory();
    const settings = modelSettings({
      LONGHAUL_HOME,
      OPENAI_BASE_URL: ' http://127.0.0.1:1/v1 ',
      OPENAI_API_KEY: 'sk-1\n',
      OPENAI_ORG_ID: 'org',
      OPENAI_PROJECT_ID: '',
      LONGHAUL_MODEL: 'mine',
    });
    expect(settings).toMatchObject({
      baseUrl: 'http://127.0.0.1:1/v1',
      apiKey: 'sk-1',
      organization: 'org',
      project: null,
      defaultModel: 'mine',
    });
    expect(modelSettings({ LONGHAUL_HOME, OPENAI_API_KEY: '  ' }).apiKey).toBeNull();
  });
});

describe('the models file', () => {
  test('of the state directory is read when none is named', async () => {
    const settings = modelSettings(await homeWith(priced));
    const dialectOf = dialects(settings);
    expect(dialectOf('my-model').contextWindowTokens).toBe(32_000);
    expect(JSON.stringify(dialectOf('my-model').tools)).toContain('"name":"shell"');
    expect(dialectOf('my-model').worstCaseUsd(1_000_000)).toBeCloseTo(1 + 0.032);
    expect(dialectOf('my-model')).toBe(dialectOf('my-model'));
    expect(dialectOf('another').worstCaseUsd(1)).toBeNull();
  });

  test('that is named wins', async () => {
    const env = await homeWith(priced);
    const file = join(await temporaryDirectory(), 'other.yaml');
    writeFileSync(file, 'profiles: { my-*: { contextWindowTokens: 1000 } }\n');
    const settings = modelSettings({ ...env, LONGHAUL_MODELS_FILE: file });
    expect(dialects(settings)('my-model').contextWindowTokens).toBe(1000);
  });

  test.each([
    ['', 'empty'],
    ['# nothing yet\n', 'a comment'],
    ['profiles: {}\n', 'no profile'],
  ])('%j is none: %s', async (yaml) => {
    expect(modelSettings(await homeWith(yaml)).config).toEqual({ profiles: {} });
  });

  test.each<[string, string, RegExp]>([
    ['no YAML', 'profiles: [', /models\.yaml cannot be used: .*flow/is],
    ['a list', '- a\n', /expected object/],
    ['a word that is none of its keys', 'profile: {}\n', /Unrecognized key: "profile"/],
    ['a mistyped setting', 'profiles: { m: { contextWindow: 1 } }\n', /contextWindow"[\s\S]*profiles\.m/],
    ['a wrong value', 'profiles: { m: { contextWindowTokens: -1 } }\n', /profiles\.m\.contextWindowTokens/],
    [
      'a price that lacks a part',
      'profiles: { m: { price: { inputUsdPerMTok: 1 } } }\n',
      /profiles\.m\.price\.outputUsdPerMTok/,
    ],
  ])('with %s is refused: the file and the place are named', async (_, yaml, message) => {
    const env = await homeWith(yaml);
    expect(() => modelSettings(env)).toThrow(
      expect.objectContaining({ code: 'config.invalid', message: expect.stringMatching(message) }),
    );
    expect(() => modelSettings(env)).toThrow(/Correct it, or remove it$/);
  });

  test('that is named and not there is refused', async () => {
    const env = { LONGHAUL_HOME: await temporaryDirectory(), LONGHAUL_MODELS_FILE: '/nowhere/models.yaml' };
    expect(() => modelSettings(env)).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        message: expect.stringMatching(
          /\/nowhere\/models\.yaml cannot be used: .*ENOENT.* unset LONGHAUL_MODELS_FILE$/,
        ),
      }),
    );
  });

  test('that cannot be read is refused, not taken for none', async () => {
    const home = await temporaryDirectory();
    mkdirSync(join(home, 'models.yaml'));
    expect(() => modelSettings({ LONGHAUL_HOME: home })).toThrow(/models\.yaml cannot be used: EISDIR/);
  });
});
