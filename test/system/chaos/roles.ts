/** Those that the operations manual makes, for the api and for the relay. */
export const ROLES = ['order_api', 'order_relay'] as const;

/** The URL of a database for one of them. */
export function urlFor(role: (typeof ROLES)[number], url: string): string {
  return Object.assign(new URL(url), { username: role }).href;
}
