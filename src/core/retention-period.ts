const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 };
export const RETENTION_PATTERN = '^(off|[1-9][0-9]{0,4}[mhd])$';

/** "30d", "12h" or "90m" in milliseconds; undefined for "off", which keeps everything. */
export function parseRetention(text: string): number | undefined {
  if (text === 'off') return undefined;
  return Number.parseInt(text, 10) * UNIT_MS[text.at(-1) as keyof typeof UNIT_MS];
}
