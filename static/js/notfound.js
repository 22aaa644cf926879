// The page for an address that leads nowhere.
import { byId } from "./ui/dom.js";
import { startPage } from "./ui/shell.js";

byId("back").addEventListener("click", () => history.back());
await startPage({ words: ["shop"] });
