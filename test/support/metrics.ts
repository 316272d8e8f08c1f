/** The series of a Prometheus text, by their names with their labels. */
export function seriesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

/** The name and the type of each metric of a Prometheus text. */
export const metricsIn = (text: string) =>
  [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({ name, type }));

/** Those that are not of prom-client itself. */
export const ownMetrics = (text: string) =>
  metricsIn(text).filter(({ name }) => !/^(nodejs|process)_/.test(name));

/** What is wrong with a name or its unit: https://prometheus.io/docs/practices/naming/ */
export function metricFaults({ name, type }: { name: string; type: string }): string[] {
  const rules: [broken: boolean, rule: string][] = [
    [!/^[a-z][a-z0-9_]*$/.test(name), 'snake case'],
    [type === 'counter' && !name.endsWith('_total'), 'a counter ends with _total'],
    [type !== 'counter' && name.endsWith('_total'), 'only a counter ends with _total'],
    [/_(ms|milliseconds|us|ns|minutes|hours|kb|mb|kib|mib|percent)(_total)?$/.test(name), 'base units'],
    [type === 'histogram' && !/_(seconds|bytes|messages)$/.test(name), 'a histogram ends with its unit'],
  ];
  return rules.filter(([broken]) => broken).map(([, rule]) => `${name}: ${rule}`);
}
