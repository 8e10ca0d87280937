import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { isAlive, podState } from '../../../k8s/pod-state.ts';

const running = { running: { startedAt: new Date(0) } };
const container = (name: string, state: object, restartCount = 0) => ({
  name,
  state,
  restartCount,
  image: '',
  imageID: `sha256:${name}`,
  ready: true,
});

function podOf(status: object, metadata: object = {}): V1Pod {
  const labels = { 'batch.kubernetes.io/job-name': 'lh' };
  return { metadata: { name: 'lh-1', uid: 'u1', labels, ...metadata }, status };
}

const live = {
  phase: 'Running',
  podIP: '10.244.0.7',
  startTime: new Date(0),
  initContainerStatuses: [container('keeper', running)],
  containerStatuses: [container('agent', running)],
};

describe('what a pod is to its lease', () => {
  test('runs when both containers do', () => {
    expect(podState(podOf(live))).toEqual({
      kind: 'running',
      name: 'lh-1',
      job: 'lh',
      uid: 'u1',
      imageId: 'sha256:agent',
      address: '10.244.0.7',
      startedAtMs: 0,
    });
  });

  test('starts while nothing is known of it, and says when it finds no place', () => {
    expect(podState(podOf({}))).toEqual({ kind: 'starting', waitsFor: 'its containers' });
    const conditions = [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes: Insufficient cpu' }];
    expect(podState(podOf({ phase: 'Pending', conditions }))).toEqual({
      kind: 'starting',
      waitsFor: 'a place on a node: 0/1 nodes: Insufficient cpu',
    });
  });

  test('fails at once, for another try, when its image was not to be had', () => {
    const state = { waiting: { reason: 'ImagePullBackOff', message: 'back-off 10s' } };
    const pod = podOf({ phase: 'Pending', containerStatuses: [container('agent', state)] });
    expect(() => podState(pod)).toThrow(
      expect.objectContaining({
        code: 'sandbox.start_failed',
        message: expect.stringContaining('no image for container agent: back-off 10s'),
      }),
    );
    expect(isAlive(pod)).toBe(true);
  });

  test.each(['ErrImageNeverPull', 'InvalidImageName', 'CreateContainerConfigError'])(
    'cannot start after %s, which names what to correct',
    (reason) => {
      const state = { waiting: { reason, message: 'no such thing' } };
      const pod = podOf({ phase: 'Pending', containerStatuses: [container('agent', state)] });
      expect(() => podState(pod)).toThrow(
        expect.objectContaining({
          code: 'sandbox.unavailable',
          message: expect.stringContaining(`${reason} of container agent, no such thing`),
        }),
      );
    },
  );

  test('has ended when it failed, is deleted, or lost its agent, and says how', () => {
    const killed = container('agent', { terminated: { exitCode: 137, reason: 'OOMKilled' } });
    expect(podState(podOf({ ...live, containerStatuses: [killed] }))).toEqual({
      kind: 'ended',
      how: 'agent ended with 137 (OOMKilled)',
    });
    expect(podState(podOf({ phase: 'Failed', reason: 'Evicted', message: 'disk' }))).toEqual({
      kind: 'ended',
      how: 'Evicted; disk',
    });
    expect(podState(podOf(live, { deletionTimestamp: new Date(0) }))).toMatchObject({
      how: 'it was deleted',
    });
  });

  test('has ended when its keeper was started again: that one knows nothing of the lease', () => {
    const again = container('keeper', running, 1);
    expect(podState(podOf({ ...live, initContainerStatuses: [again] }))).toMatchObject({ kind: 'ended' });
  });
});
