const FIRST = Date.parse('0001-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

/** RFC 3339; undefined for anything else. A space for "+", which is what a URL makes of it, is taken for one. */
export function parseInstant(text: string): Date | undefined {
  const [, date, time, offset] =
    /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d(?:\.\d{1,9})?)([Zz]|[+ -]\d\d:\d\d)$/.exec(text) ?? [];
  if (!date || !time || !offset) return undefined;
  // JavaScript would take the 31st of February for the 3rd of March.
  const midnight = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(date)) return undefined;
  return storable(new Date(`${date}T${time}${offset.toUpperCase().replace(' ', '+')}`));
}

/** A date that both JavaScript and PostgreSQL know, with a year of four digits. */
export function storable(date: Date): Date | undefined {
  const time = date.getTime();
  return time >= FIRST && time <= LAST ? date : undefined;
}
