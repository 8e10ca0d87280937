import { expect, test } from 'vitest';
import { serverArguments, serverEnvironment } from '../../../../workers/embedded-server/server-arguments.ts';

const args = serverArguments({ port: 1, uiPort: 2, database: '/d/temporal.db', dynamicConfig: ['a.b=3'] });
const valuesOf = (flag: string) => args.flatMap((arg, index) => (arg === flag ? [args[index + 1]] : []));

test('the server listens on this machine only, on the ports that were chosen', () => {
  expect([valuesOf('--ip'), valuesOf('--ui-ip')]).toEqual([['127.0.0.1'], ['127.0.0.1']]);
  expect([valuesOf('--port'), valuesOf('--ui-port')]).toEqual([['1'], ['2']]);
});

test('the database survives a power cut', () => {
  expect(valuesOf('--db-filename')).toEqual(['/d/temporal.db']);
  expect(valuesOf('--sqlite-pragma')).toEqual(['journal_mode=WAL', 'synchronous=FULL']);
});

test('the server is fast, has the search attributes of tasks, and takes more settings', () => {
  expect(valuesOf('--dynamic-config-value')).toEqual(
    expect.arrayContaining([
      'history.transferProcessorMaxPollRPS=2000',
      'history.timerProcessorMaxPollRPS=2000',
      'history.visibilityProcessorMaxPollRPS=2000',
      'system.enableActivityEagerExecution=true',
      'frontend.keepAliveTime="1s"',
      'frontend.keepAliveTimeout="2s"',
      'a.b=3',
    ]),
  );
  expect(valuesOf('--search-attribute')).toEqual([
    'LonghaulStatus=Keyword',
    'LonghaulRepository=Keyword',
    'LonghaulApproval=Keyword',
  ]);
});

test("none of the person's secrets reaches the server", () => {
  const env = { PATH: '/bin', HOME: '/h', OPENAI_API_KEY: 'secret', TEMPORAL_API_KEY: 'secret' };
  expect(serverEnvironment(env)).toEqual({ PATH: '/bin', HOME: '/h', GOGC: '400' });
});
