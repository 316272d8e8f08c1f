import { commandLine } from './command-line.ts';
import { USUAL_PORTS } from './usual-ports.ts';

const USUAL_ISSUER = `http://127.0.0.1:${USUAL_PORTS.issuer}`;
const USAGE = `A token of the local issuer: npm run --silent token [-- OPTION ...]
npm run dev -- --auth and npm run demo -- --keep --auth start the issuer.

  --scope SCOPES   what it allows; 'orders:read orders:write' if not given
  --customer ID    whose orders alone; cust-123 if not given, unless SCOPES has orders:any
  --subject NAME   who it is; developer if not given
  --issuer URL     where the issuer is; ${USUAL_ISSUER} if not given
`;

const { values } = commandLine(USAGE, {
  options: {
    scope: { type: 'string', default: 'orders:read orders:write' },
    customer: { type: 'string' },
    subject: { type: 'string', default: 'developer' },
    issuer: { type: 'string', default: USUAL_ISSUER },
  },
});
const customer = values.customer ?? (values.scope.includes('orders:any') ? '' : 'cust-123');
try {
  const answer = await fetch(`${values.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({ scope: values.scope, sub: values.subject, customer_id: customer }),
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  console.log(token);
} catch (error) {
  console.error(`There is no local issuer at ${values.issuer}: ${String((error as Error).cause ?? error)}`);
  process.exitCode = 1;
}
