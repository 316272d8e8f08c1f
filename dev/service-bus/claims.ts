import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';

/** What the tokens that a connection has put allow, by entity path. The empty path stands for the namespace. */
export class Claims {
  readonly #expiry = new Map<string, number>();

  /** A newer token for the same path takes the place of the old one. */
  put(path: string, expiresAt: number): void {
    this.#expiry.set(path.toLowerCase(), expiresAt);
  }

  /** Why the connection may not use the entity at this path now; undefined when it may. */
  refusal(path: string, now: number): AmqpError | undefined {
    let known = false;
    for (let scope = path.toLowerCase(); ; scope = scope.slice(0, Math.max(scope.lastIndexOf('/'), 0))) {
      const expiresAt = this.#expiry.get(scope);
      if (expiresAt !== undefined && expiresAt > now) return undefined;
      known ||= expiresAt !== undefined;
      if (scope === '') break;
    }
    return known
      ? refusal.unauthorized(`ExpiredToken: The token is expired. Resource: '${path}'.`)
      : refusal.noClaim(path);
  }
}
