import { setTimeout as sleep } from 'node:timers/promises';
import { WITHSTOOD } from '../../../faults/support/hostile-settings.ts';
import { SeededRandom } from '../../../relay/session/simulation/seeded-random.ts';
import { until } from '../../../support/until.ts';
import { ROLES } from '../roles.ts';
import { type FaultKind, type Stage, succeeds } from './fault.ts';

const SHARE = 0.3;

export const settingsFaults = {
  roleSettings: {
    label: 'hostile settings of the roles',
    weight: 2,
    durationMs: [1_000, 6_000],
    victim: () => 'roles',
    excusesRepeats: true,
    async run(stage, { dice, durationMs }) {
      const random = new SeededRandom(Math.floor(dice * 1_000_000));
      const { rows } = await stage.rig.db.query<{ name: string }>(
        'SELECT name FROM pg_settings WHERE name = ANY ($1)',
        [Object.keys(WITHSTOOD).filter(() => random.chance(SHARE))],
      );
      await change(stage, (role) =>
        rows.map(({ name }) => `ALTER ROLE ${role} SET ${name} = ${literal(name)}`),
      );
      // Sessions that are there keep what they began with.
      const { rowCount } = await stage.rig.db.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY ($1)',
        [ROLES],
      );
      await sleep(durationMs);
      await change(stage, (role) => [`ALTER ROLE ${role} RESET ALL`]);
      return { bit: rows.length > 0 && (rowCount ?? 0) > 0 };
    },
  },
} satisfies Record<string, FaultKind>;

async function change({ rig }: Stage, statements: (role: string) => string[]): Promise<void> {
  const sql = ROLES.flatMap(statements).join(';');
  if (sql !== '') await until('the roles are changed', () => succeeds(rig.db.query(sql)));
}

/** A list is not one value. */
function literal(name: string): string {
  return name === 'DateStyle' ? String(WITHSTOOD[name]) : `'${WITHSTOOD[name]}'`;
}
