/** The README's use of HTTP: requests of orchestrators, answers of controllers, calls between applications. */
import { Controller, Injectable, Post, Req, Res } from '@nestjs/common';
import {
  Activity, DurableClient, InjectDurableClient, Orchestrator, type HttpRequestLike, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';

export interface Job {
  readonly video: string;
}

@Injectable()
export class Videos {
  // #region call-http
  @Orchestrator()
  *convert(ctx: OrchestrationContext, job: Job): Orchestration<string> {
    const { statusCode, content } = yield* ctx.callHttp({
      method: 'POST',
      url: 'https://convert.example/jobs',
      body: job, // as JSON
      timeout: 10_000, // of each request
      retry: { firstRetryInterval: 1_000, maxNumberOfAttempts: 5 }, // after network failures and time-outs
    });
    if (statusCode !== 200) throw new Error(`the converter answered ${statusCode}`); // a result, not an error by itself
    return (JSON.parse(content) as { file: string }).file;
  }
  // #endregion
}

@Controller('videos')
export class VideosController {
  constructor(@InjectDurableClient() private readonly client: DurableClient) {}

  // #region check-status
  @Post()
  async start(@Req() request: HttpRequestLike, @Res({ passthrough: true }) response: Response): Promise<unknown> {
    const id = await this.client.orchestrators(Videos).convert({ video: 'holiday.mov' });
    const { status, headers, body } = this.client.createCheckStatusResponse(request, id);
    response.status(status).set(headers); // Express; with Fastify headers(headers)
    return body;
  }
  // #endregion
}

interface Response {
  status(code: number): Response;
  set(headers: Readonly<Record<string, string>>): Response;
}

@Injectable()
export class Parcels {
  constructor(private readonly warehouse: { readonly url: string; readonly key: string }) {}

  // #region between
  @Orchestrator()
  *deliver(ctx: OrchestrationContext, parcel: { order: string }): Orchestration<string> {
    const { url, key } = yield* ctx.activities(Parcels).access(); // configuration may change: an activity reads it
    const request = { headers: { 'x-functions-key': key }, retry: { firstRetryInterval: 1_000, maxNumberOfAttempts: 1_000 } };
    const id = `parcel-${parcel.order}`; // the same whenever the request is repeated
    let answer = yield* ctx.callHttp({ ...request, method: 'POST', url: `${url}/orchestrators/dispatch/${id}?onConflict=reject`, body: parcel });
    if (answer.statusCode === 409) answer = yield* ctx.callHttp({ ...request, method: 'GET', url: `${url}/instances/${id}` }); // it runs already
    const { runtimeStatus, output } = JSON.parse(answer.content) as { runtimeStatus: string; output: string };
    if (runtimeStatus !== 'Completed') throw new Error(`the parcel is ${runtimeStatus}`);
    return output;
  }
  // #endregion

  @Activity()
  access(): { url: string; key: string } {
    return this.warehouse;
  }
}
