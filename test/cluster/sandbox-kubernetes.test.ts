import { afterAll, beforeAll, inject } from 'vitest';
import { sandboxConformance } from '../conformance/sandbox.ts';
import { deployEgress, type TestEgress } from '../helpers/egress-proxy.ts';
import { makeKubernetesFixture } from '../helpers/kubernetes-sandbox.ts';

const { own } = inject('cluster');
let egress: TestEgress | null = null;

beforeAll(async () => {
  if (own !== undefined) egress = await deployEgress({ reach: [`${own.machineAddress}/32`] });
});
afterAll(async () => {
  await egress?.[Symbol.asyncDispose]();
});

// A cluster elsewhere does not reach the server of the setup's suite, which is this machine.
sandboxConformance('kubernetes', () => makeKubernetesFixture({}, { egress }), {
  skip: own === undefined ? ['setup'] : [],
});
