import type { HttpManagementPayload } from 'nestjs-durable';

export interface ApiRequest {
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, with the content type of JSON. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; `undefined` for an empty one. */
  readonly body: any;
}

/** Makes a request. An answer that is neither empty nor JSON in UTF-8 is an error: the API has no other. */
export async function call(method: string, url: string, { json, text, headers }: ApiRequest = {}): Promise<ApiAnswer> {
  const body = json === undefined ? text : JSON.stringify(json);
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers: { ...type, ...headers }, body, redirect: 'error' });
  const answer = await response.text();
  if (answer !== '') expect(response.headers.get('content-type')).toMatch(/^application\/json; ?charset=utf-8$/i);
  return { status: response.status, headers: response.headers, text: answer, body: answer === '' ? undefined : JSON.parse(answer) };
}

/** The request was refused: with this status, and a message that says why. */
export function expectRefusal(answer: ApiAnswer, status: number, ...parts: readonly string[]): void {
  expect([answer.status, answer.body]).toEqual([status, expect.objectContaining({ message: expect.any(String) })]);
  for (const part of parts) expect(answer.body.message).toContain(part);
}

/** The links to an instance. `base` ends before `/instances`; `query` is what all links have. */
export function linksTo(base: string, instanceId: string, query = 'taskHub=DurableHub'): HttpManagementPayload {
  const instance = `${base}/instances/${encodeURIComponent(instanceId)}`;
  return {
    id: instanceId,
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}
