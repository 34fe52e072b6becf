// CommonJS, as jest requires it, and the package's ESM and its types disagree about the default export.
const { default: TestSequencer } = require('@jest/test-sequencer');

/** What takes minutes, longest first. */
const LONGEST = ['chaos/purge', 'chaos/crash', 'chaos/cross-application', 'chaos/transfers', 'chaos/'];

/** In a fresh clone jest knows no durations: what takes minutes begins first, so that none of it is left alone at the end. */
module.exports = class LongestFirst extends TestSequencer {
  /**
   * @override
   * @param {import('@jest/test-result').Test[]} tests
   */
  async sort(tests) {
    /** @param {import('@jest/test-result').Test} test */
    const rankOf = ({ path }) => {
      const rank = LONGEST.findIndex((part) => path.includes(`/test/${part}`));
      return rank === -1 ? LONGEST.length : rank;
    };
    return [...(await super.sort(tests))].sort((a, b) => rankOf(a) - rankOf(b));
  }
};
