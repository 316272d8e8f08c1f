import type { Stack } from './stack.ts';
import { tutorialOrder } from './tutorial-order.ts';

/** How to reach what runs, and a command that posts an order. */
export function addresses({ apiUrl, relayUrl, databaseUrl, bus }: Stack): string {
  return `
Everything is running. Ctrl-C stops it.

  api          ${apiUrl}          docs at ${apiUrl}/docs
  relay        ${relayUrl}/status
  PostgreSQL   ${databaseUrl}
  Service Bus  ${bus.connectionString}
               faults at http://localhost:${bus.healthPort}/faults

For npm run outbox, in another terminal:

  export DATABASE_URL=${databaseUrl}

An order:

  curl -i -X POST ${apiUrl}/api/orders -H 'Content-Type: application/json' -d '${JSON.stringify(tutorialOrder)}'
`;
}
