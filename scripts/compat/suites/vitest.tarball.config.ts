// In the workspace of the tarball, no alias leads to the sources: the package resolves as it does for users.
import { readFileSync } from 'node:fs';
import base from './vitest.config';

export default {
  test: { ...base.test, include: JSON.parse(readFileSync('specs.json', 'utf8')), cache: false },
};
