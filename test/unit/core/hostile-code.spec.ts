/** Orchestrator code that is as awkward as JavaScript allows: it fails its instance, with details, and nothing else. */
import type { OrchestrationContext } from '../../../lib/core/index.js';
import { completed, failed, run, type TestOrchestrator } from '../support/episodes.js';

const no = (): never => {
  throw new Error('no');
};
/** Whatever one does with it throws. */
const hostile = (): object => new Proxy({}, { get: no, has: no, getPrototypeOf: no, ownKeys: no, getOwnPropertyDescriptor: no });
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

describe('hostile orchestrator code', () => {
  it.each<[what: string, make: () => unknown]>([
    ['a proxy whose traps throw', hostile],
    ['a revoked proxy', revoked],
    // oxlint-disable-next-line no-thenable -- as awkward as can be
    ['an object whose then throws', () => Object.defineProperty({}, 'then', { get: no })],
    // oxlint-disable-next-line no-thenable -- as awkward as can be
    ['an object whose then() throws', () => ({ then: no })],
    ['an object whose constructor throws', () => Object.create(Object.defineProperty({}, 'constructor', { get: no })) as unknown],
  ])('[O1] yields %s', (_what, make) => {
    const { failure } = run(function* () {
      yield make();
    });
    expect(failure).toMatchObject({ errorType: 'OrchestratorError', errorMessage: expect.stringContaining('Only durable tasks may be yielded') });
  });

  it('[O1] yields its own generator', () => {
    const generators: unknown[] = [];
    const orchestrator = ((ctx: OrchestrationContext) => {
      const own = (function* () {
        yield generators[0];
      })();
      generators[0] = own;
      void ctx;
      return own;
    }) as TestOrchestrator;
    expect(run(orchestrator).failure.errorMessage).toContain('Only durable tasks may be yielded');
  });

  it.each<[what: string, make: () => unknown, message: string]>([
    ['null', () => null, 'null was thrown'],
    ['undefined', () => undefined, 'undefined was thrown'],
    ['a symbol', () => Symbol('s'), 'Symbol(s) was thrown'],
    ['a proxy whose traps throw', hostile, 'could not be read'],
    ['a revoked proxy', revoked, 'could not be read'],
    ['an error whose message throws', () => Object.defineProperty(new Error('x'), 'message', { get: no }), 'could not be read'],
    ['an error whose name throws', () => Object.defineProperty(new Error('x'), 'name', { get: no }), 'could not be read'],
    ['an error whose stack throws', () => Object.defineProperty(new Error('x'), 'stack', { get: no }), 'could not be read'],
    ['an error whose toJSON throws', () => Object.assign(new Error('whole'), { toJSON: no }), 'whole'],
  ])('[O9] throws %s', (_what, make, message) => {
    const { failure } = run(() => {
      throw make();
    });
    expect(failure.errorMessage).toContain(message);
  });

  it.each<[what: string, make: () => unknown]>([
    ['a proxy whose traps throw', hostile],
    ['a revoked proxy', revoked],
    ['an object whose toJSON throws', () => ({ toJSON: no })],
    // oxlint-disable-next-line only-throw-error -- as awkward as can be
    ['an object whose toJSON throws null', () => ({ toJSON: () => { throw null; } })],
    ['a cycle', () => { const cycle: { self?: unknown } = {}; cycle.self = cycle; return cycle; }],
  ])('[O2] returns %s', (_what, make) => {
    expect(typeof run(() => make()).failure.errorMessage).toBe('string');
    expect(typeof run(function* (ctx) { yield ctx.callActivity('a'); return make(); }).deliver(completed(0)).failure.errorMessage).toBe('string');
  });

  it('[Y7] a generator that catches everything and never returns is left where it is', () => {
    const scenario = run(function* (ctx) {
      for (;;) {
        try {
          yield ctx.callActivity('a');
          yield 'no task';
        } catch {
          continue;
        } finally {
          // oxlint-disable-next-line no-unsafe-finally -- as awkward as can be
          continue;
        }
      }
    });
    expect(scenario.deliver(completed(0)).failure.errorMessage).toContain('yielded the string no task');
  });

  it('[R3] a handle that answers a hostile object ends the retries', () => {
    const scenario = run(function* (ctx) {
      yield ctx.callActivity('a', undefined, { retry: { firstRetryInterval: 1, maxNumberOfAttempts: 3, handle: () => hostile() as never } });
    });
    expect(scenario.deliver(failed(0, 'declined')).failure.errorMessage).toContain('declined');
  });
});
