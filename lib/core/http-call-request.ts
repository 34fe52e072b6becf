/** Checks what an orchestrator gives to `ctx.callHttp` [H1]. */
import type { DurableHttpRequest, HttpActivityInput } from './http-call-messages.js';
import { serialize } from './serialization.js';
import { describeValue } from './values.js';

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
/** What HTTP allows in a header's value, and one byte can hold. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** What fetch refuses. */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);
const METHODS_WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD']);
/** What fetch sets by itself, or cannot send. */
const FORBIDDEN_HEADERS: ReadonlySet<string> = new Set(['connection', 'content-length', 'expect', 'host', 'keep-alive', 'transfer-encoding', 'upgrade']);
/** The longest delay of Node's timers, ms. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/**
 * A request in the form in which it is recorded.
 * @param where the call, for messages
 * @param maxBytes limit of a body that becomes JSON
 * @throws TypeError, RangeError saying what is wrong with the request; SerializationError, PayloadTooLargeError for the body
 */
export function toHttpActivityInput(request: DurableHttpRequest, where: string, maxBytes: number): HttpActivityInput {
  if (typeof request !== 'object' || request === null) throw new TypeError(`${where} takes a request, { method, url }, not ${describeValue(request)}.`);
  const { timeout, enablePolling = true } = request;
  const method = checkedMethod(request.method, where);
  const url = checkedUrl(request.url, where);
  const headers = checkedHeaders(request.headers ?? {}, where);
  const body = bodyText(request.body, where, maxBytes);
  if (body !== undefined && METHODS_WITHOUT_BODY.has(method)) throw new TypeError(`${where}: a ${method} has no body; leave it out.`);
  if (body !== undefined && typeof request.body !== 'string' && !headers.has('content-type')) headers.set('content-type', 'application/json');
  assertTimeout(timeout, where);
  if (typeof enablePolling !== 'boolean') throw new TypeError(`${where}: enablePolling must be true or false, not ${describeValue(enablePolling)}.`);
  return {
    method, url,
    headers: Object.fromEntries(headers),
    ...(body !== undefined && { body }),
    ...(timeout !== undefined && { timeout }),
    enablePolling,
  };
}

/** A request in words, for messages: without its query, which may hold keys. */
export function describeRequest({ method, url }: Pick<HttpActivityInput, 'method' | 'url'>): string {
  const { origin, pathname } = new URL(url);
  return `${method} ${origin}${pathname}`;
}

/** An http or https address that can be asked; `undefined` for anything else, and for one with credentials, which fetch refuses. */
export function parseHttpUrl(url: string, base?: string): URL | undefined {
  const parsed = URL.canParse(url, base) ? new URL(url, base) : undefined;
  const isUsable = parsed && /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.password === '';
  return isUsable ? parsed : undefined;
}

function checkedMethod(method: unknown, where: string): string {
  const name = typeof method === 'string' ? method.toUpperCase() : '';
  if (TOKEN.test(name) && !FORBIDDEN_METHODS.has(name)) return name;
  throw new TypeError(`${where}: method must be an HTTP method that fetch can send, as 'GET' or 'POST', not ${describeValue(method)}.`);
}

function checkedUrl(url: unknown, where: string): string {
  const text = url instanceof URL ? url.href : url;
  const parsed = typeof text === 'string' ? parseHttpUrl(text) : undefined;
  if (parsed) return parsed.href;
  // The address itself is not shown: the query, or the user's part, may hold secrets.
  const what = typeof text === 'string' ? 'another text' : describeValue(url);
  throw new TypeError(`${where}: url must be an absolute http or https address without user and password, not ${what}. Credentials go into the headers.`);
}

function checkedHeaders(given: unknown, where: string): Map<string, string> {
  if (typeof given !== 'object' || given === null || Symbol.iterator in given) {
    throw new TypeError(`${where}: headers must be an object of strings by name, not ${describeValue(given)}.`);
  }
  const headers = new Map<string, string>();
  for (const [key, value] of Object.entries(given) as [string, unknown][]) {
    const name = key.toLowerCase();
    const header = `${where}: the header ${JSON.stringify(key)}`;
    if (!TOKEN.test(key)) throw new TypeError(`${header} has a name that HTTP does not allow.`);
    if (FORBIDDEN_HEADERS.has(name)) throw new TypeError(`${header} cannot be set: fetch does that by itself. Leave it out.`);
    if (headers.has(name)) throw new TypeError(`${header} is there twice: names ignore case.`);
    if (typeof value !== 'string') throw new TypeError(`${header} must be a string, not ${describeValue(value)}.`);
    // Values may be secrets, too.
    if (!HEADER_VALUE.test(value)) {
      throw new TypeError(`${header} has a value with characters that HTTP does not allow: line breaks, control characters, or beyond Latin-1.`);
    }
    headers.set(name, value);
  }
  return headers;
}

function bodyText(body: unknown, where: string, maxBytes: number): string | undefined {
  if (typeof body === 'string') return body;
  if (isBinary(body)) {
    const advice = 'Give a string or a JSON value; send other data from an activity of your own.';
    throw new TypeError(`${where}: the body is ${describeValue(body)}, which JSON cannot hold. ${advice}`);
  }
  return serialize(body, () => `the body of ${where}`, maxBytes);
}

/** What fetch would send, but JSON makes something else of. */
function isBinary(body: unknown): boolean {
  return ArrayBuffer.isView(body) || [ArrayBuffer, Blob, FormData, ReadableStream, URLSearchParams].some((type) => body instanceof type);
}

function assertTimeout(timeout: unknown, where: string): void {
  if (timeout === undefined || (typeof timeout === 'number' && timeout > 0 && timeout <= MAX_TIMEOUT)) return;
  throw new RangeError(`${where}: timeout must be a positive number of milliseconds, at most ${MAX_TIMEOUT}, not ${describeValue(timeout)}.`);
}
