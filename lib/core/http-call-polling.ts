/** What comes after a 202: when to ask, and with what [H2, H3]. */
import type { HttpActivityInput } from './http-call-messages.js';
import { latestTime } from './times.js';

/** The three forms of a date in HTTP; the last of them says not even that it is UTC. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\D.*\d\d:\d\d:\d\d (?:GMT|\d{4})$/;

/** What is taken for credentials: any header whose name holds one of these [H3]. */
const CREDENTIALS = /auth|cookie|credential|jwt|key|password|secret|session|signature|token/;

/**
 * When the outcome is to be asked for, epoch ms [H2].
 * @param retryAfter seconds or a date; anything else counts as missing
 * @param defaultInterval ms
 */
export function pollTime(retryAfter: string | undefined, now: number, defaultInterval: number): number {
  if (retryAfter !== undefined && /^\d+$/.test(retryAfter)) return latestTime(now + Number(retryAfter) * 1_000);
  const date = retryAfter !== undefined && HTTP_DATE.test(retryAfter) ? Date.parse(retryAfter.endsWith('GMT') ? retryAfter : `${retryAfter} GMT`) : NaN;
  return Number.isNaN(date) ? latestTime(now + defaultInterval) : date;
}

/**
 * The request that asks for the outcome of the last one. Credentials go only to the origin that they were given for, and not even there
 * when another one says so; once dropped they do not come back [H3].
 */
export function pollRequest({ headers, timeout, url }: HttpActivityInput, answeredBy: string, location: string): HttpActivityInput {
  const mayHaveCredentials = isSameOrigin(url, location) && isSameOrigin(url, answeredBy);
  return {
    method: 'GET',
    url: location,
    headers: withoutBodyHeaders(mayHaveCredentials ? headers : withoutCredentials(headers)),
    ...(timeout !== undefined && { timeout }),
    enablePolling: true,
  };
}

export function isSameOrigin(url: string, other: string): boolean {
  return new URL(url).origin === new URL(other).origin;
}

/** The headers that another origin may see [H3]. */
export function withoutCredentials(headers: HttpActivityInput['headers']): HttpActivityInput['headers'] {
  return filtered(headers, (name) => !CREDENTIALS.test(name));
}

/** The headers that say nothing about a body. */
export function withoutBodyHeaders(headers: HttpActivityInput['headers']): HttpActivityInput['headers'] {
  return filtered(headers, (name) => !name.startsWith('content-'));
}

function filtered(headers: HttpActivityInput['headers'], isWanted: (name: string) => boolean): HttpActivityInput['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isWanted(name)));
}
