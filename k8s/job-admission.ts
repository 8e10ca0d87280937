import {
  ApiException,
  type AuthorizationV1Api,
  type BatchV1Api,
  type CoreV1Api,
  type V1Job,
} from '@kubernetes/client-node';
import { LonghaulError } from '../contracts/error.ts';
import { answered, apiFault, forbidden, wordsOf } from './api-faults.ts';

export interface AdmissionApi {
  readonly jobs: BatchV1Api;
  readonly core: CoreV1Api;
  readonly rights: AuthorizationV1Api;
}

/** What a cluster lets in. A 403 has two causes: a right that is missing, and a quota or a rule of the namespace. */
export function createJobAdmission({ jobs, core, rights }: AdmissionApi, namespace: string) {
  const mayMakeJobs = async (): Promise<boolean> => {
    const resourceAttributes = { namespace, verb: 'create', group: 'batch', resource: 'jobs' };
    const body = { spec: { resourceAttributes } };
    const { status } = await answered(rights.createSelfSubjectAccessReview({ body }));
    return status?.allowed === true;
  };
  return {
    /** Throws `sandbox.start_failed` where a quota is full, and as the API does otherwise. */
    async create(job: V1Job): Promise<V1Job> {
      try {
        return await jobs.createNamespacedJob({ namespace, body: job });
      } catch (error) {
        const isForbidden = error instanceof ApiException && error.code === forbidden;
        if (!isForbidden || !(await mayMakeJobs())) throw error;
        throw notAdmitted(namespace, job, error);
      }
    },
    /** Asks for the pod of a Job without making it: what the cluster says against it, or null. */
    async whyNoPod({ metadata, spec }: V1Job): Promise<string | null> {
      const { metadata: labelled, spec: pod } = spec?.template ?? {};
      if (pod === undefined) return null;
      const body = { metadata: { ...labelled, name: `${metadata?.name}-asked` }, spec: pod };
      try {
        await core.createNamespacedPod({ namespace, body, dryRun: 'All' });
        return null;
      } catch (error) {
        if (error instanceof ApiException && error.code >= 400 && error.code < 500) return wordsOf(error);
        throw apiFault(error);
      }
    },
  };
}

function notAdmitted(namespace: string, { metadata }: V1Job, cause: unknown): LonghaulError {
  return new LonghaulError(
    'sandbox.start_failed',
    `Namespace ${namespace} does not let in Job ${metadata?.name}: ${wordsOf(cause)}. Where a quota is full, wait for other tasks or raise it; else correct the rule that is named.`,
    { cause },
  );
}
