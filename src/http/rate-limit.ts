export interface RateLimit {
  readonly requests: number;
  readonly windowSeconds: number;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };
const LONGEST_WINDOW_SECONDS = 86_400;

/** The rate that a text such as "100/1m" names; undefined for any other text. */
export function parseRateLimit(text: string): RateLimit | undefined {
  const [, requests, count, unit = ''] = /^([1-9]\d{0,8})\/([1-9]\d{0,4})([smh])$/.exec(text) ?? [];
  const windowSeconds = Number(count) * (SECONDS[unit] ?? Number.NaN);
  return windowSeconds <= LONGEST_WINDOW_SECONDS ? { requests: Number(requests), windowSeconds } : undefined;
}
