import { type Check, check } from '../check.ts';
import { type Judgement, right, risky, wrong } from '../finding.ts';
import type { RelayDatabase } from './relay-database.ts';

const RESTART = 'and restart PostgreSQL';

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
  /** Azure Database for PostgreSQL, where nobody may ALTER SYSTEM. */
  readonly isAzure: boolean;
  /** Undefined before PostgreSQL 17. */
  readonly syncsSlots: boolean | undefined;
}

/** What sets it: a line for a shell on Azure, SQL elsewhere. */
function toSet(
  { isAzure }: Pick<ReplicationSettings, 'isAzure'>,
  name: string,
  value: string | number,
): string {
  if (!isAzure) return `ALTER SYSTEM SET ${name} = ${value};`;
  const plain = String(value).replaceAll("'", '');
  return `az postgres flexible-server parameter set -g GROUP -s SERVER --name ${name} --value ${plain}`;
}

/** The same for what needs no restart. */
function toSetAtOnce(
  settings: Pick<ReplicationSettings, 'isAzure'>,
  name: string,
  value: string | number,
): string {
  const command = toSet(settings, name, value);
  return settings.isAzure ? command : `${command} SELECT pg_reload_conf();`;
}

export const JUDGES = {
  wal_level: ({ walLevel, isAzure }) =>
    walLevel === 'logical'
      ? right('logical')
      : wrong(
          `it is ${walLevel}, and no slot can be made: set it ${RESTART}`,
          toSet({ isAzure }, 'wal_level', 'logical'),
        ),
  max_replication_slots: ({ slots, slotsTaken, hasSlot, isAzure }) =>
    hasSlot || slotsTaken < slots
      ? right(`${slotsTaken} of ${slots} slots are taken`)
      : wrong(
          `all ${slots} slots are taken: raise it ${RESTART}, or drop a slot that nobody needs`,
          toSet({ isAzure }, 'max_replication_slots', slots + 5),
        ),
  max_wal_senders: ({ senders, slots, isAzure }) => {
    const command = toSet({ isAzure }, 'max_wal_senders', Math.max(slots, 1));
    if (senders === 0) return wrong(`it is 0, and nobody can stream: raise it ${RESTART}`, command);
    return senders < slots
      ? risky(
          `${senders} for ${slots} slots: a connection that was cut keeps its own; raise it ${RESTART}`,
          command,
        )
      : right(String(senders));
  },
  max_slot_wal_keep_size: ({ slotWalMb, isAzure }, { walLimitMb }) => {
    if (slotWalMb < 0 && isAzure)
      return risky(
        'it is not set, and on Azure nobody can set it: a relay that is stopped keeps WAL until the server is read-only; run the guard every few minutes',
        `npm run outbox -- guard --max-wal ${2 * walLimitMb}MB`,
      );
    const command = toSetAtOnce({ isAzure }, 'max_slot_wal_keep_size', `'${2 * walLimitMb}MB'`);
    if (slotWalMb < 0)
      return risky('it is not set: a relay that is stopped keeps WAL until the disk is full', command);
    return slotWalMb <= walLimitMb
      ? risky(
          `${slotWalMb} MB is not more than RELAY_WAL_LIMIT_MB, ${walLimitMb}: the slot is lost first`,
          command,
        )
      : right(`${slotWalMb} MB; the disk needs as much to spare, which cannot be seen from here`);
  },
  wal_sender_timeout: ({ senderTimeoutMs, isAzure }) =>
    judgeTimeout(
      { isAzure },
      'wal_sender_timeout',
      senderTimeoutMs,
      'the slot of a relay that went silent is not given to another',
    ),
  idle_in_transaction_session_timeout: ({ idleInTransactionMs, isAzure }) =>
    judgeTimeout(
      { isAzure },
      'idle_in_transaction_session_timeout',
      idleInTransactionMs,
      'a transaction that somebody leaves open blocks the making of the slot, and VACUUM',
    ),
  idle_replication_slot_timeout: ({ idleSlotMs = 0, isAzure }) =>
    idleSlotMs > 0
      ? risky(
          `it is ${idleSlotMs} ms: the slot of a relay that was stopped on purpose is dropped`,
          toSetAtOnce({ isAzure }, 'idle_replication_slot_timeout', 0),
        )
      : right('off'),
  sync_replication_slots: ({ syncsSlots, isAzure }) => {
    if (!isAzure)
      return right('a stand-by has its own; whether one copies the slot cannot be seen from here');
    if (syncsSlots === undefined) return right('PostgreSQL has it from 17 on');
    return syncsSlots
      ? right('on: the stand-by of high availability has a copy of the slot')
      : risky(
          'it is off: after a failover the relay makes its slot anew and settles from the table; with high availability, set it and hot_standby_feedback',
          toSet({ isAzure }, 'sync_replication_slots', 'on'),
        );
  },
} satisfies Record<
  string,
  (settings: ReplicationSettings, relay: Pick<RelayDatabase, 'walLimitMb'>) => Judgement
>;

function judgeTimeout(
  azure: Pick<ReplicationSettings, 'isAzure'>,
  name: string,
  ms: number,
  harmOfNone: string,
): Judgement {
  return ms === 0 ? risky(`it is 0: ${harmOfNone}`, toSetAtOnce(azure, name, "'60s'")) : right(`${ms} ms`);
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
       1000 * ${value('idle_replication_slot_timeout')} AS "idleSlotMs",
       -- Allow-lists of Azure's own, which every server there has.
       current_setting('azure.extensions', true) IS NOT NULL AS "isAzure",
       current_setting('sync_replication_slots', true)::boolean AS "syncsSlots"`,
    [slot],
  );
  const [settings] = rows;
  if (!settings) throw new Error('PostgreSQL did not tell its settings');
  return {
    ...settings,
    idleSlotMs: settings.idleSlotMs ?? undefined,
    syncsSlots: settings.syncsSlots ?? undefined,
  };
}

/** SQL, in the unit of the setting. */
function value(name: string): string {
  return `(SELECT reset_val::int FROM pg_settings WHERE name = '${name}')`;
}
