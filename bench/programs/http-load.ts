import { setTimeout as sleep } from 'node:timers/promises';
import { bodyOf, HttpClient, requestText } from '../support/http-client.ts';
import { answerRequests, nowUs } from '../support/worker.ts';

// HTTP requests over keep-alive connections, as cheaply as Node can: it shares the machine with what it measures.

export interface LoadRequest {
  readonly port: number;
  readonly connections: number;
  /** Requests in all. */
  readonly count: number;
  /** Requests a second, whatever the answers take; as fast as the connections allow when it is absent. */
  readonly perSecond?: number;
  readonly method: 'GET' | 'POST';
  /** Taken in turns. */
  readonly paths: readonly string[];
  readonly body?: string;
  /** Values of Authorization, taken in turns. */
  readonly authorizations?: readonly string[];
  /** The status that every answer must have. */
  readonly status: number;
  /** Whether to return what was answered when. */
  readonly keepAnswers?: boolean;
}

export interface LoadReply {
  readonly seconds: number;
  /** From the moment a request was due until its answer was there. */
  readonly latencyMs: Float64Array;
  readonly answers: readonly { readonly body: string; readonly atUs: number }[];
  readonly cpuUs: number;
}

answerRequests(async (request: LoadRequest): Promise<LoadReply> => {
  const { port, connections, count, perSecond, keepAnswers = false } = request;
  const texts = requestTexts(request).map((each) => Buffer.from(each));
  const latencyMs = new Float64Array(count);
  const answers: { body: string; atUs: number }[] = [];
  const clients = await Promise.all(Array.from({ length: connections }, () => HttpClient.open(port)));
  const expected = `HTTP/1.1 ${request.status} `;
  const cpuBefore = process.cpuUsage();
  const startedAt = nowUs();
  let next = 0;
  const dueAtUs = (n: number) => startedAt + (n * 1e6) / (perSecond ?? Number.POSITIVE_INFINITY);
  const lane = async (client: HttpClient) => {
    while (next < count) {
      const n = next++;
      const dueAt = perSecond === undefined ? nowUs() : dueAtUs(n);
      const waitMs = (dueAt - nowUs()) / 1_000;
      if (waitMs >= 1) await sleep(waitMs);
      const answer = await client.send(texts[n % texts.length] ?? Buffer.alloc(0));
      if (!answer.startsWith(expected)) throw new Error(`Not the expected answer: ${answer}`);
      const atUs = nowUs();
      latencyMs[n] = (atUs - dueAt) / 1_000;
      if (keepAnswers) answers.push({ body: bodyOf(answer), atUs });
    }
  };
  await Promise.all(clients.map(lane));
  const seconds = (nowUs() - startedAt) / 1e6;
  const { user, system } = process.cpuUsage(cpuBefore);
  for (const client of clients) client.close();
  return { seconds, latencyMs, answers, cpuUs: user + system };
});

/** Every path, and every Authorization if there are any, at least once. */
function requestTexts({ port, method, body, paths, authorizations = [] }: LoadRequest): string[] {
  return Array.from({ length: Math.max(paths.length, authorizations.length) }, (_, n) =>
    requestText(
      port,
      method,
      paths[n % paths.length] ?? '/',
      body,
      authorizations[n % authorizations.length],
    ),
  );
}
