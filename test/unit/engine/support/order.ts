import type { TestHandlers } from './test-engine.js';

/** An orchestrator with three activities in sequence, and one that waits for an event. */
export const ORDER: TestHandlers = {
  orchestrators: {
    *order(ctx) {
      const parts: unknown[] = [];
      for (const part of ['a', 'b', 'c']) parts.push(yield ctx.callActivity('make', part));
      return parts;
    },
    *approval(ctx) {
      return (yield ctx.waitForExternalEvent('approved')) as unknown;
    },
  },
  activities: { make: (input) => `${String(input)}!` },
};
