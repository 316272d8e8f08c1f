import type pg from 'pg';
import { LogicalReplicationService } from 'pg-logical-replication';
import { parseLsn } from '../../relay/lsn.ts';
import { WalStream } from '../../relay/replication/stream.ts';
import { outboxOid } from '../support/outbox-oid.ts';
import { answerRequests } from '../support/worker.ts';

// Reads so many transactions of a slot and publishes nothing: the relay's stream and decoder, or the library they build on with a
// plugin that decodes nothing. The slot stays where it is.

const COMMIT = 'C'.charCodeAt(0);

export interface DecodeRequest {
  readonly how: 'relay' | 'library';
  readonly url: string;
  readonly slot: string;
  /** Where the slot is. */
  readonly from: string;
  readonly count: number;
}

answerRequests(async (request: DecodeRequest) => {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let commits = 0;
  const onCommit = () => {
    if (++commits === request.count) resolve(performance.now());
  };
  if (request.how === 'relay') await openStream(request, onCommit, reject);
  else openLibrary(request, onCommit, reject);
  await promise;
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system };
});

async function openStream(
  { url, slot, from }: DecodeRequest,
  onCommit: () => void,
  onError: (error: unknown) => void,
): Promise<void> {
  const position = parseLsn(from);
  const stream = await WalStream.open({
    url,
    slot,
    publication: 'order_outbox',
    outboxOid: await outboxOid(url),
    from: position,
    stopping: AbortSignal.any([]),
  });
  stream.ended.catch(onError);
  stream.attach({
    onEvent: (event) => {
      if (event.kind === 'commit') onCommit();
    },
    onKeepalive: () => undefined,
    storedLsn: position,
    handledLsn: position,
  });
  stream.resume();
}

function openLibrary(
  { url, slot, from }: DecodeRequest,
  onCommit: () => void,
  onError: (error: unknown) => void,
): void {
  const nothing = {
    name: 'pgoutput',
    options: {},
    start: (client: pg.Client, slotName: string, lastLsn: string) =>
      client.query(
        `START_REPLICATION SLOT "${slotName}" LOGICAL ${lastLsn} (proto_version '1', publication_names 'order_outbox')`,
      ),
    parse(buffer: Buffer) {
      if (buffer[0] === COMMIT) onCommit();
    },
  };
  const service = new LogicalReplicationService(
    { connectionString: url },
    { acknowledge: { auto: false, timeoutSeconds: 0 } },
  );
  service.on('error', onError);
  service.subscribe(nothing, slot, from).catch(onError);
}
