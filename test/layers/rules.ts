export interface Rule {
  readonly rule: string;
  /** The files it is about. */
  readonly files: RegExp;
  /** What they must not import: a path from the root of ours, or a package; `type`, `static` or `dynamic` stands before it. */
  readonly imports?: RegExp;
  /** What must not stand in them, comments left out. */
  readonly text?: RegExp;
  /** What must not stand in them, comments included. */
  readonly words?: RegExp;
  /** What the path itself must not be. */
  readonly path?: RegExp;
  /** A file that breaks it: the check is tried on it. */
  readonly planted: readonly [path: string, text: string];
}

/** The rooms of the relay, and which others each may import from. Every room may use the files beside them that are below all. */
export const RELAY_ROOMS: Readonly<Record<string, string>> = {
  outbox: '',
  publishing: 'outbox',
  replication: 'outbox',
  recovery: 'outbox|publishing|replication',
  monitoring: 'outbox|replication|recovery',
  failures: 'publishing|monitoring',
  retention: 'outbox|monitoring',
  session: 'outbox|publishing|replication|recovery|monitoring|failures|retention',
  admin: 'outbox|replication|recovery|monitoring|config\\.ts',
  console: 'outbox|monitoring|admin',
};

export const rules: Rule[] = [
  ...Object.entries(RELAY_ROOMS).map(([room, below]) => ({
    rule: `relay/${room} imports only the rooms below it`,
    files: new RegExp(`^relay/${room}/`),
    imports: new RegExp(` relay/(?!(${room}|${below})(/|$)|(lsn|relay-error)\\.ts$)`),
    planted: [`relay/${room}/planted.ts`, "import { runRelay } from '../relay.ts';"] as const,
  })),
  {
    rule: 'one folder of the relay knows Service Bus and AMQP',
    files: /^relay\/(?!publishing\/service-bus\/|main\.ts$|config\.ts$)/,
    words: /service.?bus|amqp|rhea/i,
    planted: ['relay/session/session.ts', '// as Service Bus has it'],
  },
  {
    rule: 'src/core imports nothing of ours',
    files: /^src\/core\//,
    imports: / (?!src\/core\/)(src|relay|doctor|dev|bench|test|drizzle)\//,
    planted: ['src/core/log.ts', "import { buildApp } from '../app.ts';"],
  },
  {
    rule: 'relay imports src/core and itself',
    files: /^relay\//,
    imports: / (?!relay\/|src\/core\/)(src|doctor|dev|bench|test|drizzle)\//,
    planted: ['relay/relay.ts', "import type { Order } from '../src/orders/order.ts';"],
  },
  {
    rule: 'the api imports src alone',
    files: /^src\/(?!core\/)/,
    imports: / (?!drizzle\/meta\/_journal\.json$)(relay|doctor|dev|bench|test|drizzle)\//,
    planted: ['src/main.ts', "const { openStack } = await import('../dev/stack-to-be.ts');"],
  },
  {
    rule: 'the api does without the inbox',
    files: /^src\/(?!inbox\/)/,
    imports: / src\/inbox\//,
    planted: ['src/app.ts', "import { consumedEvents } from './inbox/consumed-events.ts';"],
  },
  {
    rule: 'what receives knows nothing of what becomes of a message',
    files: /^src\/inbox\/receiving\//,
    imports:
      / (drizzle-orm|pg$|src\/(?!core\/|messages\/trace-context\.ts$|inbox\/(receiving\/|(received-message|settlement)\.ts$)))/,
    planted: ['src/inbox/receiving/reception.ts', "import { consumedEvents } from '../consumed-events.ts';"],
  },
  {
    rule: 'what handles a message knows nothing of where it came from',
    files: /^src\/inbox\/handling\//,
    imports: / src\/inbox\/(?!handling\/|(received-message|settlement)\.ts$)/,
    planted: ['src/inbox/handling/handler.ts', "import { peek } from '../receiving/peek.ts';"],
  },
  {
    rule: 'the doctor imports what ships, and what it looks with',
    files: /^doctor\//,
    imports:
      / (dev|bench|test|drizzle)\/| (relay|src|src\/inbox)\/(relay|main|app|inbox)\.ts$| relay\/session\//,
    planted: ['doctor/examine.ts', "import { runRelay } from '../relay/relay.ts';"],
  },
  {
    rule: 'an example imports src and itself',
    files: /^examples\//,
    imports: / (relay|doctor|dev|bench|test|drizzle)\//,
    planted: ['examples/payments/main.ts', "import { openStack } from '../../dev/stack-to-be.ts';"],
  },
  {
    rule: 'only tests import the examples',
    files: /^(?!examples\/|test\/)/,
    imports: / examples\//,
    planted: ['dev/saga.ts', "import { receptors } from '../examples/payments/payments.ts';"],
  },
  {
    rule: 'only tests import tests',
    files: /^(dev|bench)\//,
    imports: / test\//,
    planted: ['dev/demo.ts', "import { until } from '../test/support/until.ts';"],
  },
  {
    rule: 'src/http knows no SQL',
    files: /^src\/http\//,
    imports: / (drizzle-orm|pg|src\/(orders\/order(-history)?|idempotency\/answer)-store\.ts|src\/outbox\/)/,
    planted: ['src/http/order-routes.ts', "import { findOrder } from '../orders/order-store.ts';"],
  },
  {
    rule: 'only the outbox writer inserts into the outbox',
    files: /^src\/(?!outbox\/outbox-writer\.ts)/,
    text: /insert\(\s*outbox\b|insert\s+into\s+"?outbox\b/i,
    planted: ['src/orders/order-store.ts', 'await db\n  .insert(outbox)\n  .values(event);'],
  },
  {
    rule: 'statements of the relay have the names of its tables from one place',
    files: /^relay\//,
    text: /\b(FROM|JOIN|UPDATE|INTO|ONLY|TABLE|ON)\s+"?(outbox|relay_progress)\b|'(outbox|relay_progress)'::|to_regclass\('/,
    planted: ['relay/outbox/outbox-store.ts', 'await pool.query(`SELECT FROM outbox LIMIT 1`);'],
  },
  only('pg-logical-replication', /^(relay\/replication\/stream\.ts$|bench\/|test\/)/),
  only(
    '@azure\\/service-bus',
    /^(src\/core\/service-bus|relay\/publishing\/service-bus|src\/inbox\/receiving|examples|dev|bench|test)\//,
  ),
  only('@azure\\/identity', /^src\/core\/azure-credential\.ts$/),
  {
    rule: '@azure/identity is loaded only when it is needed',
    files: /^/,
    imports: /^static @azure\/identity/,
    planted: ['src/core/azure-credential.ts', "import { DefaultAzureCredential } from '@azure/identity';"],
  },
  only('rhea', /^(dev\/service-bus|test)\//),
  only('@opentelemetry\\/(?!api$)', /^(src\/core\/telemetry|test)\/.*\.ts$/, '@opentelemetry/resources'),
  only(
    '@opentelemetry\\/api',
    /^(src\/core\/telemetry\/.*|src\/messages\/trace-context|relay\/monitoring\/send-spans|src\/inbox\/handling\/process-span|test\/.*)\.ts$/,
  ),
  only(
    '(@fastify\\/(?!otel$)|fastify(-plugin)?$)',
    /^(src\/app|src\/http\/.*|src\/core\/health-server|relay\/console\/.*|examples\/[^/]+\/api|bench\/programs\/.*|test\/.*)\.ts$/,
    'fastify',
  ),
  only('ajv(\\/|$)', /^(src\/http\/(validation|query\/query-validator)\.ts$|test\/)/, 'ajv'),
  only('@fastify\\/otel', /^src\/core\/telemetry\/tracing\.ts$/),
  only('jose', /^(src\/http\/auth\/|dev\/local-issuer\.ts$|test\/)/),
  only(
    'drizzle-orm',
    /^(src\/((db|orders|outbox|idempotency)\/|inbox\/handling\/inbox-store\.ts$)|examples\/[^/]+\/(schema|store)\.ts$|bench\/programs\/|test\/)/,
  ),
  only(
    'prom-client',
    /^((relay|src\/inbox)\/monitoring\/metrics|src\/core\/(health-server|process-figures|exported-metrics|histogram-metric|telemetry\/metric-data)|src\/http\/(metrics\/.*|plugins\/metrics)|test\/.*)\.ts$/,
  ),
  only('pino$', /^src\/core\/(terminal-)?log\.ts$/),
  only('playwright-core', /^(dev\/(browser|screenshots)\.ts$|test\/)/),
  only('@sparticuz\\/chromium', /^dev\/browser\.ts$/, '@sparticuz/chromium'),
  only('@asyncapi\\/diff', /^dev\/contracts\//, '@asyncapi/diff'),
  only('(@asyncapi\\/parser|cloudevents$)', /^test\//, '@asyncapi/parser'),
  only('axe-core', /^test\//),
  only('(@kubernetes-models/|kubernetes-models)', /^test\/deploy\//, 'kubernetes-models'),
  only('pino-pretty', /^(dev\/readable-log|src\/core\/terminal-log)\.ts$/),
  only('chokidar', /^dev\/restarted-process\.ts$/),
  only('close-with-grace', /^src\/core\/lifecycle\.ts$/),
  only('env-schema', /^src\/core\/config\.ts$/),
  {
    rule: 'the environment is read at the edge',
    files:
      /^(?!(src|src\/inbox|src\/inbox\/admin\/cli|src\/db\/migrate|relay|relay\/admin\/cli|doctor|examples\/[^/]+)\/main\.ts|src\/core\/telemetry\.ts|drizzle\.config\.ts|dev\/|bench\/|test\/)/,
    text: /process\.env\b|process\['env'\]|\benv\b[^;]*\bfrom 'node:process'/,
    planted: ['src/app.ts', "const docs = process.env['API_DOCS'];"],
  },
  {
    rule: 'the lifecycle alone ends a process',
    files: /^(?!src\/core\/lifecycle\.ts|dev\/(demo|dev|command-line)\.ts|bench\/support\/worker\.ts|test\/)/,
    text: /process\.(exit|abort|reallyExit)\(/,
    planted: ['relay/main.ts', 'process.exit(1);'],
  },
  {
    rule: 'what ships writes to its log, not to the console',
    files: /^(src|relay|doctor)\//,
    text: /\bconsole\.(?!ts\b)/,
    planted: ['relay/session/session.ts', "console.log('here');"],
  },
  {
    rule: 'only the configuration of a tool has a default export',
    files: /^(?![^/]+\.config\.ts$)/,
    text: /^export (default\b|{[^}]*\bas default\b)/m,
    planted: ['src/app.ts', 'export default buildApp;'],
  },
  {
    rule: 'a name says what is in the file',
    files: /^/,
    path: /(^|\/)(index|utils?|helpers?|common|types)(\.[a-z]+)*(\.ts$|\/)/,
    planted: ['src/http/helpers.ts', ''],
  },
  {
    rule: 'names are kebab-case',
    files: /^/,
    path: /^(?!([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$)/,
    planted: ['src/http/orderRoutes.ts', ''],
  },
];

/** A package that only these files may import. */
function only(name: string, files: RegExp, example = name.replace(/[\\$]/g, '')): Rule {
  return {
    rule: `${example} has its place`,
    files: new RegExp(`^(?!${files.source.replace(/^\^/, '')})`),
    imports: new RegExp(` ${name}`),
    planted: ['src/receptors/receptor.ts', `const it = await import('${example}');`],
  };
}
