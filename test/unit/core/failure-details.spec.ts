import { runInNewContext } from 'node:vm';
import { failureDetailsOf, NonRetriableError, TaskFailedError, TaskTimeoutError, UnknownHandlerError } from '../../../lib/core/index.js';

describe('failure details [A2]', () => {
  it('[A2] type, message, stack, cause chain and properties of an error', () => {
    const error = Object.assign(new RangeError('outer', { cause: new TypeError('inner', { cause: 'root' }) }), { code: 'E1', retryAfter: 0 });
    expect(failureDetailsOf(error)).toEqual({
      errorType: 'RangeError',
      errorMessage: 'outer',
      stackTrace: expect.stringContaining('RangeError: outer'),
      isNonRetriable: false,
      properties: { code: 'E1', retryAfter: 0 },
      innerFailure: {
        errorType: 'TypeError',
        errorMessage: 'inner',
        stackTrace: expect.any(String),
        isNonRetriable: false,
        innerFailure: { errorType: 'Error', errorMessage: 'root', isNonRetriable: false },
      },
    });
  });

  it.each([
    ['a string', 'went wrong', 'went wrong'],
    ['undefined', undefined, 'undefined was thrown'],
    ['null', null, 'null was thrown'],
    ['a number', 0, '0 was thrown'],
    ['a symbol', Symbol('s'), 'Symbol(s) was thrown'],
    ['a plain object', { code: 1 }, '{"code":1}'],
    ['an object with a message', { message: 'said', code: 1 }, 'said'],
  ])('[A2] throwing %s still gives details', (_what, thrown, errorMessage) => {
    expect(failureDetailsOf(thrown)).toMatchObject({ errorType: 'Error', errorMessage, isNonRetriable: false });
  });

  it('[A2] a class is recorded under its own name, one that names itself under that', () => {
    class Declined extends Error {}
    class NotFound extends Error {
      override readonly name = 'not_found';
    }
    class CardExpired extends NonRetriableError {}
    expect([new Declined(), new NotFound(), new CardExpired(), new TaskTimeoutError()].map((error) => failureDetailsOf(error).errorType)).toEqual([
      'Declined', 'not_found', 'CardExpired', 'TaskTimeoutError',
    ]);
    expect(failureDetailsOf(runInNewContext('new RangeError("from another realm")')).errorType).toBe('RangeError');
  });

  it('[A2] the failure of a task is the inner failure of what it failed', () => {
    const inner = { errorType: 'Declined', errorMessage: 'no funds', isNonRetriable: false };
    const details = failureDetailsOf(new TaskFailedError('charge', 3, inner));
    expect(details).toMatchObject({ errorType: 'TaskFailedError', innerFailure: inner, properties: { taskName: 'charge', taskId: 3 } });
  });

  it('[A6] NonRetriableError, and any error with isNonRetriable, is non-retriable; [A3] an unknown name too', () => {
    const marked = Object.assign(new Error('x'), { isNonRetriable: true });
    const all = [new NonRetriableError('x'), marked, new UnknownHandlerError('activity', 'x', ['y'])];
    expect(all.map((error) => failureDetailsOf(error).isNonRetriable)).toEqual([true, true, true]);
    expect(failureDetailsOf(new Error('x', { cause: marked })).isNonRetriable).toBe(false);
  });

  it('[A2] properties that JSON cannot hold, and huge ones, are left out; long texts are cut', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const error = Object.assign(new Error('m'.repeat(20_000)), { cycle, big: 1n, fn: () => 1, huge: 'h'.repeat(20_000), at: new Date(0) });
    Object.defineProperty(error, 'getter', { enumerable: true, get: () => { throw new Error('no'); } });
    const details = failureDetailsOf(error);
    expect(details.properties).toEqual({ at: '1970-01-01T00:00:00.000Z' });
    expect(details.errorMessage).toHaveLength(16_385);
  });

  it('[A2] cycles of causes end, and nothing that is thrown makes it throw', () => {
    const error = new Error('a');
    error.cause = error;
    let depth = 0;
    for (let link = failureDetailsOf(error).innerFailure; link; link = link.innerFailure) depth += 1;
    expect(depth).toBe(9);
    const hostile = new Proxy({}, { get: () => { throw new Error('no'); } });
    expect(failureDetailsOf(hostile)).toMatchObject({ errorMessage: 'The error could not be read.' });
  });

  it('[A3] an unknown name lists the known ones', () => {
    expect(new UnknownHandlerError('activity', 'chrage', ['charge', 'ship']).message).toContain("no activity 'chrage'. Known: 'charge', 'ship'.");
    expect(new UnknownHandlerError('orchestrator', 'x', [], '2').message).toContain("no orchestrator 'x' version '2'. Known: none.");
  });
});
