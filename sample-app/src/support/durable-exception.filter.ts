import { Catch, HttpStatus, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  InstanceAlreadyExistsError, InstanceNotFoundError, InvalidInstanceIdError, InvalidInstanceStateError, PayloadTooLargeError,
} from 'nestjs-durable';

/** Answers the errors of the DurableClient with the status codes that REST has for them. */
@Catch(InstanceNotFoundError, InstanceAlreadyExistsError, InvalidInstanceIdError, InvalidInstanceStateError, PayloadTooLargeError)
export class DurableExceptionFilter implements ExceptionFilter<Error> {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: Error, host: ArgumentsHost): void {
    const statusCode = statusOf(error);
    const body = { statusCode, error: error.name, message: error.message };
    this.adapterHost.httpAdapter.reply(host.switchToHttp().getResponse(), body, statusCode);
  }
}

function statusOf(error: Error): HttpStatus {
  if (error instanceof InstanceNotFoundError) return HttpStatus.NOT_FOUND;
  if (error instanceof InvalidInstanceIdError) return HttpStatus.BAD_REQUEST;
  if (error instanceof PayloadTooLargeError) return HttpStatus.PAYLOAD_TOO_LARGE;
  return HttpStatus.CONFLICT;
}
