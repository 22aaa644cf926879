// The peer `ws`: a greeting, a snapshot for whoever says something, and one text to everybody at GET /broadcast.
const http = require("node:http");
const { WebSocketServer } = require("ws");
const { listen, snapshot } = require("./listen.js");

const server = http.createServer((request, response) => {
  if (request.url === "/broadcast") for (const client of sockets.clients) client.send(snapshot);
  response.end("{}");
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket) => {
  socket.send('{"type":"hello"}');
  socket.on("message", () => socket.send(snapshot));
  socket.on("error", () => {});
});
listen(server);
