import type { Finding, Verdict } from './finding.ts';

const WIDTH = 80;
const MARGIN = '  ';

/** How a verdict is shown in a terminal; as it is everywhere else. */
export type Paint = (verdict: Verdict, text: string) => string;

export const VERDICTS: readonly Verdict[] = ['wrong', 'risky', 'cannot tell', 'right'];

/**
 * Lines of 80 columns, but for commands, which are there to be copied. Ends with how many there are of each verdict: in each
 * system, where there are several, and in all.
 */
export function textReport(findings: readonly Finding[], paint: Paint = (_verdict, text) => text): string {
  const groups = Map.groupBy(joined(findings), ({ system, group }) =>
    system ? `${system}: ${group}` : group,
  );
  const told = [...groups].map(([group, ofGroup]) =>
    [group, ...ofGroup.flatMap((finding) => lines(finding, paint))].join('\n'),
  );
  const ofSystems = Map.groupBy(
    findings.filter(({ system }) => system),
    ({ system }) => system,
  );
  const counted = [...ofSystems].map(([system, ofSystem]) => `${system}: ${counts(ofSystem)}`);
  return [...told, [...counted, counts(findings)].join('\n')].join('\n\n');
}

function counts(findings: readonly Finding[]): string {
  const verdicts = Map.groupBy(findings, ({ verdict }) => verdict);
  return VERDICTS.map((verdict) => `${verdicts.get(verdict)?.length ?? 0} ${verdict}`).join(', ');
}

/** 1 if something is wrong, else 0. */
export function exitCode(findings: readonly Finding[]): 0 | 1 {
  return findings.some(({ verdict }) => verdict === 'wrong') ? 1 : 0;
}

/** What cannot be told for one reason is told once. */
function joined(findings: readonly Finding[]): Finding[] {
  const shown: Finding[] = [];
  for (const finding of findings) {
    const last = shown.at(-1);
    if (last && finding.verdict === 'cannot tell' && isSame(last, finding)) {
      shown[shown.length - 1] = { ...last, check: `${last.check}, ${finding.check}` };
    } else shown.push(finding);
  }
  return shown;
}

function isSame(one: Finding, other: Finding): boolean {
  const keys = ['system', 'group', 'verdict', 'reason'] as const;
  return keys.every((key) => one[key] === other[key]);
}

function lines({ verdict, check, reason, command }: Finding, paint: Paint): string[] {
  const indent = ' '.repeat(MARGIN.length + 'cannot tell'.length + MARGIN.length);
  const told = reason
    .split('\n')
    .flatMap((line, at) =>
      wrapped(at === 0 ? `${check}: ${line.trim()}` : line.trim(), WIDTH - indent.length),
    );
  const [first = '', ...rest] = told;
  return [
    `${MARGIN}${paint(verdict, verdict.padEnd('cannot tell'.length))}${MARGIN}${first}`,
    ...rest.map((line) => indent + line),
    ...(command === undefined ? [] : [`${indent}$ ${command}`]),
  ];
}

function wrapped(text: string, width: number): string[] {
  const found: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      found.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...found, line];
}
