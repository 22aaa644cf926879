// What does a buyer see of their own claim?
import { h } from "../ui/dom.js";
import { timebar } from "../ui/timebar.js";
import { art, home, honest, say, title } from "./panel.js";
import { receipt } from "./receipt.js";

const spinner = () => h("div.spinner", { "aria-hidden": "true" });

/** One body for each state of a claim. */
export const CLAIM_BODIES = {
  received: ({ claim }) => [spinner(), title("state.received"), say("state.received.text"), receipt(claim)],
  held,
  standby,
  paying: ({ claim }) => [spinner(), title("state.paying"), say("state.paying.text"), h("a", { href: `/checkout/${claim.claim_id}`, t: "state.paying.link" })],
  paid: ({ claim }) => [title("state.paid"), say("state.paid.text"), h("a.button.primary", { href: claim.order_id ? `/orders/${claim.order_id}` : "/orders", t: "state.paid.link", "data-testid": "order-link" })],
  expired: ({ view }) => [art("sorry"), title("state.expired"), say(view.ask ? "state.expired.again" : "state.expired.text")],
  withdrawn: () => [title("state.withdrawn"), say("state.withdrawn.text")],
  refused: ({ claim }) => [art("sorry"), title("state.refused"), say(`reason.${claim.reason ?? "closed"}`), home()],
};

function held({ claim, item, sale, clock, act }, run) {
  const pay = h("a.button.primary.big", { href: `/checkout/${claim.claim_id}`, t: "state.held.pay", "data-testid": "pay-now" });
  const over = () => (pay.hidden = true);
  const bar = timebar({ clock, deadline: claim.deadline, totalMs: item.hold_s * 1000, frozenAt: sale.paused_at, onend: over });
  return [title("state.held"), say("state.held.text"), run(bar), pay, giveBack("state.held.give_back", act), receipt(claim)];
}

function standby({ claim, item, act }) {
  return [art("queue"), title("state.standby"), say("state.standby.text"),
    h("dl.rank", {},
      h("div", {}, h("dt", { t: "state.standby.place" }), h("dd", { "data-testid": "position" }, String(claim.position ?? "–"))),
      h("div", {}, h("dt", { t: "state.standby.odds" }), h("dd", { "data-testid": "odds" }, claim.odds == null ? "–" : `${claim.odds} %`))),
    honest(item), giveBack("state.standby.leave", act), receipt(claim)];
}

function giveBack(key, act) {
  return h("button.quiet", { type: "button", t: key, onclick: act.withdraw, "data-testid": "withdraw-button" });
}
