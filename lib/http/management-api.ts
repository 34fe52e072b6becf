import type { IncomingMessage } from 'node:http';
import { BadRequestException, NotFoundException, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import { managementLinks, type DurableClient, type ManagementApiAddress } from '../client/index.js';
import { ApiKeys, KEY_MISSING } from './access.js';
import { prepareAdapter } from './adapters.js';
import { send, type ApiAnswer } from './answer.js';
import { refusal } from './errors.js';
import { Query } from './query.js';
import { RequestBodies } from './request-bodies.js';
import { pathAfter, rawOf, targetOf, type FrameworkRequest } from './requests.js';
import { findRoute } from './routes.js';

/** What the API needs of the application around it. */
export interface ManagementApiOptions {
  readonly address: ManagementApiAddress;
  /** One of them must come with each request; empty: none is needed. */
  readonly keys: readonly string[];
  /** All of them must let a request pass. */
  guards(): readonly CanActivate[];
  /** The client of a task hub, without a name of the one that the API belongs to; `undefined` when the application has no such hub. */
  clientOf(taskHub: string | undefined): DurableClient | undefined;
  /** The most that a request's body may have. */
  maxBodyBytes(): number;
}

/**
 * The management API of one registration [W1–W13]: what its controller does with a request.
 *
 * It answers by itself, with the framework's response, and reads body and query from Node's request: so the application's pipes,
 * interceptors, filters and parsers change nothing about it. Its guards do apply.
 */
export class ManagementApi {
  private readonly keys: ApiKeys | undefined;
  private readonly bodies: RequestBodies;

  constructor(
    private readonly options: ManagementApiOptions,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    this.keys = options.keys.length === 0 ? undefined : new ApiKeys(options.keys);
    const isOurs = (path: string): boolean => this.pathInApi(path) !== undefined;
    this.bodies = new RequestBodies(isOurs, (request) => this.hasKey(request), () => options.maxBodyBytes());
    // There is an adapter from the beginning, or (in tests) from when the application is made of its modules.
    adapterHost.init$.subscribe(() => prepareAdapter(adapterHost.httpAdapter as AbstractHttpAdapter | null, this.bodies.middleware, isOurs));
  }

  /**
   * Whether a request may use the API.
   * @throws {UnauthorizedException} without a key, where one is needed, and what a guard throws
   */
  async admits(context: ExecutionContext): Promise<boolean> {
    const request = rawOf(context.switchToHttp().getRequest<FrameworkRequest>());
    if (!this.hasKey(request)) throw new UnauthorizedException(KEY_MISSING);
    for (const guard of this.options.guards()) {
      const answer = guard.canActivate(context);
      if (!(await (isObservable(answer) ? lastValueFrom(answer) : answer))) return false;
    }
    return true;
  }

  /** Answers a request, whatever it holds. */
  async serve(request: FrameworkRequest, response: unknown): Promise<void> {
    const answer = await this.answer(request).catch(refusal);
    send(this.adapterHost.httpAdapter, response, answer);
  }

  private async answer(request: FrameworkRequest): Promise<ApiAnswer> {
    const raw = rawOf(request);
    const { path, query: text } = targetOf(raw);
    const found = findRoute(raw.method ?? '', this.pathInApi(path) ?? '');
    if (!found) throw new NotFoundException(`The management API has no ${raw.method} ${path}.`);
    const query = new Query(text);
    // Microsoft's client puts a hub that is asked for before the one that belongs to all its URLs.
    const client = this.clientOf(query.first('taskHub'));
    // Callers that only follow links need their key in them; it is told to nobody who has not sent it.
    const code = this.keys?.parameterOf(raw);
    const links = managementLinks('The management API', request, this.options.address, { taskHub: client.taskHub, ...(code !== undefined && { code }) });
    return await found.route.answer({ request, client, query, bodies: this.bodies, links }, ...found.parameters.map(decode));
  }

  private clientOf(taskHub: string | undefined): DurableClient {
    const client = this.options.clientOf(taskHub || undefined);
    if (client) return client;
    throw new NotFoundException(`The application has no task hub '${taskHub}'.`);
  }

  private hasKey(request: IncomingMessage): boolean {
    return this.keys?.admit(request) ?? true;
  }

  private pathInApi(path: string): string | undefined {
    return pathAfter(this.options.address.path, path);
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new BadRequestException(`'${part}' in the path is not encoded as a URL must be: write %25 for a percent sign.`);
  }
}

