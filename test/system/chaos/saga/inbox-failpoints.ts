import { before, type Failpoint } from '../failpoints.ts';

/** Places between two steps of an inbox at which a process can be made to kill itself. */
export const inboxFailpoints: readonly Failpoint[] = [
  before('before_handling', 'src/inbox/receiving/in-hand.ts', 'this.reception.received();'),
  before('before_commit', 'src/db/transaction.ts', "const { command } = await end(transaction, 'commit');"),
  before(
    'after_commit_before_complete',
    'src/inbox/receiving/in-hand.ts',
    "if (settlement.kind === 'complete') {",
  ),
];
