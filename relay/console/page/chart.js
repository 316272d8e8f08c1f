import { el, setText } from './dom.js';

/* global uPlot */

const HEIGHT = 150;
const FONT = '11px system-ui, sans-serif';

/** One chart over the last `seconds` of `columns`, in a card with its title and the value at the cursor, or the last one. */
export function drawChart({ title, lines, format, isLogarithmic = false }, columns, seconds) {
  const value = el('span', { class: 'now' });
  const area = el('div', { role: 'img', 'aria-label': `${title}, the last half hour` });
  const caption = el('figcaption', {}, el('span', {}, title), value);
  const card = el('figure', { class: 'card chart' }, caption, area);
  const data = () => [columns.at, ...lines.map(([name]) => columns[name])];
  const tell = (at = columns.at.length - 1) =>
    setText(value, lines.map(([name, , label]) => label + format(columns[name][at])).join('  '));
  const axis = {
    stroke: colorOf('muted'),
    grid: { stroke: colorOf('line'), width: 1 },
    ticks: { show: false },
    font: FONT,
  };
  const plot = new uPlot(
    {
      width: 300,
      height: HEIGHT,
      padding: [8, 6, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false }, sync: { key: 'charts' } },
      scales: {
        x: { range: () => timesShown(columns.at, seconds) },
        y: isLogarithmic ? { distr: 3, range: powersAround } : { range: fromZero },
      },
      axes: [
        { ...axis, space: 70, size: 26, grid: { show: false }, values: (_plot, times) => times.map(clock) },
        {
          ...axis,
          size: 56,
          space: 30,
          ...(isLogarithmic && { splits: powersBetween }),
          values: (_plot, values) => values.map((each) => format(each).replace('.0 ', ' ')),
        },
      ],
      series: [{}, ...lines.map(([, color]) => line(colorOf(color), lines.length === 1))],
      hooks: { setCursor: [({ cursor }) => tell(cursor.idx ?? undefined)] },
    },
    data(),
    area,
  );
  tell();
  return {
    card,
    destroy: () => plot.destroy(),
    resize: () => plot.setSize({ width: area.clientWidth, height: HEIGHT }),
    update: () => {
      plot.setData(data());
      if (plot.cursor.idx == null) tell();
    },
  };
}

function line(stroke, isFilled) {
  const fill = isFilled ? stroke.replace('rgb(', 'rgba(').replace(')', ', 0.13)') : undefined;
  return { stroke, fill, width: 1.5, points: { show: false } };
}

/** A colour of the stylesheet as it is in this theme; a canvas knows no variables. */
function colorOf(name) {
  const probe = el('span');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** All that there is, but at least five minutes and at most `seconds`. */
function timesShown([first], seconds) {
  const now = Date.now() / 1_000;
  return [Math.max(now - seconds, Math.min(first ?? now, now - 300)), now];
}

const clock = (seconds) => new Date(seconds * 1_000).toTimeString().slice(0, 5);
const fromZero = (_plot, _least, most) => [0, Math.max(5, (most ?? 0) * 1.15)];

function powersAround(_plot, least, most) {
  return [10 ** Math.floor(Math.log10(least || 1)), 10 ** Math.ceil(Math.log10((most || 10) * 1.01))];
}

function powersBetween(_plot, _axis, least, most) {
  const first = Math.round(Math.log10(least));
  const count = Math.round(Math.log10(most)) - first + 1;
  // With more than five, every other one.
  const step = count > 5 ? 2 : 1;
  return Array.from({ length: Math.ceil(count / step) }, (_, nth) => 10 ** (first + nth * step));
}
