import type { SourcePatch } from './source-patch.ts';

export interface Failpoint {
  readonly name: string;
  readonly patch: SourcePatch;
}

const SESSION = 'relay/session/session.ts';
const EFFECTS = 'relay/session/action-runner.ts';

/** Places between two steps of the relay at which a process can be made to kill itself. */
export const failpoints: readonly Failpoint[] = [
  before('after_receive', SESSION, 'monitor.counts.received++;'),
  before('before_send', EFFECTS, 'await publisher.send('),
  before('after_accept_before_mark', EFFECTS, 'state.accepted(batch, performance.now());'),
  before('after_mark_before_ack', EFFECTS, 'state.marked(mark, outcome, performance.now());'),
  after('after_ack', SESSION, 'stream.confirm(state.storedLsn);'),
  before('during_recovery_scan', 'relay/recovery/unsettled-table.ts', 'yield await readChunk('),
];

export function before(name: string, file: string, find: string): Failpoint {
  return { name, patch: { file, find, replace: `globalThis.chaosFailpoint(); ${find}` } };
}

function after(name: string, file: string, find: string): Failpoint {
  return { name, patch: { file, find, replace: `${find} globalThis.chaosFailpoint();` } };
}
