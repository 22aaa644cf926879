// A line between a browser and the server that can go silent, as in a tunnel: nothing is lost, nothing is refused, nothing arrives.

import { connect, createServer } from "node:net";

export class Line {
  #pairs = new Set();
  #silent = false;

  /** @returns {Promise<Line>} its `url` leads to the server of that house */
  static async to(house) {
    const line = new Line();
    line.server = createServer((near) => line.#join(near, connect(house.port, "127.0.0.1")));
    await new Promise((done) => line.server.listen(0, "127.0.0.1", done));
    line.url = `http://127.0.0.1:${line.server.address().port}`;
    return line;
  }

  cut() {
    this.#silent = true;
    for (const [near, far] of this.#pairs) for (const end of [near, far]) end.unpipe().pause();
  }

  mend() {
    this.#silent = false;
    for (const [near, far] of this.#pairs) flow(near, far);
  }

  async close() {
    for (const pair of this.#pairs) for (const end of pair) end.destroy();
    await new Promise((done) => this.server.close(done));
  }

  #join(near, far) {
    const pair = [near, far];
    this.#pairs.add(pair);
    const part = () => {
      this.#pairs.delete(pair);
      for (const end of pair) end.destroy();
    };
    for (const end of pair) end.on("error", part).on("close", part);
    if (!this.#silent) flow(near, far);
  }
}

function flow(near, far) {
  near.pipe(far);
  far.pipe(near);
}
