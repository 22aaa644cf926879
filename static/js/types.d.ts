// What do the objects of the client library hold? For editors only; nothing loads this file.

/** A claim; instants are Unix ms on the server's clock. */
export interface Claim {
  claim_id: string;
  sale_id: string;
  sale_item_id: string;
  attempt: number;
  version: number;
  quantity?: number;
  state: "received" | "held" | "standby" | "paying" | "paid" | "refused" | "expired" | "withdrawn";
  /** Rank on the standby list, 1 is next. */
  position?: number;
  /** Whole percent. */
  odds?: number;
  deadline: number | null;
  purchase_pass?: string;
  reason?: string;
  order_id?: string;
  receipt?: string;
}

export interface Money {
  amount_minor: number;
  currency: string;
}

export interface SaleItem {
  id: string;
  state: "on_sale" | "all_held" | "sold_out" | "closed";
  stock_version: number;
  available: number;
  held: number;
  paid: number;
  waiting: number;
  may_return_by: number | null;
  price: Money;
  list_price: Money | null;
  allotment: number;
  purchase_limit: number;
  hold_s: number;
  standby_limit: number;
  question: { text: string; options: string[] } | null;
  product: { id: string; name: string; description: string; image_url: string | null };
}

/** A sale; instants are Unix ms on the server's clock. */
export interface Sale {
  id: string;
  title: string;
  version: number;
  state: "scheduled" | "waiting_room" | "open" | "paused" | "closed" | "reconciled";
  waiting_room_opens_at: number;
  opens_at: number;
  closes_at: number;
  paused_at?: number | null;
  items: SaleItem[];
}
