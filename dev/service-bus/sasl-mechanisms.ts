/** One exchange of a mechanism as rhea drives it: `outcome` tells whether the client may go on. */
interface SaslExchange {
  outcome: boolean | undefined;
  username: string | undefined;
  start(): void;
}

/**
 * The mechanisms that Service Bus clients choose from. Each lets everyone in: who may do what is decided by the tokens
 * that a client puts afterwards. rhea offers what the object's own properties name.
 */
export function saslMechanisms(): Record<string, () => SaslExchange> {
  return { MSSBCBS: admitted, ANONYMOUS: admitted, EXTERNAL: admitted };
}

function admitted(): SaslExchange {
  return {
    outcome: undefined,
    username: 'anonymous',
    start() {
      this.outcome = true;
    },
  };
}
