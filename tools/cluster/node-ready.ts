import { z } from 'zod';
import { type Access, ask, askJson } from './net-policy/watch.ts';
import { nodeName } from './parts.ts';

const NodeSchema = z.object({
  status: z.object({
    conditions: z
      .array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() }))
      .default([]),
    nodeInfo: z.object({ kubeletVersion: z.string() }).optional(),
  }),
});

/** Whether the API server says that it is ready, etcd and its own start included. Never throws. */
export async function isApiReady(access: Access): Promise<boolean> {
  return await ask(access, '/readyz').then(
    (response) => {
      response.resume();
      return true;
    },
    () => false,
  );
}

export interface NodeFacts {
  readonly ready: boolean;
  readonly reason: string;
  readonly version: string;
}

/** What the API server knows of the node; not ready, with the reason, when it knows nothing or does not answer. */
export async function nodeFacts(access: Access): Promise<NodeFacts> {
  try {
    const { status } = NodeSchema.parse(await askJson(access, `/api/v1/nodes/${nodeName}`));
    const condition = status.conditions.find(({ type }) => type === 'Ready');
    return {
      ready: condition?.status === 'True',
      reason: condition?.message ?? 'the kubelet has not said anything yet',
      version: status.nodeInfo?.kubeletVersion ?? '',
    };
  } catch (error) {
    return { ready: false, reason: error instanceof Error ? error.message : String(error), version: '' };
  }
}

/** Whether pods can be made in the namespace that is there from the start: they need its service account. */
export async function hasServiceAccount(access: Access): Promise<boolean> {
  return await askJson(access, '/api/v1/namespaces/default/serviceaccounts/default').then(
    () => true,
    () => false,
  );
}
