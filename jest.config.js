import { availableParallelism } from 'node:os';

/**
 * Jest runs CommonJS that swc compiles, also from the ESM of Nest 12 and of the packages below: Node 20 and 22 cannot
 * `require` them inside jest otherwise. The ESM that users get is tested by test/package.
 */
const ESM_ONLY = ['@nestjs', '@borewit', '@tokenizer', 'file-type', 'strtok3', 'tinyqueue', 'token-types', 'uint8array-extras', 'uuid'];

const TIME_LIMIT = '<rootDir>/test/support/time-limit.js';

/** @param {object} parser @returns {[string, object]} */
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

/**
 * One folder of test/.
 * @param {string} name
 * @param {number} timeLimit of each test, in milliseconds
 * @param {import('jest').Config} [extra]
 * @returns {import('jest').Config}
 */
const project = (name, timeLimit, extra) => ({
  displayName: name,
  rootDir: import.meta.dirname,
  testMatch: [`<rootDir>/test/${name}/**/*.spec.ts`],
  testEnvironment: 'node',
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  globals: { TEST_TIME_LIMIT: timeLimit },
  setupFilesAfterEnv: [TIME_LIMIT],
  transform: {
    '\\.ts$': swc({ syntax: 'typescript', decorators: true }),
    '/(node_modules|scripts|bench|test/support)/.+\\.m?js$': swc({ syntax: 'ecmascript' }),
  },
  transformIgnorePatterns: [`/node_modules/(?!(${ESM_ONLY.join('|')})/)`],
  moduleNameMapper: {
    '^nestjs-durable$': '<rootDir>/lib/index.ts',
    '^nestjs-durable/(terminus|testing)$': '<rootDir>/lib/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/build/', '<rootDir>/sample-app/dist/', '<rootDir>/bench/peers/'],
  ...extra,
});

/** Started once for the whole run, however many projects name it. */
const database = {
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.js',
};

/** @type {import('jest').Config} */
export default {
  // They wait much, for the database and for each other: also two cores run two at a time.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // What jest leaves behind of each suite adds up.
  workerIdleMemoryLimit: '1GB',
  testSequencer: '<rootDir>/test/support/longest-first.cjs',
  projects: [
    project('unit', 5_000),
    project('contract', 15_000, database),
    project('e2e', 30_000, database),
    project('package', 180_000),
    project('simulation', 240_000, { setupFilesAfterEnv: [TIME_LIMIT, '<rootDir>/test/support/compile-children.js'] }),
    // On demand: `npm run test:cluster`.
    ...(process.env.DURABLE_TEST_CLUSTER ? [project('cluster', 900_000)] : []),
    project('chaos', 900_000, { ...database, runner: '<rootDir>/test/support/one-at-a-time.cjs', setupFilesAfterEnv: [TIME_LIMIT, '<rootDir>/test/support/compile-children.js'] }),
  ],
};
