// Where does the parcel go? Typed once, remembered on this machine.
import { byId } from "../ui/dom.js";

const KEY = "miaosha.shipping";
const FIELDS = ["name", "phone", "address"];

const field = (name) => byId(`ship-${name}`);

export function shippingForm(changed) {
  const draft = read();
  for (const name of FIELDS) {
    field(name).value = draft[name] ?? "";
    field(name).addEventListener("input", () => {
      localStorage.setItem(KEY, JSON.stringify(value()));
      changed();
    });
  }
  return { value, valid: () => FIELDS.every((name) => value()[name] !== "") };
}

const value = () => Object.fromEntries(FIELDS.map((name) => [name, field(name).value.trim()]));

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
