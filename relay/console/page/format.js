const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const count = (value) => (value == null ? '–' : numbers.format(value));

/** Of milliseconds: as many digits as help. */
export function duration(ms) {
  if (ms == null) return '–';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${Math.round(ms / 86_400_000)} d`;
}

export function bytes(value) {
  if (value == null) return '–';
  if (value < 1024) return `${value} B`;
  const power = Math.min(4, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}

const two = (value) => String(value).padStart(2, '0');

/** The local time; with the day if it is another one. */
export function time(iso) {
  const at = new Date(iso);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
  if (at.toDateString() === new Date().toDateString()) return clock;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock.slice(0, 8)}`;
}

/** JSON as it was committed, on lines of its own: parsing it would change numbers. */
export function indented(json) {
  let depth = 0;
  const line = (by) => {
    depth += by;
    return `\n${'  '.repeat(depth)}`;
  };
  return json.replaceAll(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{[]|[}\]]|,\s*/g, (token) => {
    if (token === '{' || token === '[') return token + line(1);
    if (token === '}' || token === ']') return line(-1) + token;
    return token.startsWith(',') ? `,${line(0)}` : token;
  });
}
