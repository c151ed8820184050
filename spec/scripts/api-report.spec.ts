import { describe, expect, it } from 'vitest';
import { format, reportOf } from '../../scripts/api-report';

const BUILT = `
import { Observable } from 'rxjs';
import { Component, Injector } from '@angular/core';

/** What a session emits. */
interface Later {
    /** A comment. */
    readonly at: Hidden;
    first(): void;
}
type Hidden = number;
declare function read(text: string): Observable<string>;
declare function read(bytes: Uint8Array): Observable<string>;
declare const earlier: Later;

export { type Later, earlier, read };
`;

describe('the API report', () => {
  it('has declarations by name, exports marked, overloads in order, without comments', () => {
    expect(format(reportOf(BUILT)).split('\n').slice(1)).toEqual([
      "import type { Component, Injector } from '@angular/core';",
      "import type { Observable } from 'rxjs';",
      '',
      'type Hidden = number;',
      '',
      'export interface Later {',
      '  readonly at: Hidden;',
      '  first(): void;',
      '}',
      '',
      'export declare const earlier: Later;',
      '',
      'export declare function read(text: string): Observable<string>;',
      '',
      'export declare function read(bytes: Uint8Array): Observable<string>;',
      '',
      'export {};',
      '',
    ]);
  });

  it('is the same for the same declarations in another order', () => {
    const [imports = '', ...declarations] = BUILT.split(/\n(?=\/\*\*|type|declare const|export)/);
    expect(reportOf([imports, ...declarations.reverse()].join('\n'))).toBe(reportOf(BUILT));
  });

  it.each([
    ['a chunk of the bundler', "import { Api } from './chunk-GBSQSK4M.js';", 'expected declarations in one file'],
    ['several declarations at once', 'declare const a: 1, b: 2;', 'expected one declaration with a name'],
    [
      'an export under another name',
      'declare const a: 1;\nexport { a as b };',
      'expected an export under its own name',
    ],
    ['a re-export', "export { Observable } from 'rxjs';", 'expected a list of exports'],
  ])('refuses %s', (_what, declarations, message) => {
    expect(() => reportOf(declarations)).toThrow(message);
  });
});
