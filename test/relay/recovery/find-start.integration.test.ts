import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PublishError } from '../../../relay/publishing/publish-error.ts';
import { NOTHING_SEEN } from '../../../relay/recovery/database-identity.ts';
import { findStart } from '../../../relay/recovery/find-start.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { insertEvent } from '../../support/relay.ts';
import { openRun } from '../../support/session-run.ts';

const UNREACHABLE = new PublishError('not there', { kind: 'transient', code: 'BROKER_UNREACHABLE' });

class Unreachable extends MemoryPublisher {
  meanwhile: () => Promise<unknown> = async () => undefined;

  override async connect(): Promise<void> {
    await this.meanwhile();
    throw UNREACHABLE;
  }
}

for (const [what, taken, left] of [
  ['is dropped', false, 0],
  ['stays if another relay has taken it over meanwhile', true, 1],
] as const) {
  test(`a slot that cannot be trusted, of a relay whose broker cannot be reached, ${what}`, async (t) => {
    const publisher = new Unreachable();
    const run = await openRun(t, publisher);
    const { pool, slot, progress } = run;
    await pool.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    publisher.meanwhile = async () => taken && progress.restart(slot, 0n);

    await assert.rejects(findStart(run, 'v1'), UNREACHABLE);

    const { rowCount } = await pool.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [slot]);
    assert.equal(rowCount, left);
  });
}

for (const [what, timelinesAgo, expected] of [
  ['this timeline, goes on where it was', 0, undefined],
  ['an earlier timeline, has been moved by somebody else', 1, 'slot_ahead'],
] as const) {
  test(`a slot that is ahead of the progress, by what this relay has confirmed on ${what}`, async (t) => {
    const run = await openRun(t, new MemoryPublisher());
    const { pool, slot, progress, memory } = run;
    await pool.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    await insertEvent(pool, 'Unsettled');
    const epoch = (await progress.restart(slot, 0n)) ?? 0n;
    const claimed = (await progress.claim(slot, epoch, 'v1')) ?? 0n;
    await pool.query(`UPDATE relay_progress SET settled_lsn = '0/1', marked_lsn = '0/1'`);
    const timeline = ((await progress.find(slot))?.timeline ?? 0) - timelinesAgo;
    const { rows } = await pool.query<{ at: string }>(
      `SELECT confirmed_flush_lsn - '0/0' AS at FROM pg_replication_slots WHERE slot_name = $1`,
      [slot],
    );
    memory.seen = { ...NOTHING_SEEN, epoch: claimed, timeline, confirmedLsn: BigInt(rows[0]?.at ?? 0) };

    const { recovery } = await findStart(run, 'v1');

    await recovery?.release();
    assert.equal(recovery?.reason, expected);
  });
}
