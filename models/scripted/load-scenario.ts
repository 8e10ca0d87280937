import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { LonghaulError } from '../../contracts/error.ts';
import { type Scenario, ScenarioSchema } from './scenario.ts';

/** Reads a scenario from YAML or JSON text. Throws `config.invalid` with the place of each mistake. */
export function loadScenario(text: string, fileName: string): Scenario {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new LonghaulError('config.invalid', `The scenario ${fileName} is no YAML: ${error.message}`, {
      cause: error,
    });
  }
  const parsed = ScenarioSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LonghaulError(
    'config.invalid',
    `The scenario ${fileName} is not understood:\n${z.prettifyError(parsed.error)}`,
  );
}
