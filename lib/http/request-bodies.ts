/**
 * The bodies of requests to the API, read before the application's parsers see them: those refuse what the API takes (an
 * empty body of a JSON content type, a body of `""`), differ between Express and Fastify, and are the application's to
 * change. Requests for other paths are left alone.
 */
import type { IncomingMessage } from 'node:http';
import { BadRequestException, PayloadTooLargeException, UnsupportedMediaTypeException } from '@nestjs/common';
import { rawOf, targetOf, type FrameworkRequest } from './requests.js';

/** A body as it came, or that it was too large to be kept. */
type Body = Buffer | 'too large';

const WITHOUT_BODY: readonly unknown[] = ['GET', 'HEAD'];
/** What tells parsers that there is a body for them. */
const BODY_HEADERS = ['content-type', 'content-length', 'transfer-encoding'];

const UTF8 = new TextDecoder('utf-8', { fatal: true });

export class RequestBodies {
  private readonly bodies = new WeakMap<IncomingMessage, Body>();

  /**
   * @param isOurs whether a path is one of the API
   * @param hasKey whether a request has the key that it needs, if it needs one
   * @param maxBytes the most that a body may have
   */
  constructor(
    private readonly isOurs: (path: string) => boolean,
    private readonly hasKey: (request: IncomingMessage) => boolean,
    private readonly maxBytes: () => number,
  ) {}

  /** To be used before all others. Takes Node's request, as Express and Fastify give it to middleware. */
  readonly middleware = (request: IncomingMessage, _response: unknown, next: () => void): void => {
    // Where a platform has read it already, its `rawBody` or `body` is what there is.
    const isRead = request.readableEnded || request.readableDidRead;
    if (isRead || !this.isOurs(targetOf(request).path)) return next();
    if (!WITHOUT_BODY.includes(request.method)) return this.read(request, next);
    hideBody(request);
    next();
  };

  /**
   * The JSON that a request holds; `undefined` for an empty body. Its content type does not matter.
   * @throws {BadRequestException} {PayloadTooLargeException} {UnsupportedMediaTypeException}
   */
  jsonOf(request: FrameworkRequest): unknown {
    const body = this.bodies.get(rawOf(request)) ?? request.rawBody;
    if (body === undefined) return request.body;
    if (body === 'too large') throw new PayloadTooLargeException(`The body has more than the ${this.maxBytes()} bytes that maxPayloadBytes allows.`);
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') throw new UnsupportedMediaTypeException(`The body is encoded as '${String(encoding)}'; send it as it is.`);
    return parse(body as Buffer);
  }

  private read(request: IncomingMessage, next: () => void): void {
    const limit = this.maxBytes();
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (body: Body): void => {
      request.off('data', take).off('end', end);
      this.bodies.set(request, body);
      hideBody(request);
      next();
    };
    const end = (): void => finish(Buffer.concat(chunks));
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= limit) return void chunks.push(chunk);
      finish('too large');
      // The rest is let go, so that the caller comes to read the answer.
      request.resume();
    };
    // A caller that goes away in between needs no answer: neither listener is called any more.
    request.on('error', () => undefined);
    if (this.hasKey(request)) return void request.on('data', take).on('end', end);
    // It will be refused: nothing of it is waited for, or kept.
    finish(Buffer.alloc(0));
    request.resume();
  }
}

function hideBody({ headers }: IncomingMessage): void {
  for (const header of BODY_HEADERS) delete headers[header];
}

function parse(body: Buffer): unknown {
  let text: string;
  try {
    text = UTF8.decode(body);
  } catch {
    throw new BadRequestException('The body is no JSON: it is not encoded in UTF-8.');
  }
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new BadRequestException(`The body is no JSON: ${(error as Error).message}`);
  }
}
