import { type Check, check } from '../check.ts';
import { type Judgement, right, risky, wrong } from '../finding.ts';
import type { RelayDatabase } from './relay-database.ts';

const RESTART = 'and restart PostgreSQL';
const RELOAD = 'SELECT pg_reload_conf();';

/** docs/operations.md, "PostgreSQL settings". Sizes in MB, times in ms. */
export interface ReplicationSettings {
  readonly walLevel: string;
  readonly slots: number;
  readonly slotsTaken: number;
  /** Whether the relay's own is among them. */
  readonly hasSlot: boolean;
  readonly senders: number;
  /** -1: no limit. */
  readonly slotWalMb: number;
  readonly senderTimeoutMs: number;
  readonly idleInTransactionMs: number;
  /** Undefined before PostgreSQL 18. */
  readonly idleSlotMs: number | undefined;
}

export const JUDGES = {
  wal_level: ({ walLevel }) =>
    walLevel === 'logical'
      ? right('logical')
      : wrong(
          `it is ${walLevel}, and no slot can be made: set it ${RESTART}`,
          'ALTER SYSTEM SET wal_level = logical;',
        ),
  max_replication_slots: ({ slots, slotsTaken, hasSlot }) =>
    hasSlot || slotsTaken < slots
      ? right(`${slotsTaken} of ${slots} slots are taken`)
      : wrong(
          `all ${slots} slots are taken: raise it ${RESTART}, or drop a slot that nobody needs`,
          `ALTER SYSTEM SET max_replication_slots = ${slots + 5};`,
        ),
  max_wal_senders: ({ senders, slots }) => {
    const command = `ALTER SYSTEM SET max_wal_senders = ${Math.max(slots, 1)};`;
    if (senders === 0) return wrong(`it is 0, and nobody can stream: raise it ${RESTART}`, command);
    return senders < slots
      ? risky(
          `${senders} for ${slots} slots: a connection that was cut keeps its own; raise it ${RESTART}`,
          command,
        )
      : right(String(senders));
  },
  max_slot_wal_keep_size: ({ slotWalMb }, { walLimitMb }) => {
    const command = `ALTER SYSTEM SET max_slot_wal_keep_size = '${2 * walLimitMb}MB'; ${RELOAD}`;
    if (slotWalMb < 0)
      return risky('it is not set: a relay that is stopped keeps WAL until the disk is full', command);
    return slotWalMb <= walLimitMb
      ? risky(
          `${slotWalMb} MB is not more than RELAY_WAL_LIMIT_MB, ${walLimitMb}: the slot is lost first`,
          command,
        )
      : right(`${slotWalMb} MB; the disk needs as much to spare, which cannot be seen from here`);
  },
  wal_sender_timeout: ({ senderTimeoutMs }) =>
    judgeTimeout(
      'wal_sender_timeout',
      senderTimeoutMs,
      'the slot of a relay that went silent is not given to another',
    ),
  idle_in_transaction_session_timeout: ({ idleInTransactionMs }) =>
    judgeTimeout(
      'idle_in_transaction_session_timeout',
      idleInTransactionMs,
      'a transaction that somebody leaves open blocks the making of the slot, and VACUUM',
    ),
  idle_replication_slot_timeout: ({ idleSlotMs = 0 }) =>
    idleSlotMs > 0
      ? risky(
          `it is ${idleSlotMs} ms: the slot of a relay that was stopped on purpose is dropped`,
          `ALTER SYSTEM SET idle_replication_slot_timeout = 0; ${RELOAD}`,
        )
      : right('off'),
} satisfies Record<
  string,
  (settings: ReplicationSettings, relay: Pick<RelayDatabase, 'walLimitMb'>) => Judgement
>;

function judgeTimeout(name: string, ms: number, harmOfNone: string): Judgement {
  return ms === 0
    ? risky(`it is 0: ${harmOfNone}`, `ALTER SYSTEM SET ${name} = '60s'; ${RELOAD}`)
    : right(`${ms} ms`);
}

export const replicationSettingsChecks: readonly Check<RelayDatabase>[] = Object.entries(JUDGES).map(
  ([name, judge]) => check(name, askSettings, judge),
);

/** As the server begins its sessions, not as this one is. */
async function askSettings({ pool, slot }: RelayDatabase): Promise<ReplicationSettings> {
  const { rows } = await pool.query<ReplicationSettings>(
    `SELECT current_setting('wal_level') AS "walLevel", current_setting('max_replication_slots')::int AS slots,
       (SELECT count(*)::int FROM pg_replication_slots) AS "slotsTaken",
       EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1) AS "hasSlot",
       current_setting('max_wal_senders')::int AS senders, ${value('max_slot_wal_keep_size')} AS "slotWalMb",
       ${value('wal_sender_timeout')} AS "senderTimeoutMs",
       ${value('idle_in_transaction_session_timeout')} AS "idleInTransactionMs",
       1000 * ${value('idle_replication_slot_timeout')} AS "idleSlotMs"`,
    [slot],
  );
  const [settings] = rows;
  if (!settings) throw new Error('PostgreSQL did not tell its settings');
  return { ...settings, idleSlotMs: settings.idleSlotMs ?? undefined };
}

/** SQL, in the unit of the setting. */
function value(name: string): string {
  return `(SELECT reset_val::int FROM pg_settings WHERE name = '${name}')`;
}
