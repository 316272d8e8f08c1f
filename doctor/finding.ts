export type Verdict = 'right' | 'risky' | 'wrong' | 'cannot tell';

/** What was found about one thing, and what mends it: a line for a shell, or SQL. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly command?: string;
}

export interface Finding extends Judgement {
  /** Where many are looked at: which one. */
  readonly system?: string;
  readonly group: string;
  readonly check: string;
}

export const right = (reason: string): Judgement => ({ verdict: 'right', reason });

export const cannotTell = (reason: string, command?: string): Judgement =>
  judgement('cannot tell', reason, command);

/** It works, and may not go on to. */
export const risky = (reason: string, command?: string): Judgement => judgement('risky', reason, command);

/** It does not work, or loses something. */
export const wrong = (reason: string, command?: string): Judgement => judgement('wrong', reason, command);

function judgement(verdict: Verdict, reason: string, command: string | undefined): Judgement {
  return { verdict, reason, ...(command !== undefined && { command }) };
}
