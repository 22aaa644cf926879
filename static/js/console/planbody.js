// What does the server get from a filled-in plan? Pure.

/** The body of `POST /admin/sales` from the form's texts; throws `{key}` for what the browser cannot check itself. */
export function readPlan(f) {
  return dropEmpty({
    title: f.title.trim(),
    opens_at: instant(f.opens_at),
    closes_at: instant(f.closes_at),
    waiting_room_opens_at: instant(f.waiting_room_opens_at),
    items: [dropEmpty({
      product_id: f.product_id || undefined,
      product: f.product_id ? undefined : dropEmpty({ name: f.name.trim(), description: f.description.trim(), image_url: f.image_url }),
      price: money(f.price, f.currency),
      list_price: money(f.list_price, f.currency),
      allotment: number(f.allotment),
      purchase_limit: number(f.purchase_limit),
      hold_s: number(f.hold_s),
      standby_limit: number(f.standby_limit),
      question: question(f),
    })],
  });
}

const instant = (text) => (text ? new Date(text).toISOString() : undefined);

const number = (text) => (text === "" ? undefined : Number(text));

function money(text, currency) {
  if (text === "") return undefined;
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  return { amount_minor: Math.round(Number(text) * 10 ** digits), currency };
}

function question({ question: text, options, answer }) {
  if (!text.trim()) return undefined;
  const list = options.split("\n").map((o) => o.trim()).filter(Boolean);
  if (list.length < 2) throw { key: "plan_options" };
  if (!list.includes(answer.trim())) throw { key: "plan_answer" };
  return { text: text.trim(), options: list, answer: answer.trim() };
}

const dropEmpty = (object) => Object.fromEntries(Object.entries(object).filter(([, v]) => v !== undefined && v !== ""));
