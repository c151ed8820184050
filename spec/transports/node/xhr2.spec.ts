import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import Xhr2 from 'xhr2';
import { SendingXHR } from '../../../lib/transports/node/sending-xhr';
import { NodeUpload } from '../../../lib/transports/node/upload';
import { xhrFactory } from '../../../lib/transports/node/xhr';

const require = createRequire(import.meta.url);

/** The members that a class has by our declarations of xhr2: what we override, call or read. */
const declared = (name: string): string[] => {
  const text = readFileSync(new URL('../../../lib/transports/node/xhr2.d.ts', import.meta.url), 'utf8');
  const [, body = ''] = new RegExp(`class ${name} \\{\n(.*?)\n  \\}`, 's').exec(text) ?? [];
  return Array.from(body.matchAll(/^ +(?:protected |readonly )*(\w+)[:(]/gm), ([, member = '']) => member).filter(
    (member) => member !== 'constructor',
  );
};

/**
 * What a class of ours puts in the place of something that may be xhr2's: methods that begin with `_`, as all of its
 * own do.
 */
const overridden = (prototype: object): string[] =>
  Object.getOwnPropertyNames(prototype).filter((name) => name.startsWith('_'));

const request = new Xhr2();

describe('xhr2, which the XHR for Node overrides from within,', () => {
  it('is the one version that this was written for', () => {
    const { version } = require('xhr2/package.json');
    // It is built into what is published.
    const { dependencies, devDependencies } = require('../../../package.json');
    expect([version, devDependencies.xhr2, dependencies.xhr2]).toEqual(['0.2.1', '0.2.1', undefined]);
  });

  it.each<[string, object]>([
    ['XMLHttpRequest', request],
    ['XMLHttpRequestUpload', request.upload],
    ['ProgressEvent', new Xhr2.ProgressEvent('load')],
  ])('has all that is declared of its %s', (name, instance) => {
    const members = declared(name);
    expect(members.length).toBeGreaterThan(2);
    expect(members.filter((member) => !(member in instance))).toEqual([]);
  });

  it.each<[string, object, object]>([
    ['the half that sends', SendingXHR.prototype, Xhr2.prototype],
    ['the half that takes answers', Object.getPrototypeOf(xhrFactory()()), Xhr2.prototype],
    ['the upload', NodeUpload.prototype, Xhr2.XMLHttpRequestUpload.prototype],
  ])('has a method for each that %s overrides', (_, ours, theirs) => {
    const methods = overridden(ours);
    expect(methods.length).toBeGreaterThan(1);
    expect(methods.filter((method) => typeof Object(theirs)[method] !== 'function')).toEqual([]);
  });
});
