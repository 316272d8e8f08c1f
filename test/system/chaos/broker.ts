import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
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

/** The same, with all that it takes to send it again. */
export interface WholeArrival extends Arrival {
  /** The topic. */
  readonly entity: string;
  readonly correlationId: string | undefined;
  readonly properties: Readonly<Record<string, string | number | boolean>>;
}

/** The local Service Bus as a process that can be killed, with a journal that outlives it. */
export class ChaosBroker {
  readonly member: Member;
  readonly port: number;
  readonly #journal: string;
  readonly #control: string;

  /** `topics` in the form of Microsoft's emulator. */
  static async open(folder: string, topics: readonly object[], history: History): Promise<ChaosBroker> {
    return new ChaosBroker(folder, topics, history, await freePort(), await freePort());
  }

  private constructor(
    folder: string,
    topics: readonly object[],
    history: History,
    port: number,
    control: number,
  ) {
    const config = join(folder, 'broker.json');
    const UserConfig = { Namespaces: [{ Name: 'sbemulatorns', Topics: topics }], Logging: { Type: 'File' } };
    writeFileSync(config, JSON.stringify({ UserConfig }));
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
  arrivals(): WholeArrival[] {
    return readFileSync(this.#journal, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map(toArrival);
  }

  /** About so many bytes of that, from somewhere: 0 is the beginning, 1 the end. */
  someArrivals(from: number, bytes: number): WholeArrival[] {
    const file = openSync(this.#journal, 'r');
    try {
      const piece = Buffer.alloc(bytes);
      const length = readSync(
        file,
        piece,
        0,
        bytes,
        Math.floor(from * Math.max(0, this.journalBytes - bytes)),
      );
      // What the piece begins and ends with may be parts of lines.
      return piece.toString('utf8', 0, length).split('\n').slice(1, -1).map(toArrival);
    } finally {
      closeSync(file);
    }
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

function toArrival(line: string): WholeArrival {
  const { entity, messageId, subject, sessionId, correlationId, applicationProperties, body, at } =
    JSON.parse(line);
  return {
    entity,
    messageId,
    subject,
    sessionId,
    correlationId,
    properties: applicationProperties,
    body: Buffer.from(body, 'base64').toString(),
    at: Date.parse(at),
  };
}

/** A topic that journals every message, repeats too, and keeps none: a subscription is there for its sessions alone. */
export function journalOnly(sessions: boolean): object {
  const nothing = { Name: 'nothing', Properties: { FilterType: 'Sql', SqlFilter: { SqlExpression: '1=0' } } };
  const Subscriptions = sessions
    ? [{ Name: 'all', Properties: { RequiresSession: true }, Rules: [nothing] }]
    : [];
  return { Name: 'orders', Properties: { RequiresDuplicateDetection: false }, Subscriptions };
}
