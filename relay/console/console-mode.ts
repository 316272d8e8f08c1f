/** off: no console. read: to look at. operate: to act, too. */
export const CONSOLE_MODES = ['off', 'read', 'operate'] as const;

export type ConsoleMode = (typeof CONSOLE_MODES)[number];

/** What is meant where nothing is said: production shows nothing. */
export function consoleMode(wanted: ConsoleMode | undefined, environment: string): ConsoleMode {
  return wanted ?? (environment === 'production' ? 'off' : 'read');
}
