export interface OrderLine {
  readonly sku: string;
  readonly quantity: number;
}

export interface Order {
  /** Also the id of its orchestration. */
  readonly id: string;
  readonly customer: string;
  readonly card: string;
  /** Whose account pays, in place of the card. */
  readonly account?: string;
  readonly lines: readonly OrderLine[];
  /** Who ships it: the shop's courier, or the warehouse, which is another application. */
  readonly delivery: 'courier' | 'warehouse';
  /** How long a large order waits for its approval. */
  readonly approvalTimeoutSeconds: number;
}

/** What somebody decided about a large order. */
export interface Decision {
  readonly approved: boolean;
  readonly by: string;
}

/** An order that has left the house. */
export interface Shipped {
  readonly state: 'shipped';
  readonly total: number;
  readonly receiptId: string;
  readonly trackingNumber: string;
}

/** How an order ended. */
export type OrderOutcome =
  | Shipped
  | { readonly state: 'rejected'; readonly by: string }
  | { readonly state: 'out of stock' | 'not paid' | 'not shipped'; readonly reason: string };
