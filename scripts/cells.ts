// What a factory keeps for its inner functions, found with the compiler of TypeScript. A cell is
// - a `let` that an inner function reads or writes
// - a `const` with a new Map, Set, BehaviorSubject, Subscription or the like (a plain Subject holds no value), or with
//   an array that an inner function changes
// - each property that is assigned, of an object in a `const`
// - each field that is assigned, or holds one of these or an array, of an object that the factory itself creates of a
//   class; also of an object that such an object creates in its constructor or in a field
//
// What an inner function or a method keeps, as for one request or one refresh, is no cell.
import ts from 'typescript';

export interface Cell {
  readonly name: string;
  /** The class that has the cell; undefined for the factory itself. */
  readonly keeper?: string;
  readonly node: ts.Node;
}

export type FunctionNode = ts.SignatureDeclaration & { readonly body?: ts.Node };

const HOLDERS = /^(?:Weak)?(?:Map|Set)$|^Array$|^(?:\w+Subject|Subscription)$/;
const ARRAY_CHANGES = /^(?:push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin)$/;

export const isFunction = (node: ts.Node): node is FunctionNode =>
  ts.isFunctionLike(node) && 'body' in node && !!node.body;

export const visitAll = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  visit(node);
  ts.forEachChild(node, (child) => visitAll(child, visit));
};

/** A function that is called where it stands runs as a part of what surrounds it. */
const isInner = (node: ts.Node): boolean => {
  if (!isFunction(node)) return false;
  const outer = ts.isParenthesizedExpression(node.parent) ? node.parent : node;
  return !(ts.isCallExpression(outer.parent) && outer.parent.expression === outer);
};

/** Visits a function, its inner functions as one node each. */
const visitOwn = (body: ts.Node, visit: (node: ts.Node) => void): void => {
  ts.forEachChild(body, (child) => {
    visit(child);
    if (!isInner(child)) visitOwn(child, visit);
  });
};

/** Whether an inner function has a node that `accepts` takes. */
const hasInside = (body: ts.Node, accepts: (node: ts.Node) => boolean): boolean => {
  let isFound = false;
  visitOwn(body, (node) => {
    if (!isInner(node)) return;
    visitAll(node, (each) => {
      isFound ||= accepts(each);
    });
  });
  return isFound;
};

/** What an assignment, `++`, `--` or `delete` changes. */
const changedBy = (node: ts.Node): ts.Expression | undefined => {
  if (ts.isDeleteExpression(node)) return node.expression;
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment ? node.left : undefined;
  }
  const isStep =
    (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) &&
    (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken);
  return isStep ? node.operand : undefined;
};

/** The properties that are assigned below a node, of the objects that `accepts` takes. */
const assignedBelow = (node: ts.Node, accepts: (object: ts.Expression) => boolean): string[] => {
  const names = new Set<string>();
  visitAll(node, (each) => {
    const changed = changedBy(each);
    if (changed && ts.isPropertyAccessExpression(changed) && accepts(changed.expression)) names.add(changed.name.text);
  });
  return [...names];
};

const isHolder = (value: ts.Expression | undefined): boolean =>
  !!value && ts.isNewExpression(value) && HOLDERS.test(value.expression.getText());

const isThis = (object: ts.Expression): boolean => object.kind === ts.SyntaxKind.ThisKeyword;

/** The fields that a constructor sets to a collection or the like. */
const holdersSetBy = (builder: ts.ConstructorDeclaration): string[] => {
  const names: string[] = [];
  visitAll(builder, (node) => {
    if (!ts.isBinaryExpression(node) || !isHolder(node.right)) return;
    if (ts.isPropertyAccessExpression(node.left) && isThis(node.left.expression)) names.push(node.left.name.text);
  });
  return names;
};

/** The fields of a class that change, or hold something that does. */
const fieldsOf = ({ members }: ts.ClassLikeDeclaration): string[] => {
  const [builder] = members.filter(ts.isConstructorDeclaration);
  const methods = members.filter((member) => member !== builder);
  const changed = [
    ...methods.flatMap((member) => assignedBelow(member, isThis)),
    ...(builder ? holdersSetBy(builder) : []),
  ];
  const fields = members.filter(ts.isPropertyDeclaration).filter(({ name, initializer }) => {
    const isArray = !!initializer && ts.isArrayLiteralExpression(initializer);
    return changed.includes(name.getText()) || isHolder(initializer) || isArray;
  });
  const parameters = builder?.parameters.filter(({ name }) => changed.includes(name.getText())) ?? [];
  return [...fields, ...parameters].map(({ name }) => name.getText());
};

/** The names that a declaration gives, a pattern several. */
const namesIn = (name: ts.BindingName): ts.Identifier[] =>
  ts.isIdentifier(name)
    ? [name]
    : name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));

/** The cells of a factory, by the body of its function. */
export function cellsOf(body: ts.Node, checker: ts.TypeChecker): Cell[] {
  const refersTo = (node: ts.Node, symbol: ts.Symbol | undefined): boolean =>
    ts.isIdentifier(node) &&
    symbol !== undefined &&
    symbol ===
      (ts.isShorthandPropertyAssignment(node.parent)
        ? checker.getShorthandAssignmentValueSymbol(node.parent)
        : checker.getSymbolAtLocation(node));

  const changesArray = (node: ts.Node, symbol: ts.Symbol | undefined): boolean => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression))
      return refersTo(node.expression.expression, symbol) && ARRAY_CHANGES.test(node.expression.name.text);
    const changed = changedBy(node);
    return !!changed && ts.isElementAccessExpression(changed) && refersTo(changed.expression, symbol);
  };

  const classAt = (name: ts.Node): ts.ClassLikeDeclaration | undefined => {
    const symbol = checker.getSymbolAtLocation(name);
    const isImported = symbol && symbol.flags & ts.SymbolFlags.Alias;
    const declaration = (isImported ? checker.getAliasedSymbol(symbol) : symbol)?.valueDeclaration;
    if (!declaration || !ts.isClassLike(declaration) || declaration.getSourceFile().isDeclarationFile) return undefined;
    return declaration;
  };

  /** The cells of a class, of those that it extends, and of the objects that it creates when it is constructed. */
  const ofClass = (name: ts.Node, node: ts.Node): Cell[] => {
    const declaration = classAt(name);
    if (!declaration) return [];
    const keeper = declaration.name?.text ?? 'a class';
    const cells = fieldsOf(declaration).map((field): Cell => ({ name: `${keeper}.${field}`, keeper, node }));
    for (const { types } of declaration.heritageClauses ?? [])
      for (const { expression } of types) cells.push(...ofClass(expression, node));
    for (const member of declaration.members)
      if (ts.isConstructorDeclaration(member) || ts.isPropertyDeclaration(member))
        visitOwn(member, (each) => {
          if (ts.isNewExpression(each)) cells.push(...ofClass(each.expression, node));
        });
    return cells;
  };

  const ofVariable = ({ parent, name, initializer }: ts.VariableDeclaration): string[] =>
    namesIn(name).flatMap((identifier) => {
      const symbol = checker.getSymbolAtLocation(identifier);
      if (parent.flags & ts.NodeFlags.Let)
        return hasInside(body, (node) => refersTo(node, symbol)) ? [identifier.text] : [];
      if (isHolder(initializer)) return [identifier.text];
      if (initializer && ts.isArrayLiteralExpression(initializer))
        return hasInside(body, (node) => changesArray(node, symbol)) ? [identifier.text] : [];
      if (!initializer || !ts.isObjectLiteralExpression(initializer)) return [];
      return assignedBelow(body, (object) => refersTo(object, symbol)).map((key) => `${identifier.text}.${key}`);
    });

  const cells: Cell[] = [];
  const record = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node)) cells.push(...ofVariable(node).map((name): Cell => ({ name, node })));
    if (ts.isNewExpression(node)) cells.push(...ofClass(node.expression, node));
  };
  // The body of an arrow function may be an expression.
  record(body);
  visitOwn(body, record);
  return cells;
}
