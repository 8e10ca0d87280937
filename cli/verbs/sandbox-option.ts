import { z } from 'zod';

const words = ['local', 'kubernetes'] as const;

export const SandboxOptionSchema = z.enum(words, { error: `expected ${words.join(' or ')}` }).optional();

/** As commander takes it. */
export const sandboxOption = [
  '--sandbox <local|kubernetes>',
  'where its commands run: on this machine, or in pods of the cluster of KUBECONFIG (docs/kubernetes.md); by default what LONGHAUL_SANDBOX says, else what the running worker has, else local',
] as const;
