import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { serveSpdy } from './spdy.ts';
import { headerCodec } from './spdy-headers.ts';

const frame = (word: number, flags: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(word >>> 0);
  head.writeUIntBE(flags * 2 ** 24 + body.length, 4, 4);
  return Buffer.concat([head, body]);
};

/** What a client sends to open a stream. */
async function opening(
  id: number,
  headers: Record<string, string>,
  codec: ReturnType<typeof headerCodec>,
): Promise<Buffer> {
  const start = Buffer.alloc(10);
  start.writeUInt32BE(id);
  return frame(0x80030001, 0, Buffer.concat([start, await codec.encode(headers)]));
}

test('streams carry their headers and their bytes, whatever pieces these come in', async () => {
  const [client, server] = duplexPair();
  const seen: Record<string, string> = {};
  const served = serveSpdy(server, async (stream) => {
    seen[stream.headers['streamtype'] ?? ''] = await text(stream);
    stream.end(`got ${seen[stream.headers['streamtype'] ?? '']}`);
  });
  const codec = headerCodec();
  const sent = Buffer.concat([
    await opening(1, { Streamtype: 'error', Port: '80' }, codec),
    await opening(3, { Streamtype: 'data', Port: '80' }, codec),
    frame(3, 0, Buffer.from('one ')),
    frame(1, 1, Buffer.alloc(0)),
    frame(3, 1, Buffer.from('two')),
  ]);
  for (let at = 0; at < sent.length; at += 7) client.write(sent.subarray(at, at + 7));
  let answer = Buffer.alloc(0);
  for await (const chunk of client) {
    answer = Buffer.concat([answer, chunk]);
    if (answer.includes('got one two') && answer.includes('got ')) break;
  }
  expect(seen).toEqual({ error: '', data: 'one two' });
  // Both streams are replied to (SYN_REPLY is type 2) before their data.
  expect(answer.readUInt32BE(0)).toBe(0x80030002);
  server.destroy();
  await served.catch(() => {});
});

test('a ping of the client comes back as it is', async () => {
  const [client, server] = duplexPair();
  const served = serveSpdy(server, () => {});
  const ping = frame(0x80030006, 0, Buffer.from([0, 0, 0, 7]));
  client.write(ping);
  const [answer] = await client.take(1).toArray();
  expect(answer).toEqual(ping);
  server.destroy();
  await served.catch(() => {});
});

test('a header block that is damaged ends the connection, and nothing else', async () => {
  const [client, server] = duplexPair();
  client.on('error', () => {});
  const served = serveSpdy(server, () => {});
  client.write(frame(0x80030001, 0, Buffer.alloc(40, 1)));
  await expect(served).rejects.toThrow();
});
