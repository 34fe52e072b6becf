/**
 * Jest runs CommonJS that swc compiles, also from the ESM of Nest 12 and of the packages below: Node 20 and 22 cannot
 * `require` them inside jest otherwise. The ESM that users get is tested by test/package.
 */
const ESM_ONLY = ['@nestjs', '@borewit', '@tokenizer', 'file-type', 'strtok3', 'tinyqueue', 'token-types', 'uint8array-extras', 'uuid'];

const swc = (parser) => [
  '@swc/jest',
  {
    swcrc: false,
    module: { type: 'commonjs' },
    jsc: {
      parser,
      target: 'es2022',
      keepClassNames: true,
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
  },
];

/** @returns {import('jest').Config} */
const project = (name, extra = {}) => ({
  displayName: name,
  rootDir: import.meta.dirname,
  testMatch: [`<rootDir>/test/${name}/**/*.spec.ts`],
  testEnvironment: 'node',
  transform: {
    '\\.ts$': swc({ syntax: 'typescript', decorators: true }),
    '/node_modules/.+\\.m?js$': swc({ syntax: 'ecmascript' }),
  },
  transformIgnorePatterns: [`/node_modules/(?!(${ESM_ONLY.join('|')})/)`],
  moduleNameMapper: {
    '^nestjs-durable$': '<rootDir>/lib/index.ts',
    '^nestjs-durable/testing$': '<rootDir>/lib/testing/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/build/', '<rootDir>/sample-app/dist/'],
  ...extra,
});

const withDatabase = {
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.js',
};

/** @type {import('jest').Config} */
export default {
  projects: [project('unit'), project('contract', withDatabase), project('e2e', withDatabase)],
};
