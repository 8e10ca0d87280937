import type { LocalActivities, TaskActivities } from '../contracts/activities.ts';
import { createAuthorize } from './authorize.ts';
import { createDeliver } from './deliver.ts';
import { createEvaluate } from './evaluate/evaluate.ts';
import { createExecute } from './execute.ts';
import { createFetchRepository } from './fetch-repository.ts';
import { createKeepConstraints } from './keep-constraints.ts';
import { createLoadEdited } from './load-edited.ts';
import { createNotify } from './notify.ts';
import { createOpenApproval } from './open-approval.ts';
import { createPerceive } from './perceive/perceive.ts';
import { createPlan } from './plan.ts';
import type { Ports } from './ports.ts';
import { createProposeDelivery } from './propose-delivery.ts';
import { createRecord } from './record.ts';
import { createReleaseSandboxes } from './release-sandboxes.ts';
import { createRollBack } from './roll-back.ts';
import { createVerifyDelivery } from './verify-delivery.ts';

/** All activities of a worker, over its ports. */
export function createActivities(ports: Ports): TaskActivities & LocalActivities {
  return {
    fetchRepository: createFetchRepository(ports),
    perceive: createPerceive(ports),
    plan: createPlan(ports),
    authorize: createAuthorize(ports),
    openApproval: createOpenApproval(ports),
    loadEdited: createLoadEdited(ports),
    execute: createExecute(ports),
    evaluate: createEvaluate(ports),
    verifyDelivery: createVerifyDelivery(ports),
    proposeDelivery: createProposeDelivery(ports),
    deliver: createDeliver(ports),
    rollBack: createRollBack(ports),
    record: createRecord(ports),
    keepConstraints: createKeepConstraints(ports),
    notify: createNotify(ports),
    releaseSandboxes: createReleaseSandboxes(ports),
  };
}
