import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { placeOrder } from './place-order.ts';
import type { Stack } from './stack.ts';

export interface ConsoleControl {
  /** What the relay is given as RELAY_CONSOLE_DEV_URL. */
  readonly url: string;
  close(): Promise<void>;
}

export interface ConsoleControlDeps {
  readonly stack: Pick<Stack, 'apiUrl' | 'relayUrl' | 'bus' | 'issuer'>;
  /** Ends the relay without a warning; whoever started it starts it again. */
  readonly killRelay: () => void;
}

/**
 * What the relay's console may do to a stack on this machine, for its page alone and for programs. Answers are JSON; an action that
 * fails is answered with 502 and `error`. The caller closes it.
 *
 * - `GET /`: `{ "broker": "running" | "stopped" }`
 * - `POST /order`: places the order of the tutorial; 201 and the order
 * - `POST /broker/stop`, `POST /broker/start`: Service Bus cannot be reached from then on, or can again
 * - `POST /relay/kill`: the relay ends by SIGKILL, and is started again
 */
export async function openConsoleControl(deps: ConsoleControlDeps): Promise<ConsoleControl> {
  const { port } = new URL(deps.stack.relayUrl);
  const origins = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
  const server = createServer((request, response) => {
    // No other page may act in the name of who looks at it: https://fetch.spec.whatwg.org/#origin-header
    const { origin } = request.headers;
    if (origin !== undefined && !origins.includes(origin)) {
      return send(response, 403, { error: `This is for the console at ${origins[0]}` });
    }
    response.setHeader('vary', 'origin');
    if (origin !== undefined) response.setHeader('access-control-allow-origin', origin);
    act(deps, request).then(
      ([status, body]) => send(response, status, body),
      (error: Error) => send(response, 502, { error: error.message }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function act(
  { stack, killRelay }: ConsoleControlDeps,
  { method, url }: IncomingMessage,
): Promise<[status: number, body: unknown]> {
  const { faults } = stack.bus;
  const broker = () => ({ broker: faults.has('refuseConnections') ? 'stopped' : 'running' });
  switch (`${method} ${url}`) {
    case 'GET /':
      return [200, broker()];
    case 'POST /order': {
      const { status, order } = await placeOrder(stack);
      return [status, order];
    }
    case 'POST /broker/stop':
      if (!faults.has('refuseConnections')) {
        faults.inject({ kind: 'refuseConnections' });
        faults.inject({ kind: 'closeIdle' });
      }
      return [200, broker()];
    case 'POST /broker/start':
      faults.heal();
      return [200, broker()];
    case 'POST /relay/kill':
      killRelay();
      return [202, { relay: 'killed' }];
    default:
      return [404, { error: `There is no ${method} ${url}` }];
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
