import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { dropMessage } from '../../relay/admin/outbox-admin.ts';
import { parseOutboxTable } from '../../relay/outbox/outbox-table.ts';

const OUTBOX = parseOutboxTable('outbox');
/** More than the entity takes. */
const TOO_LARGE = JSON.stringify('x'.repeat(300_000));
const PARKED_WITHIN_MS = 10_000;

/** One message after the other that is parked, with another behind it, until an operator drops it. */
export class SoakTrouble {
  /** How many so far. */
  parked = 0;
  readonly #db: pg.Pool;
  #last: string | undefined;

  constructor(db: pg.Pool) {
    this.#db = db;
  }

  /** Drops the one of before, and resolves when the next is parked. */
  async parkOne(): Promise<void> {
    if (this.#last !== undefined) await dropMessage(this.#db, OUTBOX, this.#last, 'too large');
    const messageId = randomUUID();
    for (const [id, body] of [
      [messageId, TOO_LARGE],
      [randomUUID(), '{}'],
    ]) {
      await this.#db.query(
        `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id) VALUES ($1, 'Noted', $2, $3)`,
        [id, body, `trouble-${messageId}`],
      );
    }
    const deadline = performance.now() + PARKED_WITHIN_MS;
    const isParked = 'SELECT FROM outbox WHERE message_id = $1 AND parked_at IS NOT NULL';
    while ((await this.#db.query(isParked, [messageId])).rowCount === 0) {
      if (performance.now() > deadline) throw new Error(`${messageId} was not parked`);
      await sleep(50);
    }
    this.#last = messageId;
    this.parked++;
  }
}
