import type { HttpActivityInput } from '../../core/http-call-messages.js';
import { isSameOrigin, withoutBodyHeaders, withoutCredentials } from '../../core/http-call-polling.js';
import { parseHttpUrl } from '../../core/http-call-request.js';

/** As many as fetch follows. */
const MAX_REDIRECTS = 20;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

type Sent = Pick<HttpActivityInput, 'method' | 'url' | 'headers' | 'body'>;

/**
 * Sends a request and follows redirects as fetch would, but that all credentials stay behind where the origin changes: fetch knows
 * only some of them [H3].
 * @returns the answer, and the address that it came from
 */
export async function fetchFollowing(request: Sent, signal: AbortSignal): Promise<{ response: Response; url: string }> {
  let sent = request;
  for (let redirects = 0; ; redirects += 1) {
    const { method, url, headers, body } = sent;
    const response = await fetch(url, { method, headers, body, signal, redirect: 'manual' });
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
    if (location === null) return { response, url };
    await response.body?.cancel();
    if (redirects === MAX_REDIRECTS) throw new Error(`it was redirected more than ${MAX_REDIRECTS} times`);
    const target = parseHttpUrl(location, url);
    if (!target) throw new Error('it was redirected to what is no http or https address without user and password');
    sent = redirected(sent, response.status, target.href);
  }
}

function redirected({ method, url, headers, body }: Sent, status: number, target: string): Sent {
  const allowed = isSameOrigin(url, target) ? headers : withoutCredentials(headers);
  const becomesGet = status === 303 ? method !== 'GET' && method !== 'HEAD' : method === 'POST' && (status === 301 || status === 302);
  return becomesGet ? { method: 'GET', url: target, headers: withoutBodyHeaders(allowed) } : { method, url: target, headers: allowed, body };
}
