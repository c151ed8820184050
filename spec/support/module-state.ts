import ts from 'typescript';

const MUTATING = /^(push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin|set|add|delete|clear|assign|define\w+)$/;

/**
 * True for instances of classes, except errors and keys whose values are kept elsewhere, and for regular expressions
 * with a `lastIndex`.
 */
const isMutable = (node: ts.Node): boolean =>
  (ts.isNewExpression(node) && !/(Error|InjectionToken|HttpContextToken)$/.test(node.expression.getText())) ||
  (ts.isRegularExpressionLiteral(node) && /[gy][a-z]*$/.test(node.text));

const has = (node: ts.PropertyDeclaration, kind: ts.SyntaxKind): boolean =>
  node.modifiers?.some((modifier) => modifier.kind === kind) ?? false;

const isAssignment = (node: ts.Node): node is ts.BinaryExpression =>
  ts.isBinaryExpression(node) &&
  node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
  node.operatorToken.kind <= ts.SyntaxKind.LastAssignment;

const isStep = (node: ts.Node): node is ts.PrefixUnaryExpression | ts.PostfixUnaryExpression =>
  (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) &&
  [ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken].includes(node.operator);

/** The `a` of `a.b[c]`. */
const rootOf = (node: ts.Expression): string =>
  ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) ? rootOf(node.expression) : node.getText();

/** Visits the nodes that run when the module is loaded: it enters no functions, and of classes only static members. */
const visitLoaded = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  if (ts.isFunctionLike(node) || ts.isTypeNode(node)) return;
  if (ts.isPropertyDeclaration(node) && !has(node, ts.SyntaxKind.StaticKeyword)) return;
  visit(node);
  ts.forEachChild(node, (child) => visitLoaded(child, visit));
};

/** The expression that a node changes, if any. */
const changedBy = (node: ts.Node): ts.Expression | undefined => {
  if (isAssignment(node)) return node.left;
  if (isStep(node)) return node.operand;
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
  return MUTATING.test(node.expression.name.text) ? node.expression.expression : undefined;
};

/** The source text of each piece of module-level state, which all users of the module would share. */
export const stateOf = (text: string): string[] => {
  const source = ts.createSourceFile('module.ts', text, ts.ScriptTarget.Latest, true);
  const found = new Set<ts.Node>();
  const own = new Set<string>();
  visitLoaded(source, (node) => {
    const isVariable = ts.isVariableDeclarationList(node) && !(node.flags & ts.NodeFlags.Const);
    const isStatic = ts.isPropertyDeclaration(node) && !has(node, ts.SyntaxKind.ReadonlyKeyword);
    if (isVariable || isStatic || isMutable(node)) found.add(node);
    if (ts.isVariableDeclaration(node)) own.add(node.name.getText());
  });
  const visit = (node: ts.Node): void => {
    const changed = changedBy(node);
    if (changed && own.has(rootOf(changed))) found.add(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...found].map((node) => node.getText());
};
