import type { Saga } from './saga.ts';
import type { Stack } from './stack.ts';
import { tutorialOrder } from './tutorial-order.ts';

/** How to reach what runs, and a command that posts an order. */
export function addresses(
  { apiUrl, relayUrl, inboxUrl, databaseUrl, bus, issuer }: Stack,
  controlUrl: string,
  { receives = false, saga }: { receives?: boolean; saga?: Saga | undefined } = {},
): string {
  const authorization = issuer ? ` -H "Authorization: Bearer $TOKEN"` : '';
  return `
Everything is running. Ctrl-C stops it.

  api          ${apiUrl}          docs at ${apiUrl}/docs
  console      ${relayUrl}
  relay        ${relayUrl}/status
${receives ? `  inbox        ${inboxUrl}/status\n` : ''}  PostgreSQL   ${databaseUrl}
${saga ? ofSaga(saga) : ''}  Service Bus  ${bus.connectionString}
               faults at http://localhost:${bus.healthPort}/faults
  control      ${controlUrl}          POST /order, /broker/stop, /broker/start, /relay/kill

For npm run outbox, in another terminal:

  export DATABASE_URL=${databaseUrl}

${issuer ? forToken(issuer.url) : ''}An order:

  curl -i -X POST ${apiUrl}/api/orders -H 'Content-Type: application/json'${authorization} -d '${JSON.stringify(tutorialOrder)}'
`;
}

const ofSaga = ({
  inventory,
  payments,
}: Saga) => `  inventory    ${inventory.apiUrl}/api/inventory          its console: ${inventory.relayUrl}
  payments     ${payments.inboxUrl}/status          its console: ${payments.relayUrl}
`;

const forToken = (
  issuerUrl: string,
) => `A token, for one customer's orders (npm run token -- --help has the options):

  export TOKEN=$(npm run --silent token -- --issuer ${issuerUrl} --scope 'orders:read orders:write' --customer ${tutorialOrder.customerId})

`;
