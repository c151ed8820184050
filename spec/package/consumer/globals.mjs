import { createRequire } from 'node:module';

const platform = [
  ...['window', 'document', 'navigator', 'location', 'history', 'self', 'localStorage', 'sessionStorage', 'indexedDB'],
  ...['XMLHttpRequest', 'fetch', 'Request', 'Response', 'Headers', 'FormData', 'Blob', 'WebSocket', 'EventSource'],
  ...['BroadcastChannel', 'Worker', 'crypto', 'performance', 'console', 'addEventListener', 'requestAnimationFrame'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Date'],
];

const touched = new Set();
for (const name of platform) {
  const value = globalThis[name];
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get: () => {
      touched.add(name);
      return value;
    },
    set: () => touched.add(name),
  });
}

const look = () => ({ names: Reflect.ownKeys(globalThis).map(String), resources: process.getActiveResourcesInfo() });

const before = look();
const [, , system, entry] = process.argv;
if (system === 'import') await import(entry);
else createRequire(import.meta.url)(entry);
const after = look();

process.stdout.write(JSON.stringify({ touched: [...touched], before, after }));
