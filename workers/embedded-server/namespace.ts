import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';

/** The one namespace that the embedded server has. */
export const embeddedNamespace = 'default';

/** How long an ended task stays in the embedded server; the server's own default is one day. */
export const retentionDays = 90;

/** Whether the server at `address` answers for the namespace, to a connection that it takes within `connectTimeoutMs`. */
export async function isReady(address: string, connectTimeoutMs = 1_000): Promise<boolean> {
  const question = async (connection: Connection) => {
    await connection.workflowService.describeNamespace({ namespace: embeddedNamespace });
    return true;
  };
  return await ask(address, question, connectTimeoutMs).catch(() => false);
}

async function ask<T>(
  address: string,
  question: (connection: Connection) => Promise<T>,
  connectTimeoutMs = 10_000,
): Promise<T> {
  const connection = await Connection.connect({ address, connectTimeout: connectTimeoutMs });
  try {
    return await connection.withDeadline(Date.now() + 10_000, () => question(connection));
  } finally {
    await connection.close();
  }
}

/** Sets the retention of the namespace where it is another; the server keeps it in its database. */
export async function setRetention(address: string): Promise<void> {
  const wanted = msToTs(retentionDays * 24 * 60 * 60 * 1000);
  await ask(address, async ({ workflowService }) => {
    const { config } = await workflowService.describeNamespace({ namespace: embeddedNamespace });
    if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) === Number(wanted.seconds)) return;
    await workflowService.updateNamespace({
      namespace: embeddedNamespace,
      config: { workflowExecutionRetentionTtl: wanted },
    });
  });
}
