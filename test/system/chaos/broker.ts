import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../dev/free-port.ts';
import type { Fault } from '../../../dev/service-bus/faults.ts';
import { until } from '../../support/until.ts';
import type { History } from './history.ts';
import { Member } from './member.ts';

/** A message that the broker stored. */
export interface Arrival {
  readonly messageId: string;
  readonly subject: string | undefined;
  readonly sessionId: string | undefined;
  readonly body: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** The local Service Bus as a process that can be killed, with a journal that outlives it. */
export class ChaosBroker {
  readonly member: Member;
  readonly port: number;
  readonly #journal: string;
  readonly #control: string;

  static async open(folder: string, sessions: boolean, history: History): Promise<ChaosBroker> {
    return new ChaosBroker(folder, sessions, history, await freePort(), await freePort());
  }

  private constructor(folder: string, sessions: boolean, history: History, port: number, control: number) {
    const config = join(folder, 'broker.json');
    writeFileSync(config, JSON.stringify(brokerConfig(sessions)));
    this.port = port;
    this.#journal = join(folder, 'journal.jsonl');
    this.#control = `http://localhost:${control}`;
    const flags = { config, port, 'health-port': control, 'journal-file': this.#journal, 'journal-keep': 0 };
    this.member = new Member({
      name: 'broker',
      args: [
        'dev/service-bus/main.ts',
        ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, `${value}`]),
      ],
      env: {},
      logFile: join(folder, 'broker.log'),
      history,
    });
  }

  async start(): Promise<void> {
    if (!this.member.running) this.#dropHalfALine();
    this.member.start();
    await until(
      'the broker listens',
      async () => (await this.#call('GET', 'health').catch(() => undefined))?.ok,
    );
  }

  /** Lets something go wrong; resolves to a function that heals it and says whether it has struck. */
  async inject(fault: Fault): Promise<() => Promise<boolean>> {
    const { id } = (await (await this.#call('POST', 'faults', fault)).json()) as { id: number };
    return async () => {
      const active = (await (await this.#call('GET', 'faults')).json()) as { id: number; hits: number }[];
      await this.#call('DELETE', `faults/${id}`);
      const left = active.find((other) => other.id === id);
      return left === undefined || left.hits > 0;
    };
  }

  async heal(): Promise<void> {
    await this.#call('DELETE', 'faults');
  }

  /** Grows with every message that is stored. */
  get journalBytes(): number {
    return statSync(this.#journal, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Everything that was stored, in order, also by earlier lives of the process. */
  arrivals(): Arrival[] {
    return readFileSync(this.#journal, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const { messageId, subject, sessionId, body, at } = JSON.parse(line);
        return {
          messageId,
          subject,
          sessionId,
          body: Buffer.from(body, 'base64').toString(),
          at: Date.parse(at),
        };
      });
  }

  /** A kill in the middle of writing leaves a part of a line, of a message that nobody was told is stored. */
  #dropHalfALine(): void {
    if (!existsSync(this.#journal)) return;
    const written = readFileSync(this.#journal);
    truncateSync(this.#journal, written.lastIndexOf('\n') + 1);
  }

  async #call(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(`${this.#control}/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(5_000),
    });
    if (!response.ok) throw new Error(`The broker answered ${response.status} to ${method} ${path}`);
    return response;
  }
}

/** One topic that journals every message, repeats too, and keeps none: a subscription is there for its sessions alone. */
function brokerConfig(sessions: boolean): object {
  const nothing = { Name: 'nothing', Properties: { FilterType: 'Sql', SqlFilter: { SqlExpression: '1=0' } } };
  const Subscriptions = sessions
    ? [{ Name: 'all', Properties: { RequiresSession: true }, Rules: [nothing] }]
    : [];
  const Topics = [{ Name: 'orders', Properties: { RequiresDuplicateDetection: false }, Subscriptions }];
  return { UserConfig: { Namespaces: [{ Name: 'sbemulatorns', Topics }], Logging: { Type: 'File' } } };
}
