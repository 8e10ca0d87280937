import { type Client, QueryNotRegisteredError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { queryState } from '../../../client/query-state.ts';
import type { TaskId } from '../../../contracts/ids.ts';

const taskId = 'round-the-cents' as TaskId;
const between = () => new QueryNotRegisteredError('between two runs', 3);

/** Fails with these errors, one a query, and then answers. */
function clientThat(...errors: readonly Error[]): Client {
  const left = [...errors];
  const query = () => {
    const error = left.shift();
    return error ? Promise.reject(error) : Promise.resolve({ iteration: 7 });
  };
  return { workflow: { getHandle: () => ({ query }) } } as unknown as Client;
}

test('a query that meets a task between two of its runs is asked again', async () => {
  expect(await queryState(clientThat(between(), between()), taskId)).toEqual({ iteration: 7 });
});

test('one that nobody knows after three tries, or that fails otherwise, is told as it is', async () => {
  const never = clientThat(between(), between(), between());
  await expect(queryState(never, taskId)).rejects.toThrow(QueryNotRegisteredError);
  await expect(queryState(clientThat(new Error('away')), taskId)).rejects.toThrow('away');
});
