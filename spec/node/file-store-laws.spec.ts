import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from 'renewal/node';
import { storeLaws } from 'renewal/testing';
import { afterAll, describe, it } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'renewal-laws-'));
afterAll(() => rmSync(root, { recursive: true }));

let places = 0;
const newPath = (): string => join(root, `${places++}.json`);

storeLaws('fileStore', () => fileStore({ path: newPath() }), { describe, it });

storeLaws(
  'two fileStores over one file',
  () => {
    const path = newPath();
    return [fileStore({ path }), fileStore({ path })];
  },
  { describe, it },
);
