// The peer `Socket.IO`, over WebSocket alone: its own greeting and answer, and one event to everybody at GET /broadcast.
const http = require("node:http");
const { Server } = require("socket.io");
const { listen, snapshot } = require("./listen.js");

const server = http.createServer((request, response) => {
  if (request.url === "/broadcast") io.emit("sale", snapshot);
  response.end("{}");
});
const io = new Server(server, { transports: ["websocket"], perMessageDeflate: false, serveClient: false });
listen(server);
