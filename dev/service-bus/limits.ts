const docs = 'https://learn.microsoft.com/azure/service-bus-messaging';
const quotas = `${docs}/service-bus-quotas`;
const sqlFilter = `${docs}/service-bus-messaging-sql-filter`;
const amqpErrors = `${docs}/service-bus-amqp-troubleshoot`;

/**
 * Every limit of the service that this broker keeps, and where it is written or was seen. Sizes in bytes, times in
 * milliseconds. Where a tier has more, the Standard tier's counts; its throttle alone is off until a test asks for it.
 */
export const limits = {
  /** A message, or a batch as a whole, of an entity that is not told otherwise. */
  messageBytes: limit(256 * 1_024, quotas),
  /** A batch, also where the entity takes larger messages. */
  batchBytes: limit(1_024 * 1_024, quotas),
  /** Of an entity that is not told otherwise: https://github.com/Azure/azure-sdk-for-net/issues/16450 has more for Premium. */
  batchMessages: limit(4_500, 'https://github.com/Azure/azure-service-bus/issues/397'),
  propertyBytes: limit(32 * 1_024, quotas),
  /** All that stands before the body: what the sender set, and what the protocol has. */
  headerBytes: limit(64 * 1_024, quotas),
  /** Of a message id, a session id, a partition key. */
  idCharacters: limit(128, quotas),
  /** What an entity holds, its dead letters included; 1 GB is the default, 5 GB can be had. */
  entityBytes: limit(1_024 * 1_024 * 1_024, quotas),
  peekedMessages: limit(250, quotas),
  connections: limit(5_000, quotas),
  /** A message costs one, and in a topic one more for each rule. The Standard tier has 1,000, the Premium tier no limit. */
  creditsPerSecond: limit(Number.POSITIVE_INFINITY, `${docs}/service-bus-throttling`),
  ruleOperationCredits: limit(10, `${docs}/service-bus-throttling`),
  ruleNameCharacters: limit(50, quotas),
  /** The text of a filter, or of an action. */
  sqlCharacters: limit(1_024, quotas),
  actionStatements: limit(32, quotas),
  sqlInteger: limit(2n ** 63n - 1n, sqlFilter),
  policiesPerLevel: limit(12, quotas),
  idleLinkMs: limit(600_000, amqpErrors),
  /** How long a connection may be without a link before its first. */
  unusedConnectionMs: limit(60_000, amqpErrors),
  /** How long after its last. */
  linklessConnectionMs: limit(300_000, amqpErrors),
  tokenWithinMs: limit(20_000, `${docs}/service-bus-amqp-protocol-guide#claims-based-authorization`),
} as const;

const adjustable = [
  'connections',
  'creditsPerSecond',
  'idleLinkMs',
  'unusedConnectionMs',
  'linklessConnectionMs',
  'tokenWithinMs',
] as const;

/** The limits that a broker can be given otherwise, so that nobody has to wait ten minutes for them. */
export type AdjustableLimits = Readonly<Record<(typeof adjustable)[number], number>>;

/** The service's values, except for those that are given. */
export function adjustedLimits(given: Partial<AdjustableLimits> = {}): AdjustableLimits {
  const values = Object.fromEntries(adjustable.map((name) => [name, limits[name].value]));
  return { ...values, ...given } as AdjustableLimits;
}

/** Reads texts such as `idleLinkMs=1000`. Throws a TypeError that says which limits there are. */
export function readLimits(texts: readonly string[]): Partial<AdjustableLimits> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = /^(\w+)=(\d+)$/.exec(text) ?? [];
      if (!adjustable.some((each) => each === name)) {
        throw new TypeError(`--limit ${text} must be NAME=NUMBER, with one of ${adjustable.join(', ')}`);
      }
      return [name, Number(value)];
    }),
  );
}

function limit<T extends number | bigint>(
  value: T,
  source: string,
): { readonly value: T; readonly source: string } {
  return { value, source };
}
