// What does the buyer see and can do in each state of the sale?
import { countdown } from "../ui/countdown.js";
import { h } from "../ui/dom.js";
import { clockTime } from "../ui/format.js";
import { t } from "../ui/i18n.js";
import { timebar } from "../ui/timebar.js";

/**
 * The part of the page that changes with the state.
 * @param {{view: any, sale: any, item: any, claim: any, clock: any, act: {withdraw(): void, changed(): void}}} all
 * @returns {{el: HTMLElement, stop(): void}}
 */
export function panel(all) {
  const { view, claim } = all;
  const running = [];
  const body = (BODIES[view.name] ?? BODIES.closed)(all, (part) => (running.push(part), part.el));
  const el = h("div.state", { "data-testid": "claim-state", "data-state": view.name, "data-sale-state": view.sale, "data-reason": claim?.reason, tabindex: -1 }, body);
  return { el, stop: () => running.forEach((part) => part.stop()) };
}

const title = (key, params) => h("h2", { t: [key, params] });
const say = (key, params) => h("p", { t: [key, params] });
const art = (name) => h("img.art", { src: `/static/img/${name}.svg`, alt: "", width: 160, height: 120 });

const BODIES = {
  scheduled: (all, run) => [title("state.scheduled"), toOpening(all, run), say("state.scheduled.text", { at: () => clockTime(all.sale.waiting_room_opens_at) })],
  waiting_room: (all, run) => [title("state.waiting_room"), toOpening(all, run), say("state.waiting_room.text")],
  open: (all, run) => [title("state.open"), toClosing(all, run)],
  paused: () => [title("state.paused"), say("state.paused.text")],
  all_held: ({ item }) => [title("state.all_held"), honest(item)],
  sold_out: () => [art("sorry"), title("state.sold_out"), say("state.sold_out.text"), home()],
  closed: () => [art("sorry"), title("state.closed"), say("state.closed.text"), home()],
  received: () => [h("div.spinner", { "aria-hidden": "true" }), title("state.received"), say("state.received.text")],
  held,
  standby,
  paying: ({ claim }) => [h("div.spinner", { "aria-hidden": "true" }), title("state.paying"), say("state.paying.text"), h("a", { href: `/checkout/${claim.claim_id}`, t: "state.paying.link" })],
  paid: ({ claim }) => [title("state.paid"), say("state.paid.text"), h("a.button.primary", { href: claim.order_id ? `/orders/${claim.order_id}` : "/orders", t: "state.paid.link", "data-testid": "order-link" })],
  expired: ({ view }) => [art("sorry"), title("state.expired"), say(view.ask ? "state.expired.again" : "state.expired.text")],
  withdrawn: () => [title("state.withdrawn"), say("state.withdrawn.text")],
  refused: ({ claim }) => [art("sorry"), title("state.refused"), say(`reason.${claim.reason ?? "closed"}`), home()],
};

const home = () => h("a", { href: "/", t: "state.other_sales" });

function toOpening({ sale, clock, act }, run) {
  return run(countdown({ clock, target: sale.opens_at, from: sale.waiting_room_opens_at, onend: act.changed }));
}

function toClosing({ sale, clock, act }, run) {
  return h("div.closing", {}, h("p", { t: "state.closes_in" }), run(countdown({ clock, target: sale.closes_at, from: sale.opens_at, onend: act.changed })));
}

function honest(item) {
  const params = { n: item.held, at: () => clockTime(item.may_return_by) };
  return h("p", { t: [item.may_return_by ? "state.all_held.back" : "state.all_held.text", params], "data-testid": "may-return" });
}

function held({ claim, item, sale, clock, act }, run) {
  const pay = h("a.button.primary.big", { href: `/checkout/${claim.claim_id}`, t: "state.held.pay", "data-testid": "pay-now" });
  const over = () => (pay.hidden = true);
  const bar = timebar({ clock, deadline: claim.deadline, totalMs: item.hold_s * 1000, frozenAt: sale.paused_at, onend: over });
  return [title("state.held"), say("state.held.text"), run(bar), pay, giveBack("state.held.give_back", act)];
}

function standby({ claim, item, act }) {
  return [art("queue"), title("state.standby"), say("state.standby.text"),
    h("dl.rank", {},
      h("div", {}, h("dt", { t: "state.standby.place" }), h("dd", { "data-testid": "position" }, String(claim.position ?? "–"))),
      h("div", {}, h("dt", { t: "state.standby.odds" }), h("dd", { "data-testid": "odds" }, claim.odds == null ? "–" : `${claim.odds} %`))),
    honest(item), giveBack("state.standby.leave", act)];
}

function giveBack(key, act) {
  return h("button.quiet", { type: "button", t: key, onclick: act.withdraw, "data-testid": "withdraw-button" });
}

/** What must be equal for a panel to stay as it is; anything else in here redraws it. */
export function panelKey({ view, sale, item, claim }) {
  const shown = [view.name, view.ask, view.sale, sale.opens_at, sale.closes_at, sale.paused_at, claim?.claim_id, claim?.deadline, claim?.reason, claim?.order_id];
  if (view.name === "standby") shown.push(claim.position, claim.odds);
  if (view.name === "standby" || view.name === "all_held") shown.push(item.held, item.may_return_by);
  return shown.join("|");
}

export const buttonText = (view) => t({ standby: "claim.standby", again: "claim.again" }[view.ask] ?? "claim.button");
