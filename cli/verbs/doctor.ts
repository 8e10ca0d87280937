import type { Command } from 'commander';
import { z } from 'zod';
import { doctorLines, findingsOf } from '../view/doctor-report.ts';
import {
  defineVerb,
  JsonSchema,
  parseUsage,
  printJson,
  printLines,
  type VerbContext,
} from './define-verb.ts';

const OptionsSchema = z.strictObject({ json: JsonSchema });
const somethingMissing = 4;

export function addDoctorVerb(program: Command, { platform, setExitCode }: VerbContext): void {
  defineVerb(program, {
    usage: 'doctor',
    summary: 'what is there on this machine, what is missing, and how to get it',
    more: 'Starts nothing. Ends with 4 when something that every task needs is missing.',
    example: 'doctor',
    json: 'findings and facts as one object',
  }).action(async (raw: unknown) => {
    const { json } = parseUsage(OptionsSchema, raw);
    const facts = await platform.doctor();
    const findings = findingsOf(facts, platform.program);
    const complete = findings.every(({ status }) => status !== 'missing');
    if (!complete) setExitCode(somethingMissing);
    if (json) return printJson(platform, { type: 'doctor', ok: complete, findings, facts });
    return printLines(platform, doctorLines(findings));
  });
}
