import type { HttpManagementPayload } from './management-payload.js';
import type { DurableOrchestrationStatus } from './orchestration-status.js';

/** A response for a controller to send: status, headers, and a body that is to be sent as JSON. */
export interface CheckStatusResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** An instance's status in the form that Durable Functions has over HTTP: all keys present, times in whole seconds. */
export interface HttpOrchestrationStatus {
  readonly name: string;
  readonly instanceId: string;
  readonly runtimeStatus: string;
  readonly input: unknown;
  readonly customStatus: unknown;
  readonly output: unknown;
  readonly createdTime: string;
  readonly lastUpdatedTime: string;
}

/** Seconds after which a caller is to ask again. */
const RETRY_AFTER = '10';

/** 202: the instance was accepted, here is where to ask for it [K5]. */
export function acceptedResponse(payload: HttpManagementPayload): CheckStatusResponse {
  return { status: 202, headers: { Location: payload.statusQueryGetUri, 'Retry-After': RETRY_AFTER }, body: payload };
}

/** The end of an instance: its output when it completed, else its status, with 500 when it failed [K5]. */
export function finishedResponse(status: DurableOrchestrationStatus): CheckStatusResponse {
  if (status.runtimeStatus === 'Completed') return { status: 200, headers: {}, body: status.output ?? null };
  return { status: status.runtimeStatus === 'Failed' ? 500 : 200, headers: {}, body: toHttpStatus(status) };
}

/** The status as Durable Functions writes it. */
export function toHttpStatus({ name, instanceId, runtimeStatus, input, customStatus, output, createdTime, lastUpdatedTime }: DurableOrchestrationStatus): HttpOrchestrationStatus {
  return {
    name,
    instanceId,
    runtimeStatus,
    input: input ?? null,
    customStatus: customStatus ?? null,
    output: output ?? null,
    createdTime: inSeconds(createdTime),
    lastUpdatedTime: inSeconds(lastUpdatedTime),
  };
}

/** `yyyy-MM-ddTHH:mm:ssZ`. */
export function inSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
