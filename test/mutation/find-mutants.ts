import ts from 'typescript';

/** A change of one decision: some bytes of a file become others. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** For people: what stood there, and what stands there now. */
  readonly what: string;
}

/** What is put in the place of which node. */
type Change = readonly [node: ts.Node, text: string];

/** At its boundary; the other way round is found by a condition that is forced. */
const OTHER_COMPARISON: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.LessThanToken]: '<=',
  [ts.SyntaxKind.LessThanEqualsToken]: '<',
  [ts.SyntaxKind.GreaterThanToken]: '>=',
  [ts.SyntaxKind.GreaterThanEqualsToken]: '>',
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: '!==',
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: '===',
};

const LOG_CALL = /^(this\.#deps\.|deps\.)?log[.[]/;

/** Each comparison flipped, each condition and each part of one forced, each statement removed. */
export function findMutants(file: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node)) return;
    for (const [target, text] of changesOf(node)) {
      const start = target.getStart();
      const before = target.getText();
      const line = tree.getLineAndCharacterOfPosition(start).line + 1;
      const what = `${oneLine(ts.isToken(target) ? target.parent.getText() : before)} → ${text}`;
      mutants.push({ file, line, start, end: target.getEnd(), text, what });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return mutants;
}

function changesOf(node: ts.Node): Change[] {
  if (ts.isIfStatement(node)) return forced(node.expression);
  if (ts.isConditionalExpression(node)) return forced(node.condition);
  // One that is always true runs for ever.
  if (ts.isWhileStatement(node)) return [[node.expression, 'false']];
  if (ts.isForStatement(node) && node.condition) return [[node.condition, 'false']];
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return [[node, node.operand.getText()]];
  }
  if (ts.isBinaryExpression(node)) return changesOfBinary(node);
  if (isRemovable(node)) return [[node, ';']];
  return [];
}

function changesOfBinary({ operatorToken, left, right }: ts.BinaryExpression): Change[] {
  const other = OTHER_COMPARISON[operatorToken.kind];
  if (other !== undefined) return [[operatorToken, other]];
  const without = NEUTRAL[operatorToken.kind];
  return without === undefined ? [] : [left, right].map((part) => [part, without] as const);
}

/** What a part of a condition is without effect. */
const NEUTRAL: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.AmpersandAmpersandToken]: 'true',
  [ts.SyntaxKind.BarBarToken]: 'false',
};

const forced = (condition: ts.Expression): Change[] => [
  [condition, 'true'],
  [condition, 'false'],
];

function isRemovable(node: ts.Node): boolean {
  if (ts.isExpressionStatement(node)) return !LOG_CALL.test(node.getText());
  if (ts.isReturnStatement(node)) return node.expression === undefined;
  return ts.isThrowStatement(node) || ts.isBreakOrContinueStatement(node);
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 90 ? `${line.slice(0, 90)}…` : line;
}
