import pg from 'pg';
import { errorCode } from '../../src/core/errors.ts';
import { RelayError } from '../relay-error.ts';
import type { SlotInfo } from '../replication/slot.ts';
import { close, connectForReplication } from './slot-connection.ts';

/** Whether stand-bys get copies of the slot (PostgreSQL 17 and later). auto: where the server knows it. */
export const SLOT_FAILOVERS = ['auto', 'on', 'off'] as const;
export type SlotFailover = (typeof SLOT_FAILOVERS)[number];

const SLOT_IN_USE = '55006';

/** Throws SLOT_UNUSABLE for what the server does not have. */
export function wantsFailover(setting: SlotFailover, serverKnows: boolean): boolean {
  if (setting === 'on' && !serverKnows) {
    throw new RelayError(
      'SLOT_UNUSABLE',
      'RELAY_SLOT_FAILOVER is on, and PostgreSQL has failover slots from 17 on: set it to auto',
    );
  }
  return serverKnows && setting !== 'off';
}

/**
 * Makes a slot that is there, and that nobody has, one that stand-bys copy or do not copy, as the setting says. Returns whether it has
 * changed it. Throws SLOT_BUSY while a relay has it, SLOT_UNUSABLE, and what `pg` throws.
 * https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-ALTER-REPLICATION-SLOT
 */
export async function alterFailover(
  url: string,
  name: string,
  { failover }: Pick<SlotInfo, 'failover'>,
  setting: SlotFailover,
  stopping: AbortSignal,
): Promise<boolean> {
  const wanted = wantsFailover(setting, failover !== undefined);
  if (wanted === (failover ?? false)) return false;
  const replication = await connectForReplication(url, stopping);
  try {
    await replication.query(`ALTER_REPLICATION_SLOT ${pg.escapeIdentifier(name)} (FAILOVER ${wanted})`);
    return true;
  } catch (error) {
    if (errorCode(error) !== SLOT_IN_USE) throw error;
    throw new RelayError('SLOT_BUSY', `Another relay has the slot ${name}`, { cause: error });
  } finally {
    await close(replication);
  }
}
