import { type Check, check, examine, reasonOf } from './check.ts';
import type { Half } from './configuration.ts';
import { cannotTell, type Finding, type Judgement, right, wrong } from './finding.ts';

export interface ProcessAddress {
  readonly half: Half;
  readonly port: number;
}

/** What /health/ready says, as far as it is read here. */
export interface Readiness {
  readonly status: number;
  readonly body: {
    readonly state?: string;
    readonly blockedBy?: string | null;
    readonly lastError?: { readonly message?: string } | null;
  };
}

const CHECKS = { api: 'api ready', relay: 'relay ready', inbox: 'inbox ready' };
const GROUP = 'Processes on this machine';
const ANSWERS_WITHIN_MS = 3_000;

/** A text: why nobody answers. */
export function judgeReadiness(readiness: Readiness | string, url: string): Judgement {
  if (typeof readiness === 'string') return cannotTell(`nobody answers at ${url}: ${readiness}`);
  const { status, body } = readiness;
  if (status === 200) return right(body.state === undefined ? 'ready' : `ready: ${body.state}`);
  const reasons = [body.state, body.blockedBy && `blocked by ${body.blockedBy}`, body.lastError?.message];
  const told = reasons.filter(Boolean).join(', ');
  return wrong(`not ready${told && `: ${told}`}`, `curl -s ${url}`);
}

/** Whether this process is ready, if it runs on this machine. Never rejects. */
export function examineProcess(address: ProcessAddress): Promise<Finding[]> {
  const readiness: Check<ProcessAddress> = check(CHECKS[address.half], askReadiness, (answer) =>
    judgeReadiness(answer, urlOf(address)),
  );
  return examine(GROUP, address, [readiness]);
}

async function askReadiness(address: ProcessAddress): Promise<Readiness | string> {
  try {
    const answer = await fetch(urlOf(address), { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
    return { status: answer.status, body: (await answer.json()) as Readiness['body'] };
  } catch (error) {
    return reasonOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
  }
}

function urlOf({ port }: ProcessAddress): string {
  return `http://localhost:${port}/health/ready`;
}
