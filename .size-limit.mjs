const asUsersHaveIt = (config) => ({
  ...config,
  format: 'esm',
  // the paths of tsconfig.json lead '#xhr' to the source for Node: here it has to resolve as it does for users
  tsconfigRaw: {},
});

export default [
  {
    name: 'a client with a session, in a browser, beside rxjs',
    path: 'dist/index.js',
    import: '{ createApi, createSession, webStorageStore, ajaxTransport }',
    ignore: ['rxjs'],
    gzip: true,
    brotli: false,
    limit: '11.4 kB',
    modifyEsbuildConfig: asUsersHaveIt,
  },
  {
    name: 'the whole of renewal/angular, beside renewal, Angular and rxjs',
    path: 'dist/angular.js',
    ignore: ['@angular/*', 'renewal', 'rxjs'],
    gzip: true,
    brotli: false,
    limit: '3 kB',
    modifyEsbuildConfig: asUsersHaveIt,
  },
];
