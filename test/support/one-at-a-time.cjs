// CommonJS, as jest requires it.
const { default: TestRunner } = require('jest-runner');

/** Suites that have the machine to themselves: those that compare rates, or run processes of their own on all cores. */
module.exports = class OneAtATime extends TestRunner {
  /** @override */
  isSerial = true;
};
