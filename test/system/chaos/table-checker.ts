import { RETENTION_MINUTE_MS } from './short-retention.ts';
import type { Sighting, TableSighting } from './system-watch.ts';
import type { Violation } from './violation.ts';

/** How large the table has been, in rows and bytes, and how old the oldest published row at most, in milliseconds. */
export interface TableExtent {
  readonly rows: number;
  readonly bytes: number;
  readonly oldestPublishedMs: number;
}

/**
 * What was published leaves a minute later, within two rounds of a minute each. A minute is short here, and relays are killed in the
 * middle of a round. While the oldest event is stuck nothing is deleted that committed after it: then the time does not count.
 */
const GONE_WITHIN_MS = 3 * RETENTION_MINUTE_MS + 45_000;
const MOVING_MS = 5_000;
const GROWTH = 1.5;
const SMALL_BYTES = 32 * 1024 * 1024;

/** A table of which old rows are deleted keeps its size, however long it is written to. Pure. */
export function checkTable(sightings: readonly Sighting[]): { extent: TableExtent; violations: Violation[] } {
  const seen = sightings.flatMap(({ table }) => table ?? []);
  const extent = largest(seen);
  const early = largest(seen.slice(0, seen.length / 2));
  const overdueMs = longestOverdueMs(sightings);
  const details = [
    overdueMs <= GONE_WITHIN_MS ||
      `a row was there for ${overdueMs} ms after it was published, while everything moved`,
    extent.bytes <= GROWTH * early.bytes + SMALL_BYTES ||
      `${early.bytes} bytes in the first half became ${extent.bytes}`,
  ].filter((within) => within !== true);
  return {
    extent,
    violations: details.map((detail) => ({ kind: 'table grows', id: 'outbox', detail: String(detail) })),
  };
}

/** The longest that a published row was there while everything moved. */
function longestOverdueMs(sightings: readonly Sighting[]): number {
  let movingSince: number | undefined;
  let longest = 0;
  for (const { at, table } of sightings) {
    if (!table || table.oldestAgeMs > MOVING_MS) movingSince = undefined;
    else movingSince ??= at;
    if (table && movingSince !== undefined)
      longest = Math.max(longest, Math.min(at - movingSince, table.oldestPublishedMs));
  }
  return Math.round(longest);
}

function largest(seen: readonly TableSighting[]): TableExtent {
  const most = (of: (table: TableSighting) => number) => Math.max(0, ...seen.map(of));
  return {
    rows: most(({ rows }) => rows),
    bytes: most(({ bytes }) => bytes),
    oldestPublishedMs: Math.round(most(({ oldestPublishedMs }) => oldestPublishedMs)),
  };
}
