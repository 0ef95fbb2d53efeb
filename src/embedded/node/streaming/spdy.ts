/**
 * The server side of SPDY/3.1, as far as Kubernetes' streaming uses it: streams that the client opens, without flow control, which its own
 * library does not do either. Clients of before websockets speak it for exec, and all of them for port-forward, newer ones inside of a
 * websocket.
 */
import { Duplex } from 'node:stream';
import { headerCodec, type SpdyHeaders } from './spdy-headers.ts';

const types = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7 };
const finFlag = 1;
const longestFrame = 64 * 1024;
/** Of RST_STREAM: the stream is no longer needed. */
const cancel = 5;

export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: SpdyHeaders;
  readonly #send: (frame: Buffer, done: () => void) => void;

  constructor(id: number, headers: SpdyHeaders, send: (frame: Buffer, done: () => void) => void) {
    super();
    this.id = id;
    this.headers = headers;
    this.#send = send;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (let at = 0; at < chunk.length; at += longestFrame) {
      const part = chunk.subarray(at, at + longestFrame);
      this.#send(dataFrame(this.id, 0, part), at + longestFrame >= chunk.length ? done : () => {});
    }
    if (chunk.length === 0) done();
  }

  override _final(done: () => void): void {
    this.#send(dataFrame(this.id, finFlag, Buffer.alloc(0)), done);
  }

  /** Ends both directions at once. */
  reset(): void {
    const body = Buffer.alloc(8);
    body.writeUInt32BE(this.id);
    body.writeUInt32BE(cancel, 4);
    this.#send(controlFrame(types.rstStream, 0, body), () => {});
    this.destroy();
  }
}

/** Returns when the connection has ended. */
export async function serveSpdy(transport: Duplex, onStream: (stream: SpdyStream) => void): Promise<void> {
  const headers = headerCodec();
  const streams = new Map<number, SpdyStream>();
  const send = (frame: Buffer, done: () => void): void => {
    if (transport.writable) transport.write(frame, () => done());
    else done();
  };
  const open = async (flags: number, body: Buffer): Promise<void> => {
    const id = body.readUInt32BE(0) & 0x7fffffff;
    const stream = new SpdyStream(id, await headers.decode(body.subarray(10)), send);
    streams.set(id, stream);
    stream.on('error', () => {});
    stream.on('close', () => streams.delete(id));
    const start = Buffer.alloc(4);
    start.writeUInt32BE(id);
    send(controlFrame(types.synReply, 0, Buffer.concat([start, await headers.encode({})])), () => {});
    if (flags & finFlag) stream.push(null);
    onStream(stream);
  };
  const takeControl = async (type: number, flags: number, body: Buffer): Promise<void> => {
    if (type === types.synStream) await open(flags, body);
    else if (type === types.rstStream) streams.get(body.readUInt32BE(0) & 0x7fffffff)?.destroy();
    else if (type === types.ping && body.readUInt32BE(0) % 2 === 1) send(controlFrame(types.ping, 0, body), () => {});
  };
  try {
    for await (const { isControl, first, flags, body } of frames(transport)) {
      if (isControl) {
        await takeControl(first & 0xffff, flags, body);
        continue;
      }
      const stream = streams.get(first);
      if (body.length > 0) stream?.push(body);
      if (flags & finFlag) stream?.push(null);
    }
  } finally {
    for (const stream of streams.values()) stream.destroy();
    transport.destroy();
  }
}

interface Frame {
  isControl: boolean;
  first: number;
  flags: number;
  body: Buffer;
}

async function* frames(transport: Duplex): AsyncGenerator<Frame> {
  let held = Buffer.alloc(0);
  for await (const chunk of transport) {
    held = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
    while (held.length >= 8) {
      const length = held.readUIntBE(5, 3);
      if (held.length < 8 + length) break;
      const word = held.readUInt32BE(0);
      const isControl = word >= 0x80000000;
      yield { isControl, first: word & 0x7fffffff, flags: held[4]!, body: held.subarray(8, 8 + length) };
      held = held.subarray(8 + length);
    }
  }
}

function dataFrame(id: number, flags: number, data: Buffer): Buffer {
  return frame(id, flags, data);
}

function controlFrame(type: number, flags: number, body: Buffer): Buffer {
  return frame(0x80030000 + type, flags, body);
}

function frame(word: number, flags: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(word);
  head[4] = flags;
  head.writeUIntBE(body.length, 5, 3);
  return Buffer.concat([head, body]);
}
