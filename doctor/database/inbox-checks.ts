import { countWaiting } from '../../src/inbox/monitoring/waiting-rows.ts';
import { type Check, check } from '../check.ts';
import { type Judgement, right, risky } from '../finding.ts';
import { ordersChecks } from './orders-checks.ts';
import type { Privilege } from './privileges.ts';
import type { DatabaseSession } from './session.ts';

/** docs/operations.md, "Roles and grants" */
const PRIVILEGES: readonly Privilege[] = [
  { table: 'orders', action: 'SELECT' },
  { table: 'orders', action: 'UPDATE' },
  { table: 'order_items', action: 'SELECT' },
  { table: 'order_history', action: 'SELECT' },
  { table: 'order_history', action: 'INSERT' },
  { table: 'outbox', action: 'INSERT' },
  { table: 'inbox', action: 'SELECT' },
  { table: 'inbox', action: 'INSERT' },
  { table: 'inbox', action: 'UPDATE' },
  { table: 'inbox', action: 'DELETE' },
];

export const inboxChecks: readonly Check<DatabaseSession>[] = [
  ...ordersChecks(PRIVILEGES),
  check('waiting', ({ pool }) => countWaiting(pool), judgeWaiting),
];

/** By the names of the consumers. */
export function judgeWaiting(waiting: ReadonlyMap<string, number>): Judgement {
  if (waiting.size === 0) return right('no message waits for a person');
  const told = Array.from(waiting, ([consumer, count]) => `${count} of ${consumer}`).join(', ');
  return risky(`${told}: a person has to decide`);
}
