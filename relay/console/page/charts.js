import { drawChart } from './chart.js';
import { byId } from './dom.js';
import { count, duration } from './format.js';

const HALF_AN_HOUR = 1_800;
/** A line is its column, its colour and the label before its value. */
const CHARTS = [
  { title: 'Events a second', lines: [['published', 'accent', '']], format: count },
  {
    title: 'Commit to accepted',
    lines: [
      ['p50', 'accent', 'p50 '],
      ['p99', 'second', 'p99 '],
    ],
    format: duration,
    isLogarithmic: true,
  },
  { title: 'Unsettled', lines: [['unsettled', 'accent', '']], format: count },
];

/** Charts of the last half hour, which begin with its history. */
export class Charts {
  #columns;
  #charts = [];

  constructor(history) {
    this.#columns = { ...history, at: history.at.map((ms) => ms / 1_000) };
    this.draw();
    new ResizeObserver(() => {
      for (const chart of this.#charts) chart.resize();
    }).observe(byId('charts'));
  }

  add(sample) {
    const { at } = this.#columns;
    const seconds = sample.at / 1_000;
    const last = at.at(-1) ?? seconds - 1;
    if (seconds <= last) return;
    // After a time without a connection a gap, not a line.
    if (seconds - last > 5) this.#push(seconds - 1, {});
    this.#push(seconds, sample);
    for (const chart of this.#charts) chart.update();
  }

  /** Anew, in the colours of the theme. */
  draw() {
    for (const chart of this.#charts) chart.destroy();
    this.#charts = CHARTS.map((chart) => drawChart(chart, this.#columns, HALF_AN_HOUR));
    byId('charts').replaceChildren(...this.#charts.map(({ card }) => card));
    for (const chart of this.#charts) chart.resize();
  }

  #push(seconds, sample) {
    for (const [name, column] of Object.entries(this.#columns)) {
      column.push(name === 'at' ? seconds : (sample[name] ?? null));
      if (column.length > HALF_AN_HOUR) column.shift();
    }
  }
}
