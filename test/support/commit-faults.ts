import type pg from 'pg';
import type { Link, TcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

/** What a network, or whoever can end processes, does to a connection as its COMMIT is sent. */
export type CommitFault = (data: Buffer, link: Link, admin: pg.Pool, proxy: TcpProxy) => void;

/** COMMIT does not arrive, and both sides see that the connection is gone. */
export const cut: CommitFault = (_data, { client, server }) => {
  for (const socket of [client, server]) socket.destroy();
};

/** It is carried out, and the answer is lost. */
export const loseAnswer: CommitFault = (_data, link) => {
  link.muteServer();
  link.server.once('data', () => link.client.destroy());
};

/** It does not arrive, and the server does not see that the client has gone. */
export const halfOpen: CommitFault = (_data, link) => {
  link.silence();
  link.client.destroy();
};

/** It arrives, and the client goes before the server has carried it out. */
export const hangUp: CommitFault = (_data, { client }) => {
  setImmediate(() => client.destroy());
};

/** It arrives after the client has gone, and after somebody has looked what became of it. */
export const arriveLate: CommitFault = (data, link, _admin, proxy) => {
  link.silence();
  link.client.destroy();
  const before = proxy.onClientData;
  proxy.onClientData = (seen, other) => {
    before(seen, other);
    if (!/backend_xid/.test(seen.toString('latin1'))) return;
    proxy.onClientData = before;
    link.server.write(data);
  };
};

/** The process is ended before COMMIT arrives. */
export const terminateBefore: CommitFault = (_data, link, admin) => {
  link.silence();
  const pids = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'api' AND state = 'idle in transaction'`;
  void admin.query(pids).then(() => link.client.destroy());
};

/** Has this befall the next COMMIT, or each as long as `befalls` says so. Returns how many it has befallen. */
export function onCommit(
  proxy: TcpProxy,
  admin: pg.Pool,
  fault: CommitFault,
  befalls: (times: number) => boolean = (times) => times === 0,
): { readonly times: number } {
  const count = { times: 0 };
  proxy.onClientData = (data, link) => {
    if (!isCommit(data) || !befalls(count.times)) return;
    count.times++;
    fault(data, link, admin, proxy);
  };
  return count;
}

/** Lets each COMMIT that has written an order take so long. */
export async function slowCommits(admin: pg.Pool, seconds: number): Promise<void> {
  await admin.query(`
    CREATE OR REPLACE FUNCTION sleep_at_commit() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(${seconds}); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT OR UPDATE ON orders DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION sleep_at_commit()`);
}

/** Ends the process that is at its COMMIT. */
export async function terminateAtCommit(admin: pg.Pool): Promise<void> {
  await until('a process is at its COMMIT', async () => {
    const { rowCount } = await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND state = 'active' AND query = 'commit'`);
    return rowCount === 1;
  });
}

const isCommit = (data: Buffer) => /\bcommit\b/.test(data.toString('latin1'));
