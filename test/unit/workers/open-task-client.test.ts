import { expect, test } from 'vitest';
import { writeServerState } from '../../../workers/embedded-server/state-file.ts';
import { openTemporalClient } from '../../../workers/open-task-client.ts';
import { processStartTime } from '../../../workers/process-lock.mjs';
import { temporaryDirectory } from '../../helpers/temporary-directory.ts';

const server = {
  status: 'running',
  pid: process.pid,
  port: 1,
  uiPort: 1,
  address: '127.0.0.1:1',
  uiAddress: 'http://127.0.0.1:1',
  binary: '/bin/temporal',
  version: '1.31.2',
} as const;

test.each([
  [
    'lives and does not answer',
    processStartTime(process.pid) ?? '',
    `(process ${process.pid}) does not answer`,
  ],
  ['is gone', 'long ago', 'no Temporal server runs'],
])('a server whose process %s is told as that', async (_, startTime, message) => {
  const home = await temporaryDirectory();
  await writeServerState(home, { ...server, startTime });
  await expect(openTemporalClient({ LONGHAUL_HOME: home })).rejects.toMatchObject({
    code: 'server.unavailable',
    message: expect.stringContaining(message),
  });
});
