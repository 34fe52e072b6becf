/** The activity behind `ctx.callHttp`: one request, by Node's fetch [H1]. */
import type { ActivityFunction } from '../../core/handlers.js';
import { NonRetriableError, PayloadTooLargeError, TaskTimeoutError } from '../../core/errors.js';
import type { HttpActivityInput, HttpActivityResult } from '../../core/http-call-messages.js';
import { describeRequest, parseHttpUrl } from '../../core/http-call-request.js';
import type { Clock } from '../clock.js';
import { fetchFollowing } from './http-redirects.js';
import { readText } from './http-content.js';

export interface HttpActivityPort {
  readonly clock: Clock;
  /** Bytes of a response's body that are read at most. */
  readonly maxPayloadBytes: number;
}

export function httpActivity(port: HttpActivityPort): ActivityFunction {
  return async (input, { signal }) => {
    const request = input as HttpActivityInput;
    const abort = new AbortController();
    const cancelTimeout = limit(request, port.clock, abort);
    try {
      return await exchange(request, AbortSignal.any([signal, abort.signal]), port.maxPayloadBytes);
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : failureOf(request, error);
    } finally {
      cancelTimeout?.();
    }
  };
}

async function exchange(request: HttpActivityInput, signal: AbortSignal, maxBytes: number): Promise<HttpActivityResult> {
  const { response, url } = await fetchFollowing(request, signal);
  const content = await readText(response, `the content of the answer to ${describeRequest(request)}, as far as it was read,`, maxBytes);
  const headers = headersOf(response);
  const location = response.status === 202 && request.enablePolling ? pollAddress(headers.location, url, request) : undefined;
  return { statusCode: response.status, headers, content, url, ...(location !== undefined && { location }) };
}

function limit(request: HttpActivityInput, clock: Clock, abort: AbortController) {
  const { timeout } = request;
  if (timeout === undefined) return undefined;
  return clock.after(timeout, () => abort.abort(new TaskTimeoutError(`${describeRequest(request)} was not answered within its timeout, ${timeout} ms.`)));
}

/** Values of one name are joined, those of Set-Cookie as well, which fetch gives one by one. */
function headersOf({ headers }: Response): Record<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of headers) {
    const earlier = values.get(name);
    values.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return Object.fromEntries(values);
}

/** @throws NonRetriableError when it cannot be asked: the request was accepted, and must not be sent again */
function pollAddress(location: string | undefined, base: string, request: HttpActivityInput): string | undefined {
  if (location === undefined) return undefined;
  const address = parseHttpUrl(location, base);
  if (address) return address.href;
  throw new NonRetriableError(
    `${describeRequest(request)} was accepted (202), but its outcome cannot be asked for: the Location is no http or https address ` +
      'without user and password. Set enablePolling to false to get the 202 itself.',
  );
}

function failureOf(request: HttpActivityInput, error: unknown): unknown {
  if (error instanceof NonRetriableError || error instanceof PayloadTooLargeError) return error;
  const { message, code } = rootOf(error);
  return Object.assign(new Error(`${describeRequest(request)} failed: ${message || code}`), code !== undefined && { code });
}

/** What fetch throws says nothing itself, its last cause does. That is not recorded as it is: it holds the whole state of the socket. */
function rootOf(error: unknown): NodeJS.ErrnoException {
  const { cause } = error as Error;
  return cause === undefined ? (error as Error) : rootOf(cause);
}
