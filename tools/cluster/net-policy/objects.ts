import { z } from 'zod';

/** What the enforcer reads of the objects of the API server; the rest of them is left out. */
const LabelsSchema = z.record(z.string(), z.string()).default({});

const SelectorSchema = z.object({
  matchLabels: LabelsSchema,
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).default([]),
      }),
    )
    .default([]),
});
export type Selector = z.infer<typeof SelectorSchema>;

const PeerSchema = z.object({
  ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()).default([]) }).optional(),
  namespaceSelector: SelectorSchema.optional(),
  podSelector: SelectorSchema.optional(),
});
export type Peer = z.infer<typeof PeerSchema>;

const PortSchema = z.object({
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).default('TCP'),
  port: z.union([z.int(), z.string()]).optional(),
  endPort: z.int().optional(),
});
export type Port = z.infer<typeof PortSchema>;

const PortsSchema = z.array(PortSchema).default([]);
const PeersSchema = z.array(PeerSchema).default([]);

export const NamespaceSchema = z.object({
  metadata: z.object({ name: z.string(), labels: LabelsSchema }),
});
export type Namespace = z.infer<typeof NamespaceSchema>;

const OwnedSchema = z.object({ name: z.string(), namespace: z.string(), labels: LabelsSchema });
const ContainerPortSchema = z.object({
  name: z.string().optional(),
  containerPort: z.int(),
  protocol: z.string().default('TCP'),
});

export const PodSchema = z.object({
  metadata: OwnedSchema,
  spec: z.object({
    hostNetwork: z.boolean().default(false),
    containers: z.array(z.object({ ports: z.array(ContainerPortSchema).default([]) })),
  }),
  status: z.object({ phase: z.string().optional(), podIP: z.string().optional() }).default({}),
});
export type Pod = z.infer<typeof PodSchema>;

export const PolicySchema = z.object({
  metadata: OwnedSchema,
  spec: z.object({
    podSelector: SelectorSchema.prefault({}),
    policyTypes: z.array(z.string()).default(['Ingress']),
    ingress: z.array(z.object({ from: PeersSchema, ports: PortsSchema })).default([]),
    egress: z.array(z.object({ to: PeersSchema, ports: PortsSchema })).default([]),
  }),
});
export type Policy = z.infer<typeof PolicySchema>;

export interface Known {
  readonly namespaces: readonly Namespace[];
  readonly pods: readonly Pod[];
  readonly policies: readonly Policy[];
}
