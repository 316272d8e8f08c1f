import type { Socket } from 'node:net';
import pg from 'pg';
import { sessionKind } from '../../src/core/session-settings.ts';

/** Waiting for open transactions, which making a slot does, is waiting for locks; no other time limit of the server ends it. */
const WAIT_WITHIN_MS = 10_000;
/** A server that accepts what it is sent and answers nothing ends no connection by itself. */
const ANSWER_WITHIN_MS = 15_000;
/** A relay that is frozen in the middle keeps neither a snapshot nor the name of the slot. */
const IDLE_WITHIN_MS = 60_000;
const END_WITHIN_MS = 1_000;

/** A connection to the server itself, for the slot. Each answer comes within 15 s. `stopping` cuts the connection, so that nothing waits for it. */
export async function connect(url: string, more: pg.ClientConfig, stopping: AbortSignal): Promise<pg.Client> {
  stopping.throwIfAborted();
  const { config, prepare } = sessionKind({
    url,
    applicationName: 'relay-recovery',
    uncheckedText: true,
    connectTimeoutMs: 5_000,
    lockTimeoutMs: WAIT_WITHIN_MS,
    idleInTransactionTimeoutMs: IDLE_WITHIN_MS,
    settings: { idle_session_timeout: String(IDLE_WITHIN_MS) },
  });
  const client = new pg.Client({ ...config, ...more, query_timeout: ANSWER_WITHIN_MS });
  client.on('error', () => undefined); // whatever it was about fails with its own error
  const stop = () => cut(client);
  stopping.addEventListener('abort', stop);
  client.once('end', () => stopping.removeEventListener('abort', stop));
  await client.connect();
  try {
    await prepare(client);
    return client;
  } catch (error) {
    await close(client);
    throw error;
  }
}

/** Within a second, also when the server does not answer. */
export async function close(client: pg.Client): Promise<void> {
  const tooLate = setTimeout(() => cut(client), END_WITHIN_MS);
  await client.end().finally(() => clearTimeout(tooLate));
}

function cut(client: pg.Client): void {
  // What its types leave out.
  const { connection } = client as unknown as { readonly connection: { readonly stream: Socket } };
  connection.stream.destroy();
}

/** One for the commands of the replication protocol. https://www.postgresql.org/docs/current/protocol-replication.html */
export function connectForReplication(url: string, stopping: AbortSignal): Promise<pg.Client> {
  return connect(url, { replication: 'database' } as object, stopping); // known to pg, missing in its types
}
