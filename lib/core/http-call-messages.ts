/** What `ctx.callHttp` takes and gives, and what of it stands in the history. */
import type { RetryOptions } from './retry-options.js';

/** An HTTP request of an orchestrator [H1]. It stands in the history as it is, its headers included. */
export interface DurableHttpRequest {
  /** `GET`, `POST` and so on; case does not matter. */
  readonly method: string;
  /** Absolute, http or https; credentials go into the headers. */
  readonly url: string | URL;
  /** By name, which ignores case. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * A string is sent as it is; anything else as JSON, with `content-type: application/json` unless `headers` have one. Not with GET
   * and HEAD.
   */
  readonly body?: unknown;
  /**
   * How long one request may take until its answer is there, redirects and content included, ms: then it fails with TaskTimeoutError.
   * Each poll has as long again. Default: none. Node's fetch gives up when nothing comes for 5 minutes, whatever is said here.
   */
  readonly timeout?: number;
  /**
   * Attempts after network failures and time-outs; default: none. They count anew for each poll. A status is never tried again: it
   * is a result.
   */
  readonly retry?: RetryOptions;
  /** Whether a 202 with a `Location` is polled there until another status comes [H2]; default true. */
  readonly enablePolling?: boolean;
}

/** The answer to a {@link DurableHttpRequest}, whatever its status [H1]. */
export interface DurableHttpResponse {
  readonly statusCode: number;
  /** By name, in lower case; the values of a name that came several times are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text, read as UTF-8; of JSON too: `JSON.parse(content)`. Empty when there is none. */
  readonly content: string;
}

/**
 * One request, checked and complete: the input of the activity behind `ctx.callHttp`. A stored format: a rewind finds requests again by
 * their text, so keys keep their names and their order.
 */
export interface HttpActivityInput {
  /** In upper case. */
  readonly method: string;
  readonly url: string;
  /** By name, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** ms. */
  readonly timeout?: number;
  readonly enablePolling: boolean;
}

/** What the activity behind `ctx.callHttp` got. */
export interface HttpActivityResult extends DurableHttpResponse {
  /** The address that answered: another one than the request's after redirects. */
  readonly url: string;
  /** Absolute: where the outcome is to be asked for. Only of a 202 that is to be polled. */
  readonly location?: string;
}
