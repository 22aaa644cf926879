// What does the buyer see and can do in each state of the sale?
import { countdown } from "../ui/countdown.js";
import { h } from "../ui/dom.js";
import { clockTime } from "../ui/format.js";
import { t } from "../ui/i18n.js";

/** The part of the page that changes. `bodies`: for the states of a claim (see claimstates.js), none without an account. */
export function panel(all) {
  const { view, claim } = all;
  const running = [];
  const body = (BODIES[view.name] ?? all.bodies[view.name])(all, (part) => (running.push(part), part.el));
  const el = h("div.state", { "data-testid": "claim-state", "data-state": view.name, "data-sale-state": view.sale, "data-reason": claim?.reason, tabindex: -1 }, body);
  return { el, stop: () => running.forEach((part) => part.stop()) };
}

export const title = (key, params) => h("h2", { t: [key, params] });
export const say = (key, params) => h("p", { t: [key, params] });
export const art = (name) => h("img.art", { src: `/static/img/${name}.svg`, alt: "", width: 160, height: 120 });

const BODIES = {
  scheduled: (all, run) => [title("state.scheduled"), toOpening(all, run), say("state.scheduled.text", { at: () => clockTime(all.sale.waiting_room_opens_at) })],
  waiting_room: (all, run) => [title("state.waiting_room"), toOpening(all, run), say("state.waiting_room.text")],
  open: (all, run) => [title("state.open"), toClosing(all, run)],
  paused: () => [title("state.paused"), say("state.paused.text")],
  all_held: ({ item }) => [title("state.all_held"), honest(item)],
  sold_out: () => [art("sorry"), title("state.sold_out"), say("state.sold_out.text"), home()],
  closed: () => [art("sorry"), title("state.closed"), say("state.closed.text"), home()],
};

export const home = () => h("a", { href: "/", t: "state.other_sales" });

function toOpening({ sale, clock, act }, run) {
  return run(countdown({ clock, target: sale.opens_at, from: sale.waiting_room_opens_at, onend: act.changed }));
}

function toClosing({ sale, clock, act }, run) {
  return h("div.closing", {}, h("p", { t: "state.closes_in" }), run(countdown({ clock, target: sale.closes_at, from: sale.opens_at, onend: act.changed })));
}

export function honest(item) {
  const params = { n: item.held, at: () => clockTime(item.may_return_by) };
  return h("p", { t: [item.may_return_by ? "state.all_held.back" : "state.all_held.text", params], "data-testid": "may-return" });
}

/** What must be equal for a panel to stay as it is; anything else in here redraws it. */
export function panelKey({ view, sale, item, claim }) {
  const shown = [view.name, view.ask, view.sale, sale.opens_at, sale.closes_at, sale.paused_at, claim?.claim_id, claim?.deadline, claim?.reason, claim?.order_id];
  if (view.name === "standby") shown.push(claim.position, claim.odds);
  if (view.name === "standby" || view.name === "all_held") shown.push(item.held, item.may_return_by);
  return shown.join("|");
}

export const buttonText = (view) => t({ standby: "claim.standby", again: "claim.again" }[view.ask] ?? "claim.button");
