import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient, requestText } from '../support/http-client.ts';
import { answerRequests } from '../support/worker.ts';

// Many who all want something at once, over connections that they keep: they go on when they are served, and wait when they are refused.

export interface CrowdRequest {
  readonly port: number;
  readonly connections: number;
  readonly ms: number;
  readonly path: string;
  readonly body: string;
  /** Whether those who are refused ask again at once, and not after what `Retry-After` says. */
  readonly isImpatient: boolean;
}

export interface CrowdReply {
  readonly seconds: number;
  readonly acceptedMs: readonly number[];
  readonly refusedMs: readonly number[];
}

answerRequests(async (request: CrowdRequest): Promise<CrowdReply> => {
  const { port, connections, ms, isImpatient } = request;
  const text = Buffer.from(requestText(port, 'POST', request.path, request.body));
  const acceptedMs: number[] = [];
  const refusedMs: number[] = [];
  const clients = await Promise.all(Array.from({ length: connections }, () => HttpClient.open(port)));
  const startedAt = performance.now();
  const isOver = AbortSignal.timeout(ms);
  const lane = async (client: HttpClient) => {
    while (!isOver.aborted) {
      const sentAt = performance.now();
      const answer = await client.send(text);
      const tookMs = performance.now() - sentAt;
      const isAccepted = answer.startsWith('HTTP/1.1 201 ');
      if (!isAccepted && !answer.includes('problem:overloaded')) throw new Error(`Not expected: ${answer}`);
      (isAccepted ? acceptedMs : refusedMs).push(tookMs);
      if (!isAccepted && !isImpatient) {
        const seconds = Number(/retry-after: (\d+)/i.exec(answer)?.[1]);
        await sleep(seconds * 1_000 * (0.5 + Math.random()), undefined, { signal: isOver }).catch(
          () => undefined,
        );
      }
    }
  };
  await Promise.all(clients.map(lane));
  const seconds = (performance.now() - startedAt) / 1_000;
  for (const client of clients) client.close();
  return { seconds, acceptedMs, refusedMs };
});
