/** The device of server.c for a computer without a compiler: dearer, so the ratios come out nearer to one. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  // A client of the benchmark sends one request of 12 bytes and waits; on loopback it comes in one piece.
  socket.on('data', (request) => {
    const count = request.readUInt16BE(10);
    const reply = Buffer.alloc(9 + count * 2);
    request.copy(reply, 0, 0, 8);
    reply[5] = 3 + count * 2;
    reply[8] = count * 2;
    for (let at = 0; at < count; at += 1) reply.writeUInt16BE(request.readUInt16BE(8) + at, 9 + at * 2);
    socket.write(reply);
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.on('end', () => process.exit(0)).resume();
