// In the workspace of the tarball, no alias leads to the sources: the package is found as users find it.
import { readFileSync } from 'node:fs';
import base from './vitest.config';

export default {
  test: { ...base.test, include: JSON.parse(readFileSync('specs.json', 'utf8')), cache: false },
};
