import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';
import type { Right } from './shared-access-policy.ts';

interface Claim {
  readonly expiresAt: number;
  readonly rights: readonly Right[];
}

/** What the tokens that a connection has put allow, by entity path. The empty path stands for the namespace. */
export class Claims {
  readonly #claims = new Map<string, Claim>();

  /** A newer token for the same path takes the place of the old one. */
  put(path: string, expiresAt: number, rights: readonly Right[]): void {
    this.#claims.set(path.toLowerCase(), { expiresAt, rights });
  }

  /** Until when the right holds for the entity at this path, in epoch milliseconds; undefined when it never did. */
  expiresAt(path: string, right: Right): number | undefined {
    let latest: number | undefined;
    for (let scope = path.toLowerCase(); ; scope = scope.slice(0, Math.max(scope.lastIndexOf('/'), 0))) {
      const claim = this.#claims.get(scope);
      if (claim?.rights.includes(right) === true) latest = Math.max(latest ?? 0, claim.expiresAt);
      if (scope === '') return latest;
    }
  }

  /** Why the connection may not do this with the entity now; undefined when it may. `address` is for people. */
  refusal(path: string, right: Right, now: number, address: string): AmqpError | undefined {
    const expiresAt = this.expiresAt(path, right);
    if (expiresAt === undefined) return refusal.noClaim(right, address);
    return expiresAt > now
      ? undefined
      : refusal.unauthorized(`ExpiredToken: The token is expired. Resource: '${address}'.`);
  }
}
