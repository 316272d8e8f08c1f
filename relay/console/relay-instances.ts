import { randomBytes } from 'node:crypto';
import type pg from 'pg';

const LONGEST_NAME = 63; // PostgreSQL cuts off what is longer

/** The name of the connections of one relay process, by which relays of a slot are told apart. */
export function relayConnectionName(slot: string): string {
  return nameOf(randomBytes(2).toString('hex'), slot);
}

/** How many relays of this slot are there beside the one that has it, as far as this role may see. Throws what `pg` throws. */
export async function countStandbys(pool: pg.Pool, slot: string): Promise<number> {
  const { rows } = await pool.query<{ relays: number }>(
    `SELECT count(DISTINCT application_name)::int AS relays FROM pg_stat_activity
     WHERE application_name LIKE $1 AND datname = current_database()`,
    [likeAny(slot)],
  );
  return Math.max(0, (rows[0]?.relays ?? 0) - 1);
}

/** A pattern for LIKE: any instance of this slot. */
function likeAny(slot: string): string {
  return nameOf('????', slot).replaceAll('_', '\\_').replace('????', '____');
}

function nameOf(instance: string, slot: string): string {
  return `relay ${instance} ${slot}`.slice(0, LONGEST_NAME);
}
