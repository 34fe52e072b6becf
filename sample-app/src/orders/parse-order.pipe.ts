import { randomUUID } from 'node:crypto';
import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';
import { PriceList } from '../shop/price-list.js';
import { isWhole } from '../support/bad-request.js';
import type { Order } from './order.js';

const MAX_LINES = 50;
const MAX_QUANTITY = 10_000;
const DEFAULT_APPROVAL_TIMEOUT_SECONDS = 3_600;
const MAX_APPROVAL_TIMEOUT_SECONDS = 30 * 86_400;

/** Makes an order of a request's body, or answers 400 with all that is wrong with it. */
@Injectable()
export class ParseOrderPipe implements PipeTransform<unknown, Order> {
  constructor(private readonly priceList: PriceList) {}

  transform(body: unknown): Order {
    if (!isObject(body)) throw new BadRequestException('The body must be a JSON object: { customer, lines: [{ sku, quantity }] }.');
    const {
      id = `order-${randomUUID()}`, customer, card = '4242', account, lines, delivery = 'courier',
      approvalTimeoutSeconds = DEFAULT_APPROVAL_TIMEOUT_SECONDS,
    } = body;
    const problems = [
      isName(id) || 'id must be 1 to 100 letters, digits, - or _',
      (typeof customer === 'string' && customer.trim() !== '') || 'customer must be a non-empty string',
      (typeof card === 'string' && /^\d{4,19}$/.test(card)) || 'card must be a string of 4 to 19 digits',
      account === undefined || isName(account) || 'account must be 1 to 100 letters, digits, - or _',
      (body.card === undefined || account === undefined) || 'card and account cannot both pay',
      delivery === 'courier' || delivery === 'warehouse' || 'delivery must be courier or warehouse',
      isWhole(approvalTimeoutSeconds, MAX_APPROVAL_TIMEOUT_SECONDS) ||
        `approvalTimeoutSeconds must be a whole number from 1 to ${MAX_APPROVAL_TIMEOUT_SECONDS}`,
      ...this.problemsOf(lines),
    ].filter((problem) => typeof problem === 'string');
    if (problems.length > 0) throw new BadRequestException(problems);
    return { id, customer, card, account, delivery, approvalTimeoutSeconds, lines } as Order;
  }

  private problemsOf(lines: unknown): string[] {
    if (!Array.isArray(lines) || lines.length === 0 || lines.length > MAX_LINES) {
      return [`lines must be an array of 1 to ${MAX_LINES} { sku, quantity }`];
    }
    const { skus } = this.priceList;
    return lines.flatMap((line: unknown, index) => {
      if (!isObject(line)) return [`lines[${index}] must be an object { sku, quantity }`];
      return [
        ...(skus.includes(line.sku as string) ? [] : [`lines[${index}].sku must be one of ${skus.join(', ')}`]),
        ...(isWhole(line.quantity, MAX_QUANTITY) ? [] : [`lines[${index}].quantity must be a whole number from 1 to ${MAX_QUANTITY}`]),
      ];
    });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[\w-]{1,100}$/.test(value);
}
