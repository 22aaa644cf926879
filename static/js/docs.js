// The hub of the API documents: nothing but links.
import { startPage } from "./ui/shell.js";

await startPage({ words: ["shop"] });
