import { describeError } from '../src/core/log.ts';
import { cannotTell, type Finding, type Judgement } from './finding.ts';

/** One thing to look at; it rejects if it cannot be asked. */
export interface Check<Source> {
  readonly name: string;
  readonly look: (source: Source) => Promise<Judgement>;
}

/** Asks with I/O, and judges without. */
export function check<Source, Facts>(
  name: string,
  ask: (source: Source) => Promise<Facts>,
  judge: (facts: Facts, source: Source) => Judgement,
): Check<Source> {
  return { name, look: async (source) => judge(await ask(source), source) };
}

/** Judges what is known already. */
export function knownCheck<Source>(name: string, judge: (source: Source) => Judgement): Check<Source> {
  return { name, look: async (source) => judge(source) };
}

/** Of one check, and until when the last one may begin. */
export interface TimeLimits {
  readonly eachMs: number;
  readonly allMs: number;
}

const LIMITS: TimeLimits = { eachMs: 10_000, allMs: 30_000 };

/** Looks at one thing after the other. What cannot be asked, or not in time, hides nothing else. Never rejects. */
export async function examine<Source>(
  group: string,
  source: Source,
  checks: readonly Check<Source>[],
  { eachMs, allMs }: TimeLimits = LIMITS,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const deadline = performance.now() + allMs;
  for (const { name, look } of checks) {
    const judged =
      performance.now() < deadline
        ? await lookWithin(() => look(source), eachMs)
        : cannotTell('not asked: those before took too long');
    findings.push({ group, check: name, ...judged });
  }
  return findings;
}

/** The same of things that cannot be asked, all for one reason. */
export function unasked<Source>(group: string, checks: readonly Check<Source>[], reason: string): Finding[] {
  return checks.map(({ name }) => ({ group, check: name, ...cannotTell(reason) }));
}

async function lookWithin(look: () => Promise<Judgement>, ms: number): Promise<Judgement> {
  const { promise: late, resolve } = Promise.withResolvers<Judgement>();
  const timer = setTimeout(() => resolve(cannotTell(`no answer within ${ms / 1_000} s`)), ms);
  try {
    return await Promise.race([look(), late]);
  } catch (error) {
    return cannotTell(reasonOf(error));
  } finally {
    clearTimeout(timer);
  }
}

/** What an error says, or else its code. */
export function reasonOf(error: unknown): string {
  const { message, code = 'no reason was given' } = describeError(error);
  return message || code;
}
