/** jest takes `testTimeout` for a whole run only; this gives each project its own (see jest.config.js). */
jest.setTimeout(globalThis.TEST_TIME_LIMIT);
